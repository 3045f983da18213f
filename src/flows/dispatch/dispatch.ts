import type { Job, ParkedJob } from "../../core/job.ts";
import { failedReport, type Refusal } from "../../core/report.ts";
import { asConnectorError } from "../../lib/errors.ts";
import { withBudget } from "./ack-delay.ts";
import { dispatchReply, dispatchReport } from "./outbox.ts";
import type { DispatchPorts } from "./ports.ts";
import { dispatchMessage } from "./send.ts";
import { dispatchDoubt } from "./unknown-outcome.ts";

/**
 * One delivery of one job. Resolves when the queue may forget it: done, put back as a new attempt, or never to
 * be done. Rejects when the queue has to deliver it again.
 */
export async function dispatch(job: Job, ports: DispatchPorts): Promise<void> {
  const budgeted = { ...ports, ackDelay: withBudget(ports.ackDelay, ports.now) };
  try {
    await carryOut(job, budgeted);
  } catch (error) {
    await linger(budgeted);
    throw error;
  }
}

/** The queue asks again at once, and gives up after four times: a failure is answered late, so that an outage may pass. */
async function linger({ ackDelay, now }: DispatchPorts): Promise<void> {
  const until = now() + ackDelay.longest();
  // Where there is no room to hold, a moment at a time.
  for (let times = 0; times < 10 && now() < until; times++) await ackDelay.hold(until - now());
}

function carryOut(job: Job, ports: DispatchPorts): Promise<void> {
  switch (job.kind) {
    case "send":
      return dispatchMessage(job, ports);
    case "report":
      return dispatchReport(job, ports);
    case "reply":
      return dispatchReply(job, ports);
    case "doubt":
      return dispatchDoubt(job, ports);
    case "parked":
      return dispatchParked(job, ports);
  }
}

const CONTENT_LOST: Refusal = {
  code: "content_lost",
  description:
    "The message was too large for the queue, and what was kept of it elsewhere is gone: send it again",
};

/** Where State is away, what stands for the job waits in its place. */
async function dispatchParked(job: ParkedJob, ports: DispatchPorts): Promise<void> {
  const content = await ports.unpark(job.key).catch((error) => {
    if (!asConnectorError(error).retryable) throw error;
    return "away" as const;
  });
  if (content === "away") {
    await ports.ackDelay.hold(ports.ackDelay.longest());
    return void (await ports.queue.put(job));
  }
  if (content) return carryOut(content, ports);
  ports.log.error({ msg_id: job.id }, "A job too large for the queue is no longer kept: it cannot be done");
  if (job.message)
    await ports.reporter.reportEventually(failedReport(job.message, CONTENT_LOST, ports.now()));
}
