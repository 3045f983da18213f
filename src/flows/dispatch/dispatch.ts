import type { Job } from "../../core/job.ts";
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
