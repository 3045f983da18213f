import { withDeadline } from "../lib/deadline.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { Timers } from "../lib/runtime.ts";

/** What a page shows, or why it cannot. */
export type Loaded<T> = { is: "there"; value: T } | { is: "away"; why: string };

/** A page is there within three seconds, whoever is away. */
const LOAD_MS = 2_500;

export const DID_NOT_ANSWER =
  "This cannot be read now: what the connector keeps its figures in did not answer. Sending does not depend on it. Look again in a minute.";

/** The work's result within its time. Of an error of our own nothing is shown. */
export async function load<T>(work: () => Promise<T>, timers: Timers): Promise<Loaded<T>> {
  try {
    return { is: "there", value: await withDeadline(work(), LOAD_MS, DID_NOT_ANSWER, timers) };
  } catch (thrown) {
    return { is: "away", why: inWords(thrown) };
  }
}

/** What an operator may read of a failure. */
export function inWords(thrown: unknown): string {
  const { httpStatus, message } = asConnectorError(thrown);
  return httpStatus < 500 || TELLING.has(asConnectorError(thrown).code) ? message : DID_NOT_ANSWER;
}

/** Failures of others whose sentences are written for a marketer. */
const TELLING = new Set<string>([
  "deadline",
  ...[
    "templates_pending",
    "templates_unavailable",
    "templates_late",
    "templates_refused",
    "templates_malformed",
  ],
]);
