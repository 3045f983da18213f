import { saidBy } from "../../core/consent.ts";
import { type Events, replyEvent } from "../../core/event.ts";
import type { Keywords } from "../../core/keywords.ts";
import {
  asReply,
  classify,
  type InboundMessage,
  type InboundReply,
  type ReplyKind,
} from "../../core/reply.ts";
import type { Log } from "../../lib/log.ts";
import { type AutoReplyPorts, createAutoReplies } from "./auto-reply.ts";
import type { Conversations } from "./conversations.ts";
import { createSingleFlight, DONE, type Progress, readProgress } from "./idempotency.ts";
import { type Author, identify } from "./identify.ts";
import type { Suppression } from "./suppression.ts";
import { type TellPorts, tellPlatforms } from "./tell-platforms.ts";

export interface InboundPorts extends AutoReplyPorts, TellPorts {
  suppression: Suppression;
  conversations: Conversations;
  /** The WhatsApp numbers this connector sends from; what people say to others is not its business. */
  ownNumbers: readonly string[];
  keywords: { optOut: Keywords; optIn: Keywords };
  /** Auto-replies; an absent one is not sent. */
  texts: { optOut?: string; optIn?: string; other?: string };
  /** Who wants to know of every reply, beside the platforms. */
  events?: Events;
  log: Log;
}

/** `outdated`: the person said something else later, which stays. `ignored`: it was not said to us. */
export type InboundOutcome = ReplyKind | "repeated" | "outdated" | "ignored";

/**
 * Both resolve when everything is done or safely queued, and reject, retryable, when the vendor has to deliver it
 * again; then only what is missing is done. A copy that reaches another replica in the same moment may tell a
 * platform twice; an auto-reply goes out once all the same.
 */
export interface InboundReceiver {
  /** Gives an inbound message its effect. */
  receive(inbound: InboundMessage): Promise<InboundOutcome>;
  /** A carrier's own opt-out, told in an SMS status: the person can get nothing more, and the platform should know. */
  carrierOptOut(optOut: Omit<InboundReply, "kind">): Promise<void>;
}

/** Of the 9 s that a webhook may take, this many are for asking a platform again. */
const PATIENCE_MS = 8_000;

export function createInboundReceiver(ports: InboundPorts): InboundReceiver {
  const { suppression, keywords, texts, now, log } = ports;
  const autoReplies = createAutoReplies(ports);
  const singleFlight = createSingleFlight<InboundOutcome>();

  async function receive(inbound: InboundMessage): Promise<InboundOutcome> {
    const deadline = now() + PATIENCE_MS;
    // On SMS nobody knows which of the account's numbers people were told to text (docs/decisions/0009).
    if (inbound.channel === "whatsapp" && !ports.ownNumbers.includes(inbound.to)) {
      log.info(about(inbound), "Reply ignored: it was sent to a number that is not one of WHATSAPP_NUMBER");
      return "ignored";
    }
    return singleFlight(inbound.id, () => receiveOnce(inbound, deadline));
  }

  async function receiveOnce(inbound: InboundMessage, deadline: number): Promise<InboundOutcome> {
    const progress = await readProgress(ports, inbound.id);
    if (progress.isDone(DONE)) {
      log.info(about(inbound), "Reply repeated: ignored");
      return "repeated";
    }
    const kind = classify(inbound, keywords);
    log.info({ ...about(inbound), kind }, `Reply received: ${kind}`);

    const author = await identify(inbound, kind, ports);
    if (!(await recordConsent(kind, inbound, author))) {
      log.warn({ ...about(inbound), kind }, "Reply outdated: the person said otherwise later");
      await progress.finish(DONE);
      return "outdated";
    }
    await autoReply(kind, inbound, author, progress);
    const [person] = author.names;
    if (kind !== "other") {
      const reply = asReply(kind, inbound, person);
      await tellPlatforms({ reply, answered: author.answered, progress, deadline }, ports);
    }
    ports.events?.emit(replyEvent(kind, inbound, person, author.quoted));
    await progress.finish(DONE);
    return kind;
  }

  /** Resolves to false when the person has said otherwise since. */
  async function recordConsent(
    kind: ReplyKind,
    { channel, at }: InboundMessage,
    { names, learned }: Author,
  ): Promise<boolean> {
    const said = saidBy(kind);
    if (!said) {
      if (learned) await suppression.link(learned.number, learned.userId);
      return true;
    }
    // Recorded under both names, it need not be carried from one to the other.
    const [isLast] = await Promise.all([
      suppression.record(channel, names, said, at),
      learned && suppression.rememberNames(learned.number, learned.userId),
    ]);
    if (!isLast && learned) await suppression.link(learned.number, learned.userId);
    return isLast;
  }

  async function autoReply(
    kind: ReplyKind,
    inbound: InboundMessage,
    author: Author,
    progress: Progress,
  ): Promise<void> {
    const [person] = author.names;
    if (kind === "opt_out" || kind === "opt_in") {
      const text = kind === "opt_out" ? texts.optOut : texts.optIn;
      if (text) await autoReplies.confirm(inbound, person, text, progress);
    }
    // A photo or a thumbs-up asks nothing: only words are answered with words.
    if (kind !== "other" || !texts.other || inbound.content.type !== "text") return;
    if (!(await hasOptedOut(inbound, author))) await autoReplies.answer(inbound, person, texts.other);
  }

  async function hasOptedOut({ channel }: InboundMessage, { names }: Author): Promise<boolean> {
    const found = await Promise.all(names.map((name) => suppression.isSuppressed(channel, name)));
    return found.includes(true);
  }

  async function receiveCarrierOptOut(
    { messageId, ...optOut }: Omit<InboundReply, "kind">,
    deadline: number,
  ) {
    const { id, channel, person, at } = optOut;
    const fields = { msg_id: messageId, message_uuid: id, channel };
    if (!(await suppression.record(channel, [person], "out", at))) {
      log.warn(fields, "The carrier reports an opt-out, but the person has opted in since: ignored");
      return "outdated";
    }
    log.info(fields, "The carrier reports an opt-out: recorded");
    const progress = await readProgress(ports, `carrier ${id}`);
    const reply = { ...optOut, kind: "opt_out" as const };
    await tellPlatforms({ reply, progress, deadline }, ports);
    await progress.once(DONE, async () => ports.events?.emit({ ...reply, messageId }));
    return "opt_out";
  }

  return {
    receive,
    async carrierOptOut(optOut) {
      const deadline = now() + PATIENCE_MS;
      await singleFlight(`carrier ${optOut.id}`, () => receiveCarrierOptOut(optOut, deadline));
    },
  };
}

const about = ({ id, channel }: InboundMessage) => ({ message_uuid: id, channel });
