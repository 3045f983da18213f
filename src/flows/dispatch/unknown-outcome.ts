import { ownRefusal } from "../../core/codes.ts";
import type { SendJob, UnknownOutcomeJob } from "../../core/job.ts";
import type { JobQueue, OffloadPorts } from "../../core/ports.ts";
import { failedReport } from "../../core/report.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Recorder } from "../insight/recorder.ts";
import type { Reporter } from "../status/report.ts";
import type { AckDelay } from "./ack-delay.ts";
import type { Claims } from "./claims.ts";
import { discardContent } from "./offloaded.ts";

export interface AwaitOutcomePorts {
  queue: JobQueue;
  /** How long a status is waited for, and what is done when none came. */
  unknownOutcome: { waitSeconds: number; policy: "fail" | "resend" };
  recorder: Pick<Recorder, "doubted" | "settled" | "notSent">;
  now: Clock;
  log: Log;
}

export interface UnknownOutcomePorts extends AwaitOutcomePorts {
  claims: Pick<Claims, "fate" | "isUnsent" | "close" | "settle">;
  reporter: Pick<Reporter, "hasStatus" | "reportEventually">;
  discardOffloaded: OffloadPorts["discardOffloaded"];
  ackDelay: AckDelay;
}

const OUTCOME_UNKNOWN = ownRefusal("outcome_unknown");

/** Nobody knows whether it was sent: it waits for a status, `atLeastMs` even if configured shorter, and is not sent again by itself. */
export async function awaitOutcome(
  { message, attempt, unanswered }: SendJob,
  { queue, unknownOutcome, recorder, now, log }: AwaitOutcomePorts,
  atLeastMs = 0,
): Promise<void> {
  // Nobody counts on an auto-reply, and the person must not get it twice.
  if (message.purpose) {
    log.warn({ msg_id: message.id, attempt }, "Auto-reply: its outcome is unknown");
    return;
  }
  const decideAt = now() + Math.max(unknownOutcome.waitSeconds * 1_000, atLeastMs);
  await queue.put({ kind: "unknown-outcome", attempt, message, unanswered, decideAt });
  recorder.doubted(message, attempt);
}

/** The new attempt's claim, or the memory of reports told, makes the decision take effect once. */
export async function dispatchUnknownOutcome(
  job: UnknownOutcomeJob,
  ports: UnknownOutcomePorts,
): Promise<void> {
  const { message, attempt } = job;
  const { reporter, claims, queue, ackDelay, recorder, now, log } = ports;
  const about = { msg_id: message.id, attempt };
  const resend = () => queue.put({ kind: "send", attempt: attempt + 1, message });

  const remaining = job.decideAt - now();
  await ackDelay.wait(Math.min(remaining, ackDelay.longest()));
  switch (await findOutcome(job, ports)) {
    case "settled":
      recorder.settled(message);
      discardContent(message, ports);
      return;
    case "elsewhere":
      recorder.settled(message);
      return;
    case "unsent":
      log.info(about, "Surely not sent: put back");
      await claims.settle(message, { is: "released", attempt });
      await resend();
      recorder.settled(message);
      return;
    case "state-down":
      if (remaining <= 0) await ackDelay.wait(ackDelay.longest());
      await queue.put(job);
      return;
  }
  if (now() < job.decideAt) {
    await queue.put(job);
    return;
  }
  if (ports.unknownOutcome.policy === "resend") {
    log.warn(about, "Outcome still unknown: sending again");
    await resend();
  } else {
    log.warn(about, "Outcome still unknown: reported failed");
    await reporter.reportEventually(failedReport(message, OUTCOME_UNKNOWN, now()));
    recorder.notSent(message, OUTCOME_UNKNOWN.code, attempt);
    discardContent(message, ports);
  }
  recorder.settled(message);
}

/**
 * `settled`: a status came. `elsewhere`: whoever owned the attempt got further than it seemed. `unsent`: nobody ever owned it.
 * `state-down`: nobody can say.
 */
async function findOutcome(
  job: UnknownOutcomeJob,
  { reporter, claims, now, log }: UnknownOutcomePorts,
): Promise<"settled" | "elsewhere" | "unsent" | "unknown" | "state-down"> {
  const { message, attempt } = job;
  try {
    if (await reporter.hasStatus(message.origin, message.id)) return "settled";
    const fate = await claims.fate(job);
    if (fate === "over") return "elsewhere";
    // Also where this was noted before: the queue may not have taken the next attempt, and this job alone knows.
    if (await claims.isUnsent(job)) return "unsent";
    if (fate === "released") return "elsewhere";
    // What is decided now must not be overtaken by a copy of the message that comes late.
    if (now() >= job.decideAt) await claims.close(job);
    return "unknown";
  } catch (error) {
    log.warn({ msg_id: message.id, attempt, ...loggableError(error) }, "State is down: nothing is decided");
    return "state-down";
  }
}
