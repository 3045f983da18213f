import { ConnectorError } from "./errors.ts";
import type { Timers } from "./runtime.ts";

/** The work's result, or a retryable ConnectorError `deadline` once `ms` have passed; the work itself goes on. */
export function withDeadline<T>(work: Promise<T>, ms: number, message: string, timers: Timers): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = timers.setTimeout(
      () => reject(new ConnectorError("deadline", message, { retryable: true })),
      ms,
    );
    work.then(
      (result) => {
        timers.clearTimeout(timer);
        resolve(result);
      },
      (error) => {
        timers.clearTimeout(timer);
        reject(error);
      },
    );
  });
}
