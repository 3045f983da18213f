import { perQueue, QUEUE_PURPOSES, type QueuePurpose } from "../core/job.ts";
import { createDeadLetters } from "../flows/dispatch/dead-letters.ts";
import { openHeldLetters } from "../flows/dispatch/held-letters.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { Runtime } from "../lib/runtime.ts";
import { openDeadLetters } from "../vcr/dead-letters.ts";
import { queueName } from "../vcr/job-queue.ts";
import type { Vcr } from "./vcr.ts";

/** What the queues give up on, and how it comes back. */
export function composeDeadLetters(
  { session, state, queueSettings, verifyJob: verify }: Vcr,
  { runtime, log }: { runtime: Runtime; log: Log },
  metrics: Metrics,
) {
  const { now } = runtime;
  const open = (purpose: QueuePurpose) => {
    const settings = { ...queueSettings, name: queueName(queueSettings.serviceName, purpose) };
    const queue = openDeadLetters(session, settings, runtime);
    return openHeldLetters(purpose, { queue, state, verify, now });
  };
  const held = perQueue(open);
  const { start, stop, waiting, deliveryFailed } = createDeadLetters({ held, state, runtime, log });
  metrics.gauges(
    "dead_letters",
    "Jobs a queue gave up on that wait to be put back, or for somebody to look at them",
    { name: "queue", values: QUEUE_PURPOSES },
    waiting,
  );
  return {
    held,
    start,
    stop,
    /** How many letters wait on all queues, as far as the last look of any replica tells. */
    waiting: () => QUEUE_PURPOSES.reduce((sum, purpose) => sum + waiting(purpose), 0),
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
