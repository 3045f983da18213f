import type { DoubtJob, SendJob } from "../../core/job.ts";
import { failedReport, type Refusal } from "../../core/report.ts";
import { loggableError } from "../../lib/errors.ts";
import { fateOf } from "./claims.ts";
import type { DispatchPorts } from "./ports.ts";

/** Nobody knows whether it was sent: it waits for a status, `atLeastMs` even if configured shorter, and is not sent again by itself. */
export async function doubt(
  { message, attempt, unanswered }: Pick<SendJob, "message" | "attempt" | "unanswered">,
  ports: DispatchPorts,
  atLeastMs = 0,
): Promise<void> {
  // Nobody counts on an auto-reply, and the person must not get it twice.
  if (message.purpose)
    return ports.log.warn({ msg_id: message.id, attempt }, "Auto-reply: its outcome is unknown");
  await ports.queue.put({
    kind: "doubt",
    attempt,
    message,
    ...(unanswered ? { unanswered } : {}),
    decideAt: ports.now() + Math.max(ports.inDoubt.waitSeconds * 1_000, atLeastMs),
  });
}

const OUTCOME_UNKNOWN: Refusal = {
  code: "outcome_unknown",
  description: "The outcome is unknown: Vonage neither confirmed nor refused the message",
};

/** The new attempt's claim, or the memory of reports told, makes the decision take effect once. */
export async function dispatchDoubt(job: DoubtJob, ports: DispatchPorts): Promise<void> {
  const { message, attempt } = job;
  const { reporter, claims, ackDelay, now, log } = ports;
  const remaining = job.decideAt - now();
  await ackDelay.hold(Math.min(remaining, ackDelay.longest()));
  const settled = await isSettled(job, ports).catch(async (error) => {
    log.warn({ msg_id: message.id, attempt, ...loggableError(error) }, "State is down: nothing is decided");
    if (remaining <= 0) await ackDelay.hold(ackDelay.longest());
    return "unsure";
  });
  if (settled === true) return;
  if (settled === "unsent") {
    log.info({ msg_id: message.id, attempt }, "Surely not sent: put back");
    await claims.settle(message, `released:${attempt}`);
    await ports.queue.put({ kind: "send", attempt: attempt + 1, message });
    return;
  }
  if (settled === "unsure" || now() < job.decideAt) return void (await ports.queue.put(job));
  if (ports.inDoubt.policy === "resend") {
    log.warn({ msg_id: message.id, attempt }, "Outcome still unknown: sending again");
    await ports.queue.put({ kind: "send", attempt: attempt + 1, message });
    return;
  }
  log.warn({ msg_id: message.id, attempt }, "Outcome still unknown: reported failed");
  await reporter.reportEventually(failedReport(message, OUTCOME_UNKNOWN, now()));
}

/** Whether a status came, or whoever owned the attempt got further than it seemed; or nobody ever owned it. */
async function isSettled(job: DoubtJob, { reporter, claims }: DispatchPorts): Promise<boolean | "unsent"> {
  const { message, attempt } = job;
  if ((await reporter.known(message.origin, message.id)) !== "") return true;
  const phase = await claims.phase(message);
  const fate = fateOf(attempt, phase);
  if (fate === "over") return true;
  // Also where this was noted before: the queue may not have taken the next attempt, and this job alone knows.
  if (await claims.isUnsent(job)) return "unsent";
  return fate === "released";
}
