import type { SendJob } from "../../core/job.ts";
import type { QueuedMessage } from "../../core/message.ts";
import type { Bucket, State } from "../../core/ports.ts";
import { claimBuckets, messageField } from "../../core/state-keys.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Runtime } from "../../lib/runtime.ts";
import { createRecent } from "../insight/recent.ts";
import { type Fate, fateOf, formatPhase, type Phase, parsePhase } from "./phase.ts";

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
  /** What is known of an attempt, whoever owns it. */
  fate(attempt: Attempt): Promise<Fate>;
  /**
   * Whether it is certain that nobody sent this attempt: its first claims were those of this job that State did not
   * answer, and somebody else's came right after them. False when that is not known (yet).
   */
  isUnsent(attempt: Attempt): Promise<boolean>;
  /** From now on nobody can win this attempt: something else is done about the message. */
  close(attempt: Attempt): Promise<void>;
  /** Written in batches. Resolves to whether it is, and never rejects: nobody need wait for it. */
  mark(message: QueuedMessage, phase: Phase): Promise<boolean>;
  /** As `mark`, and rejects when it is not written. */
  settle(message: QueuedMessage, phase: Phase): Promise<void>;
}

/** Attempts of which this process remembers that it left a trace. */
const TRACED = 1_000;
/** Sums of many tokens stay whole numbers. */
const TOKENS = 2 ** 40;

/**
 * A message is claimed in one bucket or, where a copy of it may have its claim in the half day before, in two: in
 * that one first, and it is won in both or not at all. Two copies meet in one of them, in the same order, so exactly
 * one of them is sent. The owner's phase stands in every bucket that it won; whoever loses reads it where it lost.
 */
export function createClaims(
  state: State,
  { random, now }: Pick<Runtime, "random" | "now">,
  log: Log,
): Claims {
  const newToken = () => 1 + Math.floor(random() * TOKENS);
  const bucketsOf = ({ acceptedAt }: QueuedMessage) => claimBuckets(acceptedAt);
  const fieldOf = (message: QueuedMessage) => messageField(message.origin, message.id);
  const counterOf = ({ message, attempt }: Attempt) => `${fieldOf(message)}#${attempt}`;
  /** Left by a claim that was lost: the sum of those before it, which may be all of one job that did not send. */
  const traceOf = (attempt: Attempt, before: number) => `${counterOf(attempt)}@${before}`;

  const traced = createRecent<true>(TRACED);
  const tracedName = (bucket: Bucket, attempt: Attempt) => `${bucket.key} ${counterOf(attempt)}`;

  async function leaveTrace(bucket: Bucket, attempt: Attempt, before: number): Promise<void> {
    const written = state.write(bucket, traceOf(attempt, before), "lost");
    if (await isWritten(written, attempt.message, { attempt: attempt.attempt }))
      traced.set(tracedName(bucket, attempt), true);
  }

  /** A number of its own tells this claim from everybody else's in the sum. Resolves to what had been counted before. */
  async function count(bucket: Bucket, attempt: Attempt, token: number): Promise<number> {
    return (await state.increment(bucket, counterOf(attempt), token)) - token;
  }

  const phaseIn = async (bucket: Bucket, message: QueuedMessage) =>
    parsePhase(await state.read(bucket, fieldOf(message)));

  /** In the order of the claims: who loses in the first one must not find nothing there when the second one has it. */
  async function settle(message: QueuedMessage, phase: Phase): Promise<void> {
    const text = formatPhase(phase, now());
    for (const bucket of bucketsOf(message)) await state.write(bucket, fieldOf(message), text);
  }

  async function isWritten(work: Promise<void>, message: QueuedMessage, about: object): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      log.warn({ msg_id: message.id, ...about, ...loggableError(error) }, "Phase not remembered");
      return false;
    }
  }

  async function claimIn(
    buckets: readonly Bucket[],
    attempt: Attempt,
    token: number,
  ): Promise<Exclude<Claim, { outcome: "unanswered" }>> {
    const { message, unanswered = [] } = attempt;
    for (const bucket of buckets) {
      // Whoever left a trace before this claim is counted stands in its sum, which is then of no job alone: a trace of
      // it would prove nothing, and a message that comes again and again must not fill State with them.
      const isTraced = traced.get(tracedName(bucket, attempt));
      const before = await count(bucket, attempt, token);
      // Nobody has counted but this very job, which surely did not send before.
      if (sumsOf(unanswered).includes(before)) continue;
      const phase = await phaseIn(bucket, message);
      if (!isTraced && fateOf(attempt.attempt, phase) === "open") void leaveTrace(bucket, attempt, before);
      return { outcome: "lost", phase };
    }
    return { outcome: "won" };
  }

  async function hasTrace(bucket: Bucket, attempt: Attempt, sums: readonly number[]): Promise<boolean> {
    const traces = await Promise.all(sums.map((sum) => state.read(bucket, traceOf(attempt, sum))));
    return traces.some((trace) => trace !== null);
  }

  return {
    settle,
    async claim(attempt) {
      const token = newToken();
      try {
        return await claimIn(bucketsOf(attempt.message), attempt, token);
      } catch (cause) {
        const options = { retryable: true, detail: { token }, cause };
        const error = new ConnectorError("claim_unanswered", "State did not answer the claim", options);
        return { outcome: "unanswered", token, error };
      }
    },
    async fate({ message, attempt }) {
      const phases = await Promise.all(bucketsOf(message).map((bucket) => phaseIn(bucket, message)));
      const fates = phases.map((phase) => fateOf(attempt, phase));
      return (["over", "released"] as const).find((fate) => fates.includes(fate)) ?? "open";
    },
    async isUnsent(attempt) {
      const own = sumsOf(attempt.unanswered ?? []);
      const sums = own.filter((sum) => sum > 0);
      const [first, second] = bucketsOf(attempt.message) as [Bucket, Bucket?];
      // Whoever counts there has won the first bucket.
      if (second && (await hasTrace(second, attempt, sums))) return true;
      if (!(await hasTrace(first, attempt, sums))) return false;
      if (!second) return true;
      // A copy accepted later asks for the second alone. The same number each time, so that asking again finds it.
      const token = attempt.unanswered?.[0] ?? 0;
      const before = await count(second, attempt, token);
      return own.some((sum) => before >= sum && (before - sum) % token === 0);
    },
    async close(attempt) {
      // The first one was won or lost before.
      for (const bucket of bucketsOf(attempt.message).slice(1)) await count(bucket, attempt, newToken());
    },
    mark: (message, phase) => isWritten(settle(message, phase), message, { phase: formatPhase(phase) }),
  };
}

/** What any of the tokens add up to; of none, zero. */
const sumsOf = (tokens: readonly number[]): number[] =>
  tokens.reduce((sums, token) => sums.flatMap((sum) => [sum, sum + token]), [0]);
