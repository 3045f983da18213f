import { queueOf, type SendJob } from "../../core/job.ts";
import type { Concerns, SendResult } from "../../core/ports.ts";
import type { Facts } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { AckDelay } from "./ack-delay.ts";
import { createRateLimiter } from "./rate-limiter.ts";
import { createSendBreaker, type SendBreaker } from "./send-breaker.ts";

type Message = Pick<SendJob["message"], "id" | "from">;
/** A message, and how often it was refused for want of a right. */
interface Candidate extends Pick<SendJob, "refusals"> {
  message: Message;
}

/** Why messages are not sent now: none, or of `sender` none of one of the senders. */
export const PAUSE_REASONS = ["account", "unanswered", "throttled", "sender"] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/** How sending stands, for whoever looks. */
export interface SendingState {
  paused: readonly PauseReason[];
  /** Messages a second in force, and at the most. */
  rate: number;
  most: number;
}

/** Decides when the messages of one queue may be sent, from what became of those before them. */
export interface SendGate {
  /**
   * Reserves the next free slot, or for what is written in a chat one before it, and returns the milliseconds until
   * it; undefined when there is none within `maxWaitMs`.
   */
  reserve(job: Candidate, maxWaitMs: number, isChat?: boolean): number | undefined;
  /** Returns a slot that was not used. */
  giveBack(message: Message): void;
  /** Whether sending stopped after the slot was reserved. */
  isClosed(message: Message): boolean;
  /** The message is about to leave; what is returned takes the result. */
  begin(job: Candidate): (result: SendResult) => void;
  /** Whether messages like this one were taken since then: those of its sender, or of the account. */
  othersPassedSince(at: number, message: Message, concerns: Concerns): boolean;
  /** A status said "too fast" of a message that had been taken. */
  throttled(): void;
  /** Messages a second in force. */
  rate(): number;
  standing(): SendingState;
}

/** Several messages in a row, so that a single one stops nobody else. */
const REFUSED = { failuresToOpen: 3, pauseMs: 30_000 };
/** Longer than the pause: the probe is never the message that has just failed. */
const REFUSED_WAITS_MS = 35_000;
/**
 * An outage must cost no more than it takes to notice it, however long it lasts: in messages with an unknown outcome,
 * and in attempts, each of which has a claim in State, where nothing leaves.
 */
const UNANSWERED = { failuresToOpen: 5, pauseMs: 5_000, longestPauseMs: 60_000 };
/**
 * Answers have stopped coming: so many wait for one, and for so long there was none. Where Vonage takes a second to
 * answer there is still one every few milliseconds, from the first on. One more message is sent now and then, to see whether it is over.
 */
const STALLED = { unanswered: 5, afterMs: 500, probeMs: 3_000 };
/** Senders remembered: an SMS may name any. */
const MOST_SENDERS = 1_000;

const PAUSED = {
  account: {
    // Somebody has to act, even where there is but one message to wait.
    loudAt: 1,
    words:
      "Sending is paused, nothing is lost: Vonage refuses this account. Check its balance, its key and secret, and the application's private key",
  },
  sender: {
    loudAt: REFUSED.failuresToOpen,
    words:
      "Sending is paused for one sender, nothing is lost: Vonage does not let this account use it. Check that the number or sender name is linked to the application and allowed to send",
  },
  unanswered: {
    loudAt: UNANSWERED.failuresToOpen,
    words:
      "Sending is paused: Vonage cannot be reached, fails or does not answer. One message is tried now and then",
  },
};

export function createSendGate(maxRate: number, now: Clock, log: Log): SendGate {
  const rateLimiter = createRateLimiter(maxRate, now, log);
  const unanswered = createSendBreaker(UNANSWERED, now);
  const account = createSendBreaker(REFUSED, now);
  const senders = new Map<string, SendBreaker>();
  /** The starts of the sends under way, the oldest first. */
  const underWay = new Map<object, number>();
  let lastLeftAt = Number.NEGATIVE_INFINITY;
  let lastAnswerAt = Number.NEGATIVE_INFINITY;

  function senderOf({ from }: Message): SendBreaker {
    const breaker = senders.get(from) ?? createSendBreaker(REFUSED, now);
    senders.delete(from);
    senders.set(from, breaker);
    const [oldest] = senders.keys();
    if (senders.size > MOST_SENDERS && oldest !== undefined) senders.delete(oldest);
    return breaker;
  }

  const breakersOf = (message: Message) => [unanswered, account, senderOf(message)];

  function isStalled(): boolean {
    if (underWay.size < STALLED.unanswered) return false;
    const [oldest = 0] = underWay.values();
    return now() - Math.max(oldest, lastAnswerAt) > STALLED.afterMs && now() - lastLeftAt < STALLED.probeMs;
  }

  function pauses(): PauseReason[] {
    const reasons: Record<PauseReason, boolean> = {
      account: account.isOpen(),
      unanswered: unanswered.isOpen() || isStalled(),
      throttled: rateLimiter.isClosed(),
      sender: [...senders.values()].some((breaker) => breaker.isOpen()),
    };
    return PAUSE_REASONS.filter((reason) => reasons[reason]);
  }

  function works(...breakers: SendBreaker[]): void {
    const wereOpen = breakers.map((breaker) => breaker.succeeded());
    if (wereOpen.includes(true)) {
      log.warn({ rate: rateLimiter.rate() }, "Sending goes on: Vonage accepts messages again");
    }
  }

  /** Told once, when so many have failed in a row. */
  function fails(breaker: SendBreaker, about: keyof typeof PAUSED, { id }: Message, facts: Facts): void {
    const { loudAt, words } = PAUSED[about];
    if (breaker.failed() === loudAt) log.error({ msg_id: id, ...facts }, words);
  }

  function judge({ message, refusals }: Candidate, result: SendResult, startedAt: number): void {
    if (result.outcome !== "unknown" && result.outcome !== "transient") lastAnswerAt = now();
    switch (result.outcome) {
      case "accepted":
      case "refused":
        works(...breakersOf(message));
        return;
      case "throttled":
        works(unanswered);
        rateLimiter.throttled(result.retryAfterSeconds);
        return;
      case "account": {
        works(unanswered);
        const breaker = result.concerns === "account" ? account : senderOf(message);
        // It failed before, and others did not: its refusal says nothing of theirs.
        const isItsOwn = refusals && breaker.workedAt() > refusals.at;
        if (!isItsOwn) fails(breaker, result.concerns, message, result.facts);
        return;
      }
      case "transient":
      case "unknown":
        // An answer that came since says more of how things stand.
        if (lastAnswerAt <= startedAt) fails(unanswered, "unanswered", message, result.facts);
        return;
    }
  }

  return {
    rate: rateLimiter.rate,
    standing: () => ({ paused: pauses(), rate: rateLimiter.rate(), most: maxRate }),
    throttled: () => rateLimiter.throttled(),
    reserve({ message, refusals }, maxWaitMs, isChat) {
      if (refusals && now() < refusals.at + REFUSED_WAITS_MS) return undefined;
      const breakers = breakersOf(message);
      if (isStalled() || !breakers.every((breaker) => breaker.letsPass())) return undefined;
      const wait = rateLimiter.reserve(maxWaitMs, isChat);
      if (wait !== undefined) for (const breaker of breakers) breaker.passes(message.id);
      return wait;
    },
    giveBack(message) {
      rateLimiter.giveBack();
      for (const breaker of breakersOf(message)) breaker.giveBack(message.id);
    },
    isClosed: (message) =>
      rateLimiter.isClosed() ||
      isStalled() ||
      breakersOf(message).some((breaker) => breaker.isClosedTo(message.id)),
    begin(job) {
      const send = {};
      const startedAt = now();
      lastLeftAt = startedAt;
      underWay.set(send, startedAt);
      return (result) => {
        underWay.delete(send);
        for (const breaker of breakersOf(job.message)) breaker.ended(job.message.id);
        judge(job, result, startedAt);
      };
    },
    othersPassedSince: (at, message, concerns) =>
      (concerns === "account" ? account : senderOf(message)).workedAt() > at,
  };
}

/** How often a delivery that waits looks for a slot: what stopped sending may end any moment. */
const LOOK_AGAIN_MS = 500;

/** Waits for a slot; false when none came within reach, and the message has to wait in the queue. */
export async function waitForSlot(job: SendJob, gate: SendGate, ackDelay: AckDelay): Promise<boolean> {
  const isChat = queueOf(job) === "chat";
  for (;;) {
    const ms = gate.reserve(job, ackDelay.hasRoom() ? ackDelay.longest() : 0, isChat);
    if (ms === 0) return true;
    if (ms !== undefined) {
      if ((await ackDelay.wait(ms)) && !gate.isClosed(job.message)) return true;
      gate.giveBack(job.message);
      return false;
    }
    const left = ackDelay.longest();
    if (left <= 0 || !(await ackDelay.wait(Math.min(LOOK_AGAIN_MS, left)))) return false;
  }
}
