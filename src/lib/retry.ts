import type { Clock } from "./runtime.ts";

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
