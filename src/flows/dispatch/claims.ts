import type { SendJob } from "../../core/job.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { claimBucket, claimBucketBeside, messageField } from "../../core/state-keys.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";

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
  /**
   * The first to ask owns the attempt. Rejects when State is down: then nobody may send; `detail.token` is to be
   * kept in the job when State may have counted the claim without an answer.
   */
  take(job: SendJob): Promise<Claim>;
  phase(message: OutboundMessage): Promise<string | null>;
  /**
   * Whether it is certain that nobody sent this attempt: its first claims were those of this job that State did not
   * answer, and somebody else's came right after them. False when that is not known (yet).
   */
  isUnsent(job: Pick<SendJob, "message" | "attempt" | "unanswered">): Promise<boolean>;
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

/** Sums of many tokens stay whole numbers. */
const TOKENS = 2 ** 40;

export function createClaims(state: State, log: Log): Claims {
  const fieldOf = (message: OutboundMessage) => messageField(message.origin, message.id);
  const phase = (message: OutboundMessage) => state.read(claimBucket(message.acceptedAt), fieldOf(message));
  const settle = (message: OutboundMessage, to: Phase) =>
    state.write(claimBucket(message.acceptedAt), fieldOf(message), to);
  /** Left by a claim that was lost: the sum of those before it, which may be all of one job that did not send. */
  const traceField = ({ message, attempt }: Pick<SendJob, "message" | "attempt">, before: number) =>
    `${fieldOf(message)}#${attempt}@${before}`;

  function write(message: OutboundMessage, work: Promise<void>, about: object): void {
    work.catch((error) =>
      log.warn({ msg_id: message.id, ...about, ...loggableError(error) }, "Phase not remembered"),
    );
  }

  return {
    phase,
    settle,
    async isUnsent(job) {
      const bucket = claimBucket(job.message.acceptedAt);
      const own = sumsOf(job.unanswered ?? []).filter((sum) => sum > 0);
      const traces = await Promise.all(own.map((sum) => state.read(bucket, traceField(job, sum))));
      return traces.some((trace) => trace !== null);
    },
    async take({ attempt, message, unanswered = [] }) {
      // The same request repeated by the platform across the turn of a bucket has its claim in the one beside.
      // Asked first: when the answer cannot be had, the attempt must not have been claimed.
      const beside = attempt === 1 ? claimBucketBeside(message.acceptedAt) : undefined;
      const repeated = beside && (await state.read(beside, `${fieldOf(message)}#1`));
      if (repeated) return { won: false, phase: "sent" };
      // A number of its own tells this claim from everybody else's in the sum.
      const token = 1 + Math.floor(Math.random() * TOKENS);
      const sum = await state
        .increment(claimBucket(message.acceptedAt), `${fieldOf(message)}#${attempt}`, token)
        .catch((cause) => {
          throw new ConnectorError("claim_unanswered", "State did not answer the claim", {
            retryable: true,
            detail: { token },
            cause,
          });
        });
      // Nobody has counted but this very job, which surely did not send before.
      if (sumsOf(unanswered).includes(sum - token)) return { won: true };
      const known = await phase(message);
      if (fateOf(attempt, known) === "open") {
        const trace = traceField({ message, attempt }, sum - token);
        write(message, state.write(claimBucket(message.acceptedAt), trace, "lost"), { attempt });
      }
      return { won: false, phase: known };
    },
    mark: (message, to) => write(message, settle(message, to), { phase: to }),
  };
}

/** What any of the tokens add up to; of none, zero. */
const sumsOf = (tokens: readonly number[]): number[] =>
  tokens.reduce((sums, token) => sums.flatMap((sum) => [sum, sum + token]), [0]);
