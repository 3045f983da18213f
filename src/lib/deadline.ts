import { ConnectorError } from "./errors.ts";
import type { Timer, Timers } from "./runtime.ts";

/** The work's result, or a retryable ConnectorError `deadline` once `ms` have passed; the work itself goes on. */
export async function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  message: string,
  timers: Timers,
): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = timers.setTimeout(() => reject(new ConnectorError("deadline", message, { retryable: true })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timers.clearTimeout(timer);
  }
}
