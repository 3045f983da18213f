import type { Clock, Pause } from "./runtime.ts";

/**
 * The work's first result. After a failure `waitAfter` tells how many milliseconds to wait before the work is tried
 * again, or undefined to give up: then the failure is thrown. `tries` counts from 1.
 */
export async function retry<T>(
  work: () => Promise<T>,
  waitAfter: (tries: number, error: unknown) => number | undefined,
  pause: Pause,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const ms = waitAfter(tries, error);
      if (ms === undefined) throw error;
      await pause(ms);
    }
  }
}

/** Waits that double from `first` up to `most`. */
export const exponential = (first: number, most: number) => (tries: number) =>
  Math.min(first * 2 ** (tries - 1), most);

/** What failed within this time failed at once, and not for want of an answer. */
const AT_ONCE_MS = 1_000;

/** Runs it, and once more when it failed at once: a single call that is lost is no outage. */
export async function twice<T>(work: () => Promise<T>, now: Clock): Promise<T> {
  const startedAt = now();
  try {
    return await work();
  } catch (error) {
    if (now() - startedAt > AT_ONCE_MS) throw error;
    return work();
  }
}
