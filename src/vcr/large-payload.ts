import { expiryOf, idOf, type Job, type OffloadedJob, queueOf } from "../core/job.ts";
import { isChat, type OffloadedMessage, type OutboundMessage } from "../core/message.ts";
import type { OffloadedContent, State } from "../core/ports.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { JobSigner, SignedJob } from "./job-signer.ts";

export interface LargePayloads {
  /**
   * Keeps a job in State, and makes the one that goes on the queue in its place: of a message all but its content, so
   * that its claim is read before it, and so that putting it back makes no second copy. Rejects when State is down.
   */
  offload(job: Job, signed: SignedJob): Promise<Job>;
  /** Rejects as `JobSigner.verify` throws for content that this connector did not make or cannot read. */
  load(key: string): Promise<OffloadedContent>;
  /** When it is settled; what nobody settles expires. */
  discard(key: string): Promise<void>;
}

const LONGEST_LOGGED_ID = 100;
/** An id that would itself be too large stays behind with the content. */
const LONGEST_QUEUED_ID = 500;

/** How long a copy outlives its job: until nobody can deliver that any more. */
const SECONDS_MORE = 24 * 3_600;

/** Jobs over the queue's payload limit are kept in State. */
export function createLargePayloads(
  state: State,
  signer: JobSigner,
  { now, uuid }: Pick<Runtime, "now" | "uuid">,
): LargePayloads {
  function ttlOf(job: Job): number {
    const leftMs = job.kind === "offloaded" ? 0 : expiryOf(job) - now();
    return Math.max(0, Math.ceil(leftMs / 1_000)) + SECONDS_MORE;
  }

  return {
    discard: (key) => state.deleteKey(key),
    async offload(job, signed) {
      const key = `job:${uuid()}`;
      await state.setKey(key, JSON.stringify(signed), ttlOf(job));
      if (
        (job.kind === "send" || job.kind === "unknown-outcome") &&
        !("contentKey" in job.message) &&
        job.message.id.length <= LONGEST_QUEUED_ID
      ) {
        return { ...job, message: withoutContent(job.message, key) };
      }
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

function withoutContent(message: OutboundMessage, contentKey: string): OffloadedMessage {
  const { id, origin, channel, from, to, acceptedAt, expiresAt, purpose } = message;
  const envelope = { id, origin, channel, from, to, acceptedAt, expiresAt, purpose };
  return { ...envelope, contentKey, ...(isChat(message) ? { isChat: true } : {}) };
}

function reportable(job: Job): OffloadedJob["message"] {
  if (job.kind !== "report" || job.report.id.length > LONGEST_QUEUED_ID) return undefined;
  const { id, origin, channel, to } = job.report;
  return { id, origin, channel, to };
}
