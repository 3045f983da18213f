import { ConnectorError } from "./errors.ts";
import { systemRuntime, type Timer } from "./runtime.ts";

/** The work's result, or a retryable ConnectorError `deadline` once `ms` have passed; the work itself goes on. */
export async function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  message: string,
  runtime = systemRuntime,
): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = runtime.setTimeout(
      () => reject(new ConnectorError("deadline", message, { retryable: true })),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    runtime.clearTimeout(timer);
  }
}
