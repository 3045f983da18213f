import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

export interface RateLimiter {
  /** Reserves the next free slot and returns the milliseconds until it; undefined when that is longer than `maxWaitMs`. */
  reserve(maxWaitMs: number): number | undefined;
  /** Returns a slot that was not used. */
  giveBack(): void;
  /** The vendor said "too fast": halves the rate, at most once a second, and obeys `retryAfterSeconds`. */
  throttled(retryAfterSeconds?: number): void;
  /**
   * Nothing can be sent: one message is let through every `probeMs`, until one succeeds. True when sending was
   * not paused before.
   */
  paused(probeMs: number): boolean;
  /**
   * Nobody knows what became of a message. After several in a row sending is paused as by `paused`: true then.
   * An outage must leave no more messages with an unknown outcome than it takes to notice it.
   */
  unanswered(): boolean;
  /** The vendor took a message, or refused it for its own fault: the account can send. */
  succeeded(): void;
  /** Whether sending stopped after a slot was reserved. */
  isClosed(): boolean;
  /** Messages a second in force. */
  rate(): number;
}

const FLOOR = 1;
/** Idle time is worth this much burst, so that timers firing late do not lower the rate. */
const BURST_MS = 100;
const RECOVERY_MS = 1_000;
const RECOVERY_SHARE = 0.05;
const UNANSWERED_TO_PAUSE = 5;
const UNANSWERED_PROBE_MS = 5_000;

/** Spaces sends evenly at `maxRate` a second, slows down when throttled, and recovers step by step. */
export function createRateLimiter(maxRate: number, now: Clock, log: Log): RateLimiter {
  let rate = maxRate;
  let nextAt = 0;
  let slowedAt = Number.NEGATIVE_INFINITY;
  let recoveredAt = 0;
  let closedUntil = 0;
  let unansweredInARow = 0;
  /** Set while paused: the time between probes. */
  let probeMs: number | undefined;

  function change(to: number, reason: string): void {
    if (to === rate) return;
    log.warn({ before: round(rate), rate: round(to), max: maxRate, reason }, "Sending rate changed");
    rate = to;
  }

  function recover(at: number): void {
    if (rate >= maxRate || at < closedUntil || at - recoveredAt < RECOVERY_MS) return;
    recoveredAt = at;
    change(Math.min(maxRate, rate + Math.max(1, maxRate * RECOVERY_SHARE)), "recovering");
  }

  function pause(betweenProbesMs: number): boolean {
    const isNew = probeMs === undefined;
    probeMs = betweenProbesMs;
    closedUntil = Math.max(closedUntil, now() + betweenProbesMs);
    return isNew;
  }

  return {
    rate: () => rate,
    reserve(maxWaitMs) {
      const at = now();
      if (probeMs !== undefined) {
        if (at < closedUntil) return undefined;
        closedUntil = at + probeMs;
        return 0;
      }
      recover(at);
      const slot = Math.max(nextAt, at - BURST_MS, closedUntil);
      if (slot - at > maxWaitMs) return undefined;
      nextAt = slot + 1_000 / rate;
      return Math.max(0, slot - at);
    },
    giveBack() {
      if (probeMs === undefined) nextAt -= 1_000 / rate;
      else closedUntil = now();
    },
    throttled(retryAfterSeconds) {
      const at = now();
      recoveredAt = at;
      if (retryAfterSeconds) closedUntil = Math.max(closedUntil, at + retryAfterSeconds * 1_000);
      if (at - slowedAt < 1_000) return;
      slowedAt = at;
      change(Math.max(FLOOR, rate / 2), "throttled");
    },
    isClosed: () => closedUntil - now() > BURST_MS,
    paused: pause,
    unanswered() {
      unansweredInARow++;
      return unansweredInARow >= UNANSWERED_TO_PAUSE && pause(UNANSWERED_PROBE_MS);
    },
    succeeded() {
      unansweredInARow = 0;
      if (probeMs === undefined) return;
      probeMs = undefined;
      closedUntil = 0;
      log.warn({ rate: round(rate) }, "Sending goes on: Vonage accepts messages again");
    },
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
