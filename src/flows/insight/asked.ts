import { withDeadline } from "../../lib/deadline.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { Timers } from "../../lib/runtime.ts";

/** Somebody looks at a page meanwhile. */
export const ANSWER_MS = 2_500;

/** What State says; rejects with ConnectorError `state_away` in words when it does not in time. */
export async function asked<T>(work: Promise<T>, timers: Timers): Promise<T> {
  try {
    return await withDeadline(work, ANSWER_MS, "State did not answer in time", timers);
  } catch (cause) {
    throw new ConnectorError("state_away", STATE_AWAY, { retryable: true, cause });
  }
}

const STATE_AWAY =
  "VCR's State, where the figures are kept, does not answer: try again in a minute. Nothing that was counted is lost";
