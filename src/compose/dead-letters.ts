import { perQueue, type QueuePurpose } from "../core/job.ts";
import { createDeadLetters } from "../flows/dispatch/dead-letters.ts";
import { openHeldLetters } from "../flows/dispatch/held-letters.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { openDeadLetters } from "../vcr/dead-letters.ts";
import { queueName } from "../vcr/job-queue.ts";
import type { Vcr } from "./vcr.ts";

/** What the queues give up on, and how it comes back. */
export function composeDeadLetters(
  { session, state, queueSettings, verifyJob: verify }: Vcr,
  { runtime, log }: { runtime: Runtime; log: Log },
) {
  const { now } = runtime;
  const open = (purpose: QueuePurpose) => {
    const settings = { ...queueSettings, name: queueName(queueSettings.serviceName, purpose) };
    const queue = openDeadLetters(session, settings, runtime);
    return openHeldLetters(purpose, { queue, state, verify, now });
  };
  const held = perQueue(open);
  const { start, stop, waiting, deliveryFailed } = createDeadLetters({ held, state, runtime, log });
  return {
    held,
    start,
    stop,
    /** How many letters wait, as far as the last look of any replica tells. */
    waiting,
    /** Hands a delivery on; one that is answered 5xx may be its job's last. */
    async watch<T>(delivery: Promise<T>): Promise<T> {
      try {
        return await delivery;
      } catch (error) {
        if (asConnectorError(error).httpStatus >= 500) deliveryFailed();
        throw error;
      }
    },
  };
}
