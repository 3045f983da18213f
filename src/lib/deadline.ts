import { ConnectorError } from "./errors.ts";

/** The work's result, or a retryable ConnectorError `deadline` once `ms` have passed; the work itself goes on. */
export async function withDeadline<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConnectorError("deadline", message, { retryable: true })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
