import type { SendJob } from "../../core/job.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { claimBucket, claimBucketBeside, messageField } from "../../core/state-keys.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { fateOf, formatPhase, type Phase, parsePhase } from "./phase.ts";

export type Claim =
  | { outcome: "won" }
  /** Somebody else has this attempt; without a phase nothing is known of how it went. */
  | { outcome: "lost"; phase: Phase | undefined }
  /**
   * State is down: nobody may send. The job has to remember the token, where there is one, since State may have
   * counted the claim all the same.
   */
  | { outcome: "unanswered"; token?: number; error: unknown };

/** What tells one attempt from another, and the claims of this job that State did not answer. */
export type Attempt = Pick<SendJob, "message" | "attempt" | "unanswered">;

export interface Claims {
  /** The first to ask owns the attempt. Never rejects. */
  claim(attempt: Attempt): Promise<Claim>;
  /** How far a message is known to have come. */
  phase(message: OutboundMessage): Promise<Phase | undefined>;
  /**
   * Whether it is certain that nobody sent this attempt: its first claims were those of this job that State did not
   * answer, and somebody else's came right after them. False when that is not known (yet).
   */
  isUnsent(attempt: Attempt): Promise<boolean>;
  /** Written in batches, not waited for. */
  mark(message: OutboundMessage, phase: Phase): void;
  /** As `mark`, and resolves when it is written. */
  settle(message: OutboundMessage, phase: Phase): Promise<void>;
}

/** Sums of many tokens stay whole numbers. */
const TOKENS = 2 ** 40;

export function createClaims(state: State, log: Log): Claims {
  const bucketOf = (message: OutboundMessage) => claimBucket(message.acceptedAt);
  const fieldOf = (message: OutboundMessage) => messageField(message.origin, message.id);
  const counterOf = ({ message, attempt }: Attempt) => `${fieldOf(message)}#${attempt}`;
  /** Left by a claim that was lost: the sum of those before it, which may be all of one job that did not send. */
  const traceOf = (attempt: Attempt, before: number) => `${counterOf(attempt)}@${before}`;

  const phase = async (message: OutboundMessage) =>
    parsePhase(await state.read(bucketOf(message), fieldOf(message)));
  const settle = (message: OutboundMessage, phase: Phase) =>
    state.write(bucketOf(message), fieldOf(message), formatPhase(phase));

  function unwaited(work: Promise<void>, message: OutboundMessage, about: object): void {
    work.catch((error) =>
      log.warn({ msg_id: message.id, ...about, ...loggableError(error) }, "Phase not remembered"),
    );
  }

  /** The same request repeated by the platform across the edge of a bucket has its claim in the one beside. */
  async function isClaimedBeside({ message, attempt }: Attempt): Promise<boolean> {
    const beside = attempt === 1 ? claimBucketBeside(message.acceptedAt) : undefined;
    return beside !== undefined && (await state.read(beside, `${fieldOf(message)}#1`)) !== null;
  }

  async function claim(attempt: Attempt): Promise<Claim> {
    const { message, unanswered = [] } = attempt;
    // Asked first: when the answer cannot be had, the attempt must not have been claimed.
    if (await isClaimedBeside(attempt)) return { outcome: "lost", phase: { is: "sent" } };
    // A number of its own tells this claim from everybody else's in the sum.
    const token = 1 + Math.floor(Math.random() * TOKENS);
    let sum: number;
    try {
      sum = await state.increment(bucketOf(message), counterOf(attempt), token);
    } catch (cause) {
      const options = { retryable: true, detail: { token }, cause };
      const error = new ConnectorError("claim_unanswered", "State did not answer the claim", options);
      return { outcome: "unanswered", token, error };
    }
    // Nobody has counted but this very job, which surely did not send before.
    if (sumsOf(unanswered).includes(sum - token)) return { outcome: "won" };
    const known = await phase(message);
    if (fateOf(attempt.attempt, known) === "open") {
      const trace = state.write(bucketOf(message), traceOf(attempt, sum - token), "lost");
      unwaited(trace, message, { attempt: attempt.attempt });
    }
    return { outcome: "lost", phase: known };
  }

  return {
    phase,
    settle,
    claim: (attempt) => claim(attempt).catch((error): Claim => ({ outcome: "unanswered", error })),
    async isUnsent(attempt) {
      const own = sumsOf(attempt.unanswered ?? []).filter((sum) => sum > 0);
      const traces = await Promise.all(
        own.map((sum) => state.read(bucketOf(attempt.message), traceOf(attempt, sum))),
      );
      return traces.some((trace) => trace !== null);
    },
    mark: (message, phase) => unwaited(settle(message, phase), message, { phase: formatPhase(phase) }),
  };
}

/** What any of the tokens add up to; of none, zero. */
const sumsOf = (tokens: readonly number[]): number[] =>
  tokens.reduce((sums, token) => sums.flatMap((sum) => [sum, sum + token]), [0]);
