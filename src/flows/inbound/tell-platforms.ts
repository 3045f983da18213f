import { saidBy } from "../../core/consent.ts";
import { nextRepeat, OUTBOX_MS } from "../../core/job.ts";
import type { JobQueue } from "../../core/ports.ts";
import type { InboundReply } from "../../core/reply.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel, PlatformReplies } from "../../platforms/platform.ts";
import type { SentMessage } from "./conversations.ts";
import type { Progress } from "./idempotency.ts";
import type { Suppression } from "./suppression.ts";

export interface TellPorts {
  channels: readonly PlatformChannel[];
  suppression: Pick<Suppression, "stands">;
  queue: JobQueue;
  now: Clock;
  log: Log;
}

export interface Telling {
  reply: InboundReply;
  /** The message of a platform that the reply is known to answer. */
  answered?: SentMessage;
  progress: Progress;
  /** Milliseconds since the epoch: the webhook has to be answered soon after. */
  deadline: number;
}

/**
 * Tells every platform that uses the sender of an opt-out or opt-in, and the one whose message it was of a tap, and of
 * anything else where it has a chat.
 * Resolves when each knows, will be told by a job, or refuses it for good; what was done before is not done again.
 */
export async function tellPlatforms(telling: Telling, ports: TellPorts): Promise<void> {
  const { reply, answered, progress, deadline } = telling;
  const isTap = reply.kind === "button";
  const isForAll = saidBy(reply.kind) !== undefined;
  const stillStands = () => ports.suppression.stands(reply);
  let isWanted = false;
  const tell = async ({ tag, channel, replies }: PlatformChannel): Promise<void> => {
    const isOwn = tag === answered?.origin;
    if (!replies || channel !== reply.channel || !(isForAll || isOwn)) return;
    if (!isForAll && !isTap && !replies.hasChat) return;
    // An id of one platform means nothing to another.
    const own: InboundReply = isOwn ? { ...reply, messageId: answered.id } : reply;
    if (replies.wants(own)) {
      isWanted = true;
      await progress.once(`${tag} told`, () => postOrQueue(tag, own, replies, ports));
    }
    if (isForAll)
      await progress.once(`${tag} subscription`, () => replies.subscribe(own, deadline, stillStands));
  };
  // Beside each other: one platform that is away takes nothing from the others.
  const outcomes = await Promise.allSettled(ports.channels.map(tell));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  if (isTap && !isWanted) {
    const reason = answered ? "its platform takes no taps" : "the message it answers is not known";
    ports.log.warn(
      { message_uuid: reply.id, msg_id: answered?.id, origin: answered?.origin },
      `Tap dropped: ${reason}`,
    );
  }
}

async function postOrQueue(
  tag: string,
  reply: InboundReply,
  replies: PlatformReplies,
  { queue, now, log }: TellPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, msg_id: reply.messageId, origin: tag, kind: reply.kind };
  try {
    await replies.post(reply);
    log.info(about, "Reply told to the platform");
  } catch (error) {
    const { retryable, code } = asConnectorError(error);
    if (!retryable) {
      log.error({ ...about, ...loggableError(error) }, "Reply refused by the platform");
      return;
    }
    log.warn({ ...about, ...loggableError(error) }, "Reply kept in the outbox: the platform is told later");
    const repeat = code === "platform_unanswered" ? nextRepeat(undefined, now()) : undefined;
    await queue.put({ kind: "reply", attempt: 1, origin: tag, reply, expiresAt: now() + OUTBOX_MS, repeat });
  }
}
