import { saidBy } from "../../core/consent.ts";
import { type Events, replyEvent } from "../../core/event.ts";
import type { Keywords } from "../../core/keywords.ts";
import { CHANNEL_LABEL } from "../../core/message.ts";
import {
  asReply,
  type CarrierOptOut,
  classify,
  type InboundMessage,
  type InboundReply,
  type ReplyKind,
} from "../../core/reply.ts";
import type { Log } from "../../lib/log.ts";
import { type AutoReplyPorts, autoReply } from "./auto-reply.ts";
import type { Conversations } from "./conversations.ts";
import { createSingleFlight, DONE, readProgress } from "./idempotency.ts";
import { type Author, identify } from "./identify.ts";
import type { Suppression } from "./suppression.ts";
import { type TellPorts, tellPlatforms } from "./tell-platforms.ts";

export interface InboundPorts extends AutoReplyPorts, TellPorts {
  suppression: Suppression;
  conversations: Conversations;
  /** The WhatsApp numbers this connector sends from. Of what people say to others only opt-outs and opt-ins count. */
  ownNumbers: readonly string[];
  keywords: { optOut: Keywords; optIn: Keywords };
  /** Who wants to know of every reply, beside the platforms. */
  events?: Events;
  log: Log;
}

/** `outdated`: the person said something else later, which stays. `ignored`: it was not said to us, and says nothing of consent. */
export type InboundOutcome = ReplyKind | "repeated" | "outdated" | "ignored";

/**
 * Both resolve when everything is done or safely queued, and reject, retryable, when the vendor has to deliver it
 * again; then only what is missing is done. Of copies that reach two replicas in the same moment a platform may be
 * told twice; an auto-reply goes out once all the same.
 */
export interface InboundReceiver {
  /** Gives an inbound message its effect. */
  receive(inbound: InboundMessage): Promise<InboundOutcome>;
  /** The person can get nothing more, and the platform should know. */
  carrierOptOut(optOut: CarrierOptOut): Promise<void>;
}

/** Of the 9 s that a webhook may take, this many are for asking a platform again. */
const PATIENCE_MS = 8_000;

export function createInboundReceiver(ports: InboundPorts): InboundReceiver {
  const { now } = ports;
  const singleFlight = createSingleFlight<InboundOutcome>();
  return {
    receive(inbound) {
      const deadline = now() + PATIENCE_MS;
      return singleFlight(inbound.id, () => receive(inbound, deadline, ports));
    },
    async carrierOptOut(optOut) {
      const deadline = now() + PATIENCE_MS;
      await singleFlight(`carrier ${optOut.id}`, () => receiveCarrierOptOut(optOut, deadline, ports));
    },
  };
}

async function receive(
  inbound: InboundMessage,
  deadline: number,
  ports: InboundPorts,
): Promise<InboundOutcome> {
  const { keywords, events, log } = ports;
  const about = { message_uuid: inbound.id, channel: inbound.channel };
  const kind = classify(inbound, keywords);
  const foreign = whyForeign(inbound, ports);
  if (foreign && !saidBy(kind)) {
    log.info(about, `Reply ignored: ${foreign}`);
    return "ignored";
  }
  const progress = await readProgress(ports, inbound.id);
  if (progress.isDone(DONE)) {
    log.info(about, "Reply repeated: ignored");
    return "repeated";
  }
  log.info({ ...about, kind }, `Reply received: ${kind}`);

  const hasChat = ports.channels.some(
    ({ channel, replies }) => channel === inbound.channel && replies?.hasChat,
  );
  const author = await identify(inbound, kind, ports, hasChat);
  if (!(await recordConsent(kind, inbound, author, ports))) {
    log.warn({ ...about, kind }, "Reply outdated: the person said otherwise later");
    await progress.finish(DONE);
    return "outdated";
  }
  if (foreign) {
    log.warn(
      { ...about, kind },
      `Reply recorded for the whole account, but not answered and no platform told: ${foreign}. Give each instance a Vonage application of its own, or run one instance for both channels`,
    );
    await progress.finish(DONE);
    return kind;
  }
  await autoReply(kind, inbound, author, progress, ports);
  const [person] = author.names;
  if (kind !== "other" || hasChat) {
    const reply = asReply(kind, inbound, person);
    await tellPlatforms({ reply, answered: author.answered, progress, deadline }, ports);
  }
  events?.emit(replyEvent(kind, inbound, person, author));
  await progress.finish(DONE);
  return kind;
}

/**
 * Why it is another instance's to answer; undefined when it is ours. On SMS nobody knows which of the account's
 * numbers people were told to text (docs/decisions/0009).
 */
function whyForeign({ channel, to }: InboundMessage, { channels, ownNumbers }: InboundPorts) {
  if (!channels.some((one) => one.channel === channel)) return `${CHANNEL_LABEL[channel]} is off here`;
  if (channel === "whatsapp" && !ownNumbers.includes(to))
    return "it was sent to a number that is not one of WHATSAPP_NUMBER";
  return undefined;
}

/** Resolves to false when the person has said otherwise since: then nobody hears of it. */
async function recordConsent(
  kind: ReplyKind,
  { channel, at }: InboundMessage,
  { names, learned }: Author,
  { suppression }: InboundPorts,
): Promise<boolean> {
  const said = saidBy(kind);
  if (said) return suppression.record(channel, names, said, at, learned);
  if (learned) await suppression.link(learned.number, learned.userId);
  return true;
}

async function receiveCarrierOptOut(
  { messageId, ...optOut }: CarrierOptOut,
  deadline: number,
  ports: InboundPorts,
): Promise<InboundOutcome> {
  const { suppression, events, log } = ports;
  const { id, channel, person, at } = optOut;
  const about = { msg_id: messageId, message_uuid: id, channel };
  if (!(await suppression.record(channel, [person], "out", at))) {
    log.warn(about, "The carrier reports an opt-out, but the person has opted in since: ignored");
    return "outdated";
  }
  log.info(about, "The carrier reports an opt-out: recorded");
  const reply: InboundReply = { ...optOut, kind: "opt_out" };
  const progress = await readProgress(ports, `carrier ${id}`);
  await tellPlatforms({ reply, progress, deadline }, ports);
  await progress.once(DONE, async () => events?.emit({ ...reply, messageId }));
  return "opt_out";
}
