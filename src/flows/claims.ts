import type { SendJob } from "../core/job.ts";
import { claimBucket, messageField } from "../core/keys.ts";
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

const HOUR_MS = 3_600_000;

export function createClaims(state: State, log: Log): Claims {
  const fieldOf = (message: OutboundMessage) => messageField(message.origin, message.id);
  const phase = (message: OutboundMessage) => state.read(claimBucket(message.acceptedAt), fieldOf(message));
  const settle = (message: OutboundMessage, to: Phase) =>
    state.write(claimBucket(message.acceptedAt), fieldOf(message), to);

  return {
    phase,
    settle,
    async take({ attempt, message }) {
      const bucket = claimBucket(message.acceptedAt);
      const owners = await state.increment(bucket, `${fieldOf(message)}#${attempt}`);
      if (owners > 1) return { won: false, phase: await phase(message) };
      // The same request repeated by the platform across the turn of an hour has its claim in the bucket before.
      const repeated =
        attempt === 1 &&
        (await state.read(claimBucket(message.acceptedAt - HOUR_MS), `${fieldOf(message)}#1`));
      return repeated ? { won: false, phase: "sent" } : { won: true };
    },
    mark(message, to) {
      settle(message, to).catch((error) =>
        log.warn({ msg_id: message.id, phase: to, ...loggableError(error) }, "Phase not remembered"),
      );
    },
  };
}
