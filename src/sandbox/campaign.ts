import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./post.ts";

/** What became of one request. */
export interface Sent {
  result: "accepted" | "refused" | "again";
  /** The platform's id of the message, or the one that the connector answered. */
  id?: string;
  outcome: Outcome;
}

export interface CampaignResult {
  offered: number;
  accepted: number;
  refused: number;
  /** Requests repeated after 429, 5xx or no answer; messages given up after all of them. */
  retries: number;
  gaveUp: number;
  ms: number;
}

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;

/** Offers `count` messages at `rate` per second, and repeats politely what was not taken, up to `tries` times. */
export async function runCampaign(options: {
  count: number;
  rate: number;
  tries: number;
  /** Before each repetition; where the vendor tells none, a doubling back-off. */
  waitsMs?: readonly number[];
  /** Sends message number n; called again for a repetition. */
  send(n: number): Promise<Sent>;
  onProgress?: ((result: CampaignResult) => void) | undefined;
}): Promise<CampaignResult> {
  const { count, rate, tries, waitsMs = [], send } = options;
  const result: CampaignResult = { offered: 0, accepted: 0, refused: 0, retries: 0, gaveUp: 0, ms: 0 };
  const startedAt = performance.now();

  const offer = async (n: number) => {
    for (let attempt = 1; ; attempt += 1) {
      const { result: verdict } = await send(n);
      if (verdict !== "again") {
        result[verdict] += 1;
        return;
      }
      if (attempt === tries) break;
      result.retries += 1;
      await sleep(waitsMs[attempt - 1] ?? Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS));
    }
    result.gaveUp += 1;
  };

  const running: Promise<void>[] = [];
  while (result.offered < count) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1);
    while (result.offered < due) {
      running.push(offer(result.offered));
      result.offered += 1;
    }
    options.onProgress?.(result);
    if (result.offered < count) await sleep(5);
  }
  await Promise.all(running);
  result.ms = Math.round(performance.now() - startedAt);
  return result;
}
