import { idOf, nextRepeat, type ReplyJob, type ReportJob } from "../../core/job.ts";
import type { JobQueue, State } from "../../core/ports.ts";
import type { InboundReply } from "../../core/reply.ts";
import { asConnectorError, ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel, PlatformReplies } from "../../platforms/platform.ts";
import { DONE, readProgress } from "../inbound/idempotency.ts";
import type { Suppression } from "../inbound/suppression.ts";
import type { ChannelOff } from "../status/channel-off.ts";
import type { Reporter } from "../status/report.ts";
import type { AckDelay } from "./ack-delay.ts";

export interface OutboxPorts {
  channels: readonly PlatformChannel[];
  channelOff: ChannelOff;
  reporter: Pick<Reporter, "report">;
  suppression: Pick<Suppression, "stands">;
  state: State;
  queue: JobQueue;
  ackDelay: AckDelay;
  now: Clock;
  log: Log;
}

/** A report that its platform could not take before. */
export function dispatchReport(job: ReportJob, ports: OutboxPorts): Promise<void> {
  return postOrPutBack(job, ports, async () => void (await ports.reporter.report(job.report)));
}

/** A person's reply that its platform could not take before; told once, however often the queue delivers it. */
export async function dispatchReply(job: ReplyJob, ports: OutboxPorts): Promise<void> {
  const { origin, reply } = job;
  const channel = ports.channels.find(({ tag }) => tag === origin);
  await postOrPutBack(job, ports, async () => {
    if (!channel) throw ports.channelOff(origin);
    const { replies } = channel;
    if (!replies) throw new ConnectorError("platform_refused", "The platform takes no replies");
    // Not the record of the webhook, which another replica may still be writing.
    const progress = await readProgress(ports, `${reply.id} ${origin} told later`);
    await progress.once(DONE, () => postReply(reply, replies, ports));
  });
}

/** An old STOP that is told after a newer START would undo it. */
async function postReply(
  reply: InboundReply,
  replies: PlatformReplies,
  { suppression, log }: OutboxPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, msg_id: reply.messageId, kind: reply.kind };
  const isCurrent = await suppression.stands(reply);
  if (isCurrent) await replies.post(reply);
  log.info(about, isCurrent ? "Reply told to the platform" : "Reply outdated: not told to the platform");
}

/**
 * Put back while the platform is away or its channel off, and given up in the end. What the platform may have is told
 * again late, and rarely.
 */
async function postOrPutBack(
  job: ReportJob | ReplyJob,
  { queue, ackDelay, now, log }: OutboxPorts,
  post: () => Promise<void>,
): Promise<void> {
  if (job.repeat && now() < job.repeat.at) {
    await ackDelay.wait(ackDelay.longest());
    return void (await queue.put(job));
  }
  try {
    await post();
  } catch (error) {
    const { retryable, code } = asConnectorError(error);
    if (!retryable || now() >= job.expiresAt) {
      log.error(
        { msg_id: idOf(job), kind: job.kind, attempt: job.attempt, ...loggableError(error) },
        "The platform could not be told: given up",
      );
      return;
    }
    const repeat = code === "platform_unanswered" ? nextRepeat(job.repeat, now()) : job.repeat;
    await ackDelay.wait(ackDelay.longest());
    await queue.put({ ...job, attempt: job.attempt + 1, repeat });
  }
}
