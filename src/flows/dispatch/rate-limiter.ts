import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

export interface RateLimiter {
  /**
   * Reserves the next free slot and returns the milliseconds until it; undefined when that is longer than `maxWaitMs`.
   * What goes `ahead` has a slot at once, and whoever asks later waits so much longer.
   */
  reserve(maxWaitMs: number, ahead?: boolean): number | undefined;
  /** Returns a slot that was not used. */
  giveBack(): void;
  /**
   * The vendor said "too fast": halves the rate, at most once a second. `retryAfterSeconds` is obeyed up to a minute;
   * the first message after it goes alone, to see whether it is over.
   */
  throttled(retryAfterSeconds?: number): void;
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
/** Longer than that is no advice: some give it in milliseconds. */
const LONGEST_WAIT_SECONDS = 60;
/** The vendor has answered the first message after a stop by then. */
const PROBE_MS = 1_000;

/** Spaces sends evenly at `maxRate` a second, slows down when throttled, and recovers step by step. */
export function createRateLimiter(maxRate: number, now: Clock, log: Log): RateLimiter {
  let rate = maxRate;
  let nextAt = 0;
  let slowedAt = Number.NEGATIVE_INFINITY;
  let recoveredAt = 0;
  let closedUntil = 0;
  let isProbeDue = false;

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

  function stop(at: number, seconds: number): void {
    if (at >= closedUntil) {
      const until = new Date(at + seconds * 1_000).toISOString();
      log.warn({ seconds, until }, "Sending stopped: Vonage asks to wait");
    }
    closedUntil = Math.max(closedUntil, at + seconds * 1_000);
    isProbeDue = true;
  }

  return {
    rate: () => rate,
    reserve(maxWaitMs, ahead = false) {
      const at = now();
      recover(at);
      const free = Math.max(nextAt, at - BURST_MS, closedUntil);
      const slot = ahead ? Math.max(at - BURST_MS, closedUntil) : free;
      if (slot - at > maxWaitMs) return undefined;
      nextAt = free + Math.max(1_000 / rate, isProbeDue ? PROBE_MS : 0);
      isProbeDue = false;
      return Math.max(0, slot - at);
    },
    giveBack() {
      nextAt -= 1_000 / rate;
    },
    throttled(retryAfterSeconds) {
      const at = now();
      recoveredAt = at;
      if (retryAfterSeconds) stop(at, Math.min(retryAfterSeconds, LONGEST_WAIT_SECONDS));
      if (at - slowedAt < 1_000) return;
      slowedAt = at;
      change(Math.max(FLOOR, rate / 2), "throttled");
    },
    isClosed: () => closedUntil - now() > BURST_MS,
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
