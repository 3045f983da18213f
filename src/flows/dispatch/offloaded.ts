import { ownRefusal } from "../../core/codes.ts";
import type { Job, OffloadedJob } from "../../core/job.ts";
import type { OutboundMessage, QueuedMessage } from "../../core/message.ts";
import type { JobQueue, OffloadPorts } from "../../core/ports.ts";
import { failedReport } from "../../core/report.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Reporter } from "../status/report.ts";
import type { AckDelay } from "./ack-delay.ts";

export interface OffloadedPorts extends OffloadPorts {
  queue: JobQueue;
  reporter: Pick<Reporter, "reportEventually">;
  ackDelay: AckDelay;
  now: Clock;
  log: Log;
}

export const CONTENT_LOST = ownRefusal("content_lost");

/** `not-now`: State does not answer, or another version of the connector has to read it. */
export type Content = { outcome: "found"; message: OutboundMessage } | { outcome: "gone" | "not-now" };

/** A message with its content. Never rejects: what somebody else put in its place is as good as gone. */
export async function contentOf(
  message: QueuedMessage,
  { loadOffloaded, log }: Pick<OffloadedPorts, "loadOffloaded" | "log">,
): Promise<Content> {
  if (!("contentKey" in message)) return { outcome: "found", message };
  try {
    const content = await loadOffloaded(message.contentKey);
    if (content.outcome === "state-down") return { outcome: "not-now" };
    const whole = content.outcome === "found" ? messageIn(content.job) : undefined;
    if (whole?.id === message.id && whole.origin === message.origin)
      return { outcome: "found", message: whole };
    log.error({ msg_id: message.id }, "The content of a message too large for the queue is gone");
    return { outcome: "gone" };
  } catch (error) {
    const { retryable } = asConnectorError(error);
    log.error({ msg_id: message.id, ...loggableError(error) }, "The content of a message cannot be read");
    return { outcome: retryable ? "not-now" : "gone" };
  }
}

function messageIn(job: Job): OutboundMessage | undefined {
  if (job.kind !== "send" && job.kind !== "unknown-outcome") return undefined;
  return "contentKey" in job.message ? undefined : job.message;
}

/** A message is settled: its content is not needed any more. Not waited for. */
export function discardContent(
  message: QueuedMessage,
  { discardOffloaded, log }: Pick<OffloadedPorts, "discardOffloaded" | "log">,
): void {
  if (!("contentKey" in message)) return;
  discardOffloaded(message.contentKey).catch((error) =>
    log.warn({ msg_id: message.id, ...loggableError(error) }, "Content not removed: it expires by itself"),
  );
}

/**
 * A report or a reply that is kept in State as a whole. Put back, it refers to the same copy; where State is away,
 * what stands for it waits in its place.
 */
export async function dispatchOffloaded<P extends OffloadedPorts>(
  job: OffloadedJob,
  ports: P,
  carryOut: (job: Job, ports: P) => Promise<void>,
): Promise<void> {
  const { ackDelay, queue, reporter, log, now } = ports;
  const content = await ports.loadOffloaded(job.key);
  switch (content.outcome) {
    case "found":
      break;
    case "state-down":
      await ackDelay.wait(ackDelay.longest());
      await queue.put(job);
      return;
    case "gone":
      log.error({ msg_id: job.id }, "A job too large for the queue is no longer kept: it cannot be done");
      // Whoever was told of the message before is not told again.
      if (job.message) await reporter.reportEventually(failedReport(job.message, CONTENT_LOST, now()));
      return;
  }
  const inner = content.job;
  let isPutBack = false;
  const put: JobQueue["put"] = (next) => {
    const isCopy = next.kind === inner.kind && (next.kind === "report" || next.kind === "reply");
    isPutBack ||= isCopy;
    return queue.put(isCopy ? { ...job, attempt: next.attempt, repeat: next.repeat } : next);
  };
  const { attempt, repeat } = job;
  const current =
    inner.kind === "report" || inner.kind === "reply"
      ? { ...inner, attempt, repeat: repeat ?? inner.repeat }
      : inner;
  await carryOut(current, {
    ...ports,
    queue: { put },
  });
  if (isPutBack) return;
  await ports
    .discardOffloaded(job.key)
    .catch((error) =>
      log.warn({ msg_id: job.id, ...loggableError(error) }, "Copy not removed: it expires by itself"),
    );
}
