import { isDeepStrictEqual } from "node:util";
import { idOf, type Job } from "../../core/job.ts";
import { asConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";
import { type AckDelay, withBudget } from "./ack-delay.ts";
import { dispatchOffloaded, type OffloadedPorts } from "./offloaded.ts";
import { dispatchReply, dispatchReport, type OutboxPorts } from "./outbox.ts";
import { dispatchMessage, type SendPorts } from "./send.ts";
import { dispatchUnknownOutcome, type UnknownOutcomePorts } from "./unknown-outcome.ts";

/** What the jobs of every kind need together; each kind's own function gets its own part. */
export type DispatchPorts = SendPorts & UnknownOutcomePorts & OutboxPorts & OffloadedPorts;

/**
 * One delivery of one job. Resolves when the queue may forget it: done, put back as a new attempt, or never to
 * be done. Rejects when the queue has to deliver it again.
 */
export async function dispatch(job: Job, ports: DispatchPorts): Promise<void> {
  const budgeted = { ...ports, ackDelay: withBudget(ports.ackDelay, ports.now) };
  try {
    await carryOut(job, budgeted);
  } catch (error) {
    await delayFailure(budgeted.ackDelay, ports.now);
    throw error;
  }
}

/**
 * Copies of a job that are delivered together share one run and its outcome. They come from a queue that took a job
 * and did not say so: each of them would put itself back, and so be more each time that happens. `putsBack` has to be
 * called before the run puts anything on a queue: what looks like a copy from then on may be what it put there.
 */
export function sharedByCopies(
  run: (job: Job, putsBack: () => void) => Promise<void>,
): (job: Job) => Promise<void> {
  const underWay = new Map<string, { job: Job; outcome: Promise<void> }>();
  return (job) => {
    const key = `${job.kind} ${job.attempt} ${idOf(job)}`;
    const same = underWay.get(key);
    if (same) return isDeepStrictEqual(same.job, job) ? same.outcome : run(job, () => undefined);
    const shared = { job, outcome: Promise.resolve() };
    const end = () => {
      if (underWay.get(key) === shared) underWay.delete(key);
    };
    underWay.set(key, shared);
    shared.outcome = run(job, end).finally(end);
    return shared.outcome;
  };
}

/** Reads what the queue delivered. A job of ours that cannot be read is refused late; what is not ours at once. */
export async function readDelivery(read: () => Job, ackDelay: AckDelay, now: Clock): Promise<Job> {
  try {
    return read();
  } catch (error) {
    if (asConnectorError(error).retryable) await delayFailure(withBudget(ackDelay, now), now);
    throw error;
  }
}

/** The queue asks again at once, and gives up after four times: a failure is answered late, so that an outage may pass. */
async function delayFailure(ackDelay: AckDelay, now: Clock): Promise<void> {
  const until = now() + ackDelay.longest();
  // Where there is no room to wait, a moment at a time.
  for (let times = 0; times < 10 && now() < until; times++) await ackDelay.wait(until - now());
}

function carryOut(job: Job, ports: DispatchPorts): Promise<void> {
  switch (job.kind) {
    case "send":
      return dispatchMessage(job, ports);
    case "report":
      return dispatchReport(job, ports);
    case "reply":
      return dispatchReply(job, ports);
    case "unknown-outcome":
      return dispatchUnknownOutcome(job, ports);
    case "offloaded":
      return dispatchOffloaded(job, ports, carryOut);
  }
}
