import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../random.ts";
import {
  type AcceptedMessage,
  planLife,
  type StatusName,
  type Step,
  statusBody,
  type Traffic,
} from "./lifecycle.ts";
import type { Signing, WebhookRecord, Webhooks } from "./webhooks.ts";

export interface StatusSender {
  /** Plays a message's life; resolves when its send may be answered, which is at once unless a status goes first. */
  play(message: AcceptedMessage): Promise<void>;
  /** Sends one status now; `overrides` replace fields of the body. Throws when there is no URL to send it to. */
  send(message: AcceptedMessage, status: StatusName, overrides?: object, signing?: Signing): WebhookRecord;
  /** Statuses that are still to come. */
  scheduled(): number;
  stop(): void;
}

/** Longest wait for a status that overtakes the answer to its send. */
const OVERTAKE_MS = 250;

/** The same statuses at the same moments, with the first two told in the wrong order. */
function swapFirstTwo(steps: Step[]): { step: Step; sendAfterMs: number }[] {
  const times = steps.map(({ afterMs }) => afterMs);
  const [first, second] = times;
  if (first !== undefined && second !== undefined) times.splice(0, 2, second, first);
  return steps.map((step, index) => ({ step, sendAfterMs: times[index] ?? step.afterMs }));
}

export function createStatusSender(deps: {
  webhooks: Webhooks;
  random: Random;
  traffic(): Traffic;
  statusUrl(): string | undefined;
}): StatusSender {
  const { webhooks, random } = deps;
  const timers = new Set<NodeJS.Timeout>();

  const pickSigning = (): Signing => {
    const { unsignedShare, wrongSignatureShare } = deps.traffic();
    if (random.chance(wrongSignatureShare)) return "wrong";
    return random.chance(unsignedShare) ? "unsigned-first" : "good";
  };

  const later = (ms: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  };

  const emit = (message: AcceptedMessage, step: Step, signing: Signing) => {
    const url = message.request.webhook_url ?? deps.statusUrl();
    // Without any URL Vonage tells nobody.
    if (url === undefined) return undefined;
    const body = statusBody(message, step.status, {
      at: message.at + step.afterMs,
      error: step.error,
      random,
    });
    if (random.chance(deps.traffic().doubleShare)) later(5, () => webhooks.send("status", url, body));
    return webhooks.send("status", url, body, signing);
  };

  return {
    async play(message) {
      const traffic = deps.traffic();
      if (!traffic.statuses) return;
      const steps = planLife(message.request.channel, traffic, random);
      const plan = random.chance(traffic.shuffleShare)
        ? swapFirstTwo(steps)
        : steps.map((step) => ({ step, sendAfterMs: step.afterMs }));
      const overtaking = random.chance(traffic.beforeAnswerShare) ? plan.shift() : undefined;
      for (const { step, sendAfterMs } of plan) later(sendAfterMs, () => emit(message, step, pickSigning()));
      if (overtaking === undefined) return;
      const record = emit(message, overtaking.step, pickSigning());
      const deadline = Date.now() + OVERTAKE_MS;
      while (record !== undefined && record.attempts.length === 0 && Date.now() < deadline) await sleep(2);
    },
    send(message, status, overrides = {}, signing = "good") {
      const url = message.request.webhook_url ?? deps.statusUrl();
      if (url === undefined) throw new Error("neither the message nor the application has a status URL");
      const body = { ...statusBody(message, status, { at: Date.now(), random }), ...overrides };
      return webhooks.send("status", url, body, signing);
    },
    scheduled: () => timers.size,
    stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
