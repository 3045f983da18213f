import { idOf, type ReplyJob, type ReportJob } from "../../core/job.ts";
import type { InboundReply } from "../../core/reply.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import type { PlatformReplies } from "../../platforms/platform.ts";
import { DONE, readProgress } from "../inbound/idempotency.ts";
import type { DispatchPorts } from "./ports.ts";

/** A report that its platform could not take before. */
export function dispatchReport(job: ReportJob, ports: DispatchPorts): Promise<void> {
  return tellOwed(job, ports, async () => void (await ports.reporter.report(job.report)));
}

/** A person's reply that its platform could not take before; told once, however often the queue delivers it. */
export async function dispatchReply(job: ReplyJob, ports: DispatchPorts): Promise<void> {
  const { origin, reply } = job;
  const replies = ports.channels.find(({ tag }) => tag === origin)?.replies;
  if (!replies) return;
  await tellOwed(job, ports, async () => {
    // Not the record of the webhook, which another replica may still be writing.
    const progress = await readProgress(ports, `${reply.id} ${origin} told later`);
    await progress.once(DONE, () => tellReply(reply, replies, ports));
  });
}

/** An old STOP that is told after a newer START would undo it. */
async function tellReply(
  reply: InboundReply,
  replies: PlatformReplies,
  { suppression, log }: DispatchPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, msg_id: reply.messageId, kind: reply.kind };
  const isCurrent =
    reply.kind === "button" ||
    (await suppression.stands(reply.channel, reply.person, {
      said: reply.kind === "opt_out" ? "out" : "in",
      at: reply.at,
    }));
  if (isCurrent) await replies.post(reply);
  log.info(about, isCurrent ? "Reply told to the platform" : "Reply outdated: not told to the platform");
}

/** Tells a platform what is owed to it; put back while it is away, and given up in the end. */
async function tellOwed(
  job: ReportJob | ReplyJob,
  ports: DispatchPorts,
  tell: () => Promise<void>,
): Promise<void> {
  const { queue, ackDelay, now, log } = ports;
  try {
    await tell();
  } catch (error) {
    const { retryable } = asConnectorError(error);
    if (!retryable || now() >= job.expiresAt) {
      log.error(
        { msg_id: idOf(job), kind: job.kind, attempt: job.attempt, ...loggableError(error) },
        "Owed to the platform, and given up",
      );
      return;
    }
    await ackDelay.hold(ackDelay.longest());
    await queue.put({ ...job, attempt: job.attempt + 1 });
  }
}
