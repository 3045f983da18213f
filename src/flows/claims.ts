import type { SendJob } from "../core/job.ts";
import { claimBucket, claimBucketBefore, messageField } from "../core/keys.ts";
import type { OutboundMessage } from "../core/message.ts";
import type { Log, State } from "../core/ports.ts";
import { loggableError } from "../errors.ts";

/**
 * How far a message is known to have come. `released:<attempt>`: that attempt surely did not send and was put
 * back as the next one. `doubt:<attempt>`: that attempt may have sent.
 */
export type Phase = "sent" | "refused" | `released:${number}` | `doubt:${number}`;

export type Claim =
  | { won: true }
  /** Somebody else has this attempt; `phase` is null while nothing is known of how it went. */
  | { won: false; phase: string | null };

export interface Claims {
  /** The first to ask owns the attempt. Rejects when State is down: then nobody may send. */
  take(job: SendJob): Promise<Claim>;
  phase(message: OutboundMessage): Promise<string | null>;
  /** Written in batches, not waited for. */
  mark(message: OutboundMessage, phase: Phase): void;
  /** As `mark`, and resolves when it is written. */
  settle(message: OutboundMessage, phase: Phase): Promise<void>;
}

/**
 * What a phase tells of one attempt. `over`: the message is settled, or a later attempt has it. `released`: the
 * attempt did not send. `open`: nobody knows, and what is known of the attempts before it does not help.
 */
export function fateOf(attempt: number, phase: string | null): "over" | "released" | "open" {
  if (phase === null) return "open";
  const [word, of = Number.POSITIVE_INFINITY] = phase.split(":");
  if (Number(of) > attempt) return "over";
  return word === "released" && Number(of) === attempt ? "released" : "open";
}

export function createClaims(state: State, log: Log): Claims {
  const fieldOf = (message: OutboundMessage) => messageField(message.origin, message.id);
  const phase = (message: OutboundMessage) => state.read(claimBucket(message.acceptedAt), fieldOf(message));
  const settle = (message: OutboundMessage, to: Phase) =>
    state.write(claimBucket(message.acceptedAt), fieldOf(message), to);

  return {
    phase,
    settle,
    async take({ attempt, message }) {
      // The same request repeated by the platform across the turn of a bucket has its claim in the one before.
      // Asked first: when the answer cannot be had, the attempt must not have been claimed.
      const before = attempt === 1 ? claimBucketBefore(message.acceptedAt) : undefined;
      const repeated = before && (await state.read(before, `${fieldOf(message)}#1`));
      if (repeated) return { won: false, phase: "sent" };
      const owners = await state.increment(claimBucket(message.acceptedAt), `${fieldOf(message)}#${attempt}`);
      return owners === 1 ? { won: true } : { won: false, phase: await phase(message) };
    },
    mark(message, to) {
      settle(message, to).catch((error) =>
        log.warn({ msg_id: message.id, phase: to, ...loggableError(error) }, "Phase not remembered"),
      );
    },
  };
}
