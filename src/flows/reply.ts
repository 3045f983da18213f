import { autoReplyBucket, DAY, inboundBucket } from "../core/keys.ts";
import type { Keywords } from "../core/keywords.ts";
import type { AutoReplyPurpose, OutboundMessage } from "../core/message.ts";
import type { Clock, JobQueue, Log, State } from "../core/ports.ts";
import { classify, type InboundMessage, type InboundReply, type ReplyKind } from "../core/reply.ts";
import { asConnectorError, loggableError } from "../errors.ts";
import type { PlatformChannel, PlatformReplies } from "../platforms/platform.ts";
import type { Correlation, SentMessage } from "./correlate.ts";
import type { Suppression } from "./suppression.ts";

export interface ReplyPorts {
  channels: readonly PlatformChannel[];
  queue: JobQueue;
  state: State;
  suppression: Suppression;
  correlation: Correlation;
  keywords: { optOut: Keywords; optIn: Keywords };
  /** Auto-replies; an absent one is not sent. */
  texts: { optOut?: string; optIn?: string; other?: string };
  messageTtlSeconds: number;
  now: Clock;
  log: Log;
}

/** Tag of the connector's own auto-replies, where platform channels have theirs. Their statuses are nobody's. */
export const AUTO_REPLY_ORIGIN = "ar";

/** What the platform could not be told is kept for a week. */
const OWED_MS = 7 * DAY;
/** A machine that answers every confirmation with a keyword is not answered for ever. */
const MOST_CONFIRMATIONS_A_DAY = 5;

/**
 * Gives an inbound message its effect. Resolves when everything is done or safely owed; rejects, retryable, when
 * the vendor has to deliver it again, and then only what is missing is done.
 */
export async function reply(inbound: InboundMessage, ports: ReplyPorts): Promise<ReplyKind | "repeated"> {
  const { state, now, log } = ports;
  const done = await Promise.all(
    [now(), now() - DAY].map((day) => state.read(inboundBucket(day), inbound.id)),
  );
  if (done.includes(DONE)) return "repeated";
  const kind = classify(inbound, ports.keywords);
  log.info({ message_uuid: inbound.id, channel: inbound.channel, kind }, `Reply received: ${kind}`);
  const person = await identify(inbound, ports);
  await EFFECTS[kind](inbound, person, ports);
  await state.write(inboundBucket(now()), inbound.id, DONE);
  return kind;
}

/** A carrier's own opt-out, told in an SMS status: the person can get nothing more, and the platform should know. */
export async function carrierOptOut(optOut: Omit<InboundReply, "kind">, ports: ReplyPorts): Promise<void> {
  await ports.suppression.record(optOut.channel, [optOut.person], "out", optOut.at);
  ports.log.info(
    { msg_id: optOut.messageId, channel: optOut.channel },
    "The carrier reports an opt-out: recorded",
  );
  await tell({ ...optOut, kind: "opt_out" }, ports);
}

const DONE = "done";

interface Person {
  /** Every name they are known under, the phone number first where it is known. */
  names: [string, ...string[]];
  /** The message of ours that was quoted. */
  quoted: SentMessage | undefined;
}

/** Whoever hides the number is known by the message they answer, or else by their id alone. */
async function identify(inbound: InboundMessage, { correlation, suppression }: ReplyPorts): Promise<Person> {
  const quoted = inbound.quotedVendorId ? await correlation.byVendorId(inbound.quotedVendorId) : undefined;
  const number = inbound.number ?? (quoted && /^\d+$/.test(quoted.to) ? quoted.to : undefined);
  const { userId } = inbound;
  if (number && userId) await suppression.link(number, userId);
  const [first, ...others] = [
    ...new Set([number, userId, inbound.from].filter((name) => name !== undefined)),
  ];
  return { names: [first ?? inbound.from, ...others], quoted };
}

type Effect = (inbound: InboundMessage, person: Person, ports: ReplyPorts) => Promise<void>;

const EFFECTS: Record<ReplyKind, Effect> = {
  async opt_out(inbound, person, ports) {
    await ports.suppression.record(inbound.channel, person.names, "out", inbound.at);
    await confirm(inbound, person, ports.texts.optOut, ports);
    await tell(await describe("opt_out", inbound, person, ports), ports);
  },
  async opt_in(inbound, person, ports) {
    await ports.suppression.record(inbound.channel, person.names, "in", inbound.at);
    await confirm(inbound, person, ports.texts.optIn, ports);
    await tell(await describe("opt_in", inbound, person, ports), ports);
  },
  async button(inbound, person, ports) {
    await tell(await describe("button", inbound, person, ports), ports);
  },
  async other(inbound, person, ports) {
    const { texts, suppression, state, now } = ports;
    if (!texts.other || (await isAnswered(inbound, person, state, now()))) return;
    for (const name of person.names) if (await suppression.isSuppressed(inbound.channel, name)) return;
    await sendAutoReply(inbound, texts.other, "default-reply", ports);
  },
};

/** True when this person had the default reply today, for another message than this one. */
async function isAnswered(
  inbound: InboundMessage,
  { names: [name] }: Person,
  state: State,
  at: number,
): Promise<boolean> {
  const field = `${inbound.channel} ${name}`;
  const answered = await state.read(autoReplyBucket(at), field);
  if (answered !== null) return answered !== inbound.id;
  if ((await state.increment(autoReplyBucket(at), `${field}#default`)) > 1) return true;
  await state.write(autoReplyBucket(at), field, inbound.id);
  return false;
}

async function confirm(
  inbound: InboundMessage,
  { names: [name] }: Person,
  text: string | undefined,
  ports: ReplyPorts,
): Promise<void> {
  if (!text) return;
  const { state, now } = ports;
  const field = `${inbound.channel} ${name}#confirmations`;
  await once(`${inbound.id} confirmed`, ports, async () => {
    if (Number(await state.read(autoReplyBucket(now()), field)) >= MOST_CONFIRMATIONS_A_DAY) return;
    await sendAutoReply(inbound, text, "confirmation", ports);
    await state.increment(autoReplyBucket(now()), field);
  });
}

/** A job like any other, paced and claimed; its key is the inbound message, so it is sent once. */
async function sendAutoReply(
  inbound: InboundMessage,
  text: string,
  purpose: AutoReplyPurpose,
  ports: ReplyPorts,
): Promise<void> {
  const acceptedAt = inbound.at;
  const envelope = {
    id: inbound.id,
    origin: AUTO_REPLY_ORIGIN,
    purpose,
    from: inbound.to,
    to: inbound.from,
    acceptedAt,
    expiresAt: ports.now() + ports.messageTtlSeconds * 1_000,
  };
  const message: OutboundMessage =
    inbound.channel === "whatsapp"
      ? { ...envelope, channel: "whatsapp", content: { type: "text", text } }
      : { ...envelope, channel: "sms", text };
  await ports.queue.put({ kind: "send", attempt: 1, message });
}

/** The reply as platforms see it, with the message it answers: the quoted one, else the last one sent. */
async function describe(
  kind: ReplyKind,
  inbound: InboundMessage,
  { names, quoted }: Person,
  { correlation }: ReplyPorts,
): Promise<Described> {
  const last = async () => {
    for (const name of names) {
      const found = await correlation.lastTo(inbound.to, name);
      if (found) return found;
    }
    return undefined;
  };
  const answered = quoted ?? (kind === "button" || inbound.channel === "sms" ? undefined : await last());
  const { id, channel, to: sender, at, content } = inbound;
  return {
    kind,
    id,
    channel,
    person: names[0],
    sender,
    at,
    ...(answered ? { messageId: answered.id, origin: answered.origin } : {}),
    ...(content.type === "button" ? { button: { payload: content.payload, text: content.text } } : {}),
  };
}

type Described = InboundReply & { origin?: string };

/**
 * Tells every platform that uses the sender of an opt-out or opt-in, and the one whose message it was of a tap.
 * Steps already done for this message are not done again.
 */
async function tell({ origin, ...reply }: Described, ports: ReplyPorts): Promise<void> {
  for (const { tag, channel, replies } of ports.channels) {
    if (!replies || channel !== reply.channel || (reply.kind === "button" && tag !== origin)) continue;
    // An id of one platform means nothing to another.
    const { messageId, ...anonymous } = reply;
    const own: InboundReply = tag === origin && messageId !== undefined ? reply : anonymous;
    if (replies.wants(own))
      await once(`${reply.id} ${tag} told`, ports, () => tellOrOwe(tag, own, replies, ports));
    if (reply.kind !== "button")
      await once(`${reply.id} ${tag} subscription`, ports, () => replies.subscribe(own));
  }
}

async function once(step: string, { state, now }: ReplyPorts, run: () => Promise<void>): Promise<void> {
  const done = await Promise.all([now(), now() - DAY].map((day) => state.read(inboundBucket(day), step)));
  if (done.includes(DONE)) return;
  await run();
  await state.write(inboundBucket(now()), step, DONE);
}

async function tellOrOwe(
  tag: string,
  reply: InboundReply,
  replies: PlatformReplies,
  { queue, now, log }: ReplyPorts,
): Promise<void> {
  const about = { message_uuid: reply.id, msg_id: reply.messageId, origin: tag, kind: reply.kind };
  try {
    await replies.post(reply);
    log.info(about, "Reply told to the platform");
  } catch (error) {
    if (!asConnectorError(error).retryable) {
      log.error({ ...about, ...loggableError(error) }, "Reply refused by the platform");
      return;
    }
    log.warn({ ...about, ...loggableError(error) }, "Reply owed to the platform: it will be told later");
    await queue.put({ kind: "reply", attempt: 1, origin: tag, reply, expiresAt: now() + OWED_MS });
  }
}
