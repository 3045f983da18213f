import { randomUUID } from "node:crypto";
import { idOf, type Job, type OffloadedJob, queueOf } from "../core/job.ts";
import type { OffloadedContent, State } from "../core/ports.ts";
import type { JobSigner, SignedJob } from "./job-signer.ts";

export interface LargePayloads {
  /** Keeps a job in State, and makes the one that stands for it on the queue. Rejects when State is down. */
  offload(job: Job, signed: SignedJob): Promise<OffloadedJob>;
  /** Rejects as `JobSigner.verify` throws for content that this connector did not make or cannot read. */
  load(key: string): Promise<OffloadedContent>;
}

const LONGEST_LOGGED_ID = 100;
const LONGEST_REPORTABLE_ID = 500;

/** Jobs over the queue's payload limit are kept in State. `ttlSeconds` must be longer than a message lives. */
export function createLargePayloads(state: State, signer: JobSigner, ttlSeconds: number): LargePayloads {
  return {
    async offload(job, signed) {
      const key = `job:${randomUUID()}`;
      await state.setKey(key, JSON.stringify(signed), ttlSeconds);
      return {
        kind: "offloaded",
        attempt: job.attempt,
        queue: queueOf(job),
        id: idOf(job).slice(0, LONGEST_LOGGED_ID),
        key,
        message: reportable(job),
      };
    },
    async load(key) {
      let kept: unknown;
      try {
        const text = await state.getKey(key);
        if (text === null) return { outcome: "gone" };
        kept = JSON.parse(text);
      } catch {
        return { outcome: "state-down" };
      }
      return { outcome: "found", job: signer.verify(kept) };
    },
  };
}

/** What a report of the message inside needs; an id that would itself be too large stays behind. */
function reportable(job: Job): OffloadedJob["message"] {
  if (job.kind !== "send" || job.message.id.length > LONGEST_REPORTABLE_ID) return undefined;
  const { id, origin, channel, to } = job.message;
  return { id, origin, channel, to };
}
