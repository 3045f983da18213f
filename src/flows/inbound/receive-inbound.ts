import { type Events, replyEvent } from "../../core/event.ts";
import { OUTBOX_MS } from "../../core/job.ts";
import type { Keywords } from "../../core/keywords.ts";
import { classify, type InboundMessage, type InboundReply, type ReplyKind } from "../../core/reply.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel, PlatformReplies } from "../../platforms/platform.ts";
import type { Turns } from "../status/turns.ts";
import { type AutoReplyPorts, createAutoReplies } from "./auto-reply.ts";
import type { Correlation, SentMessage } from "./conversations.ts";
import { createSteps } from "./idempotency.ts";
import type { Said, Suppression } from "./suppression.ts";

export interface ReplyPorts extends AutoReplyPorts {
  channels: readonly PlatformChannel[];
  turns: Turns;
  suppression: Suppression;
  correlation: Correlation;
  /** The WhatsApp numbers this connector sends from; what people say to others is not its business. */
  ownNumbers: readonly string[];
  keywords: { optOut: Keywords; optIn: Keywords };
  /** Auto-replies; an absent one is not sent. */
  texts: { optOut?: string; optIn?: string; other?: string };
  /** Who wants to know of every reply, beside the platforms. */
  events?: Events;
  now: Clock;
  log: Log;
}

/** `outdated`: the person said something else later, which stays. `ignored`: it was not said to us. */
export type ReplyOutcome = ReplyKind | "repeated" | "outdated" | "ignored";

/**
 * Both resolve when everything is done or safely owed, and reject, retryable, when the vendor has to deliver it
 * again; then only what is missing is done.
 */
export interface Replies {
  /** Gives an inbound message its effect. */
  reply(inbound: InboundMessage): Promise<ReplyOutcome>;
  /** A carrier's own opt-out, told in an SMS status: the person can get nothing more, and the platform should know. */
  carrierOptOut(optOut: Omit<InboundReply, "kind">): Promise<void>;
}

/** Of the 9 s that a webhook may take, this many are for asking a platform again. */
const PATIENCE_MS = 8_000;

interface Person {
  /** Every name they are known under, the phone number first where it is known. */
  names: [string, ...string[]];
  /** The message of ours that was quoted. */
  quoted: SentMessage | undefined;
}

/** The reply as platforms see it, and the channel of the message it answers. */
type Described = InboundReply & { origin?: string };

const SAID: Partial<Record<ReplyKind, { said: Said; text: "optOut" | "optIn" }>> = {
  opt_out: { said: "out", text: "optOut" },
  opt_in: { said: "in", text: "optIn" },
};

export function createReplies(ports: ReplyPorts): Replies {
  const { channels, queue, state, turns, suppression, correlation, keywords, texts, now, log } = ports;
  const steps = createSteps(state, now);
  const autoReplies = createAutoReplies(ports, steps);
  /** Copies of a webhook that arrive while it is being handled share its outcome. */
  const underWay = new Map<string, Promise<ReplyOutcome>>();

  async function alone(id: string, handle: () => Promise<ReplyOutcome>): Promise<ReplyOutcome> {
    const before = underWay.get(id);
    if (before) return before;
    const handling = inTurn(id, handle).finally(() => underWay.delete(id));
    underWay.set(id, handling);
    return handling;
  }

  /** A copy that reached another replica waits for this one, and then finds everything done. */
  async function inTurn(id: string, handle: () => Promise<ReplyOutcome>): Promise<ReplyOutcome> {
    const endTurn = await turns.take(`inbound ${id}`);
    try {
      return await handle();
    } finally {
      endTurn();
    }
  }

  async function handle(inbound: InboundMessage): Promise<ReplyOutcome> {
    const deadline = now() + PATIENCE_MS;
    const about = { message_uuid: inbound.id, channel: inbound.channel };
    // On SMS nobody knows which of the account's numbers people were told to text (docs/decisions/0009).
    if (inbound.channel === "whatsapp" && !ports.ownNumbers.includes(inbound.to)) {
      log.info(about, "Reply ignored: it was sent to a number that is not one of WHATSAPP_NUMBER");
      return "ignored";
    }
    return alone(inbound.id, () => handleOwn(inbound, deadline));
  }

  async function handleOwn(inbound: InboundMessage, deadline: number): Promise<ReplyOutcome> {
    const about = { message_uuid: inbound.id, channel: inbound.channel };
    if (await steps.isDone(inbound.id)) {
      log.info(about, "Reply repeated: ignored");
      return "repeated";
    }
    const kind = classify(inbound, keywords);
    log.info({ ...about, kind }, `Reply received: ${kind}`);
    const outcome = await take(kind, inbound, deadline);
    if (outcome === "outdated")
      log.warn({ ...about, kind }, "Reply outdated: the person said otherwise later");
    await steps.finish(inbound.id);
    return outcome;
  }

  async function take(kind: ReplyKind, inbound: InboundMessage, deadline: number): Promise<ReplyOutcome> {
    const { channel, at, content } = inbound;
    const person = await identify(inbound);
    const [name] = person.names;
    const choice = SAID[kind];
    if (choice) {
      if (!(await suppression.record(channel, person.names, choice.said, at))) return "outdated";
      await autoReplies.confirm(inbound, name, texts[choice.text]);
    }
    if (kind !== "other") await tell(await describe(kind, inbound, person), deadline);
    // A photo or a thumbs-up asks nothing: only words are answered with words.
    else if (texts.other && content.type === "text" && !(await hasOptedOut(inbound, person))) {
      await autoReplies.answer(inbound, name, texts.other);
    }
    ports.events?.emit(replyEvent(kind, inbound, name, person.quoted));
    return kind;
  }

  /** Whoever hides the number is known by the message they answer, or by what was learned of them before, or by their id alone. */
  async function identify({ channel, from, userId, ...inbound }: InboundMessage): Promise<Person> {
    const quoted = inbound.quotedVendorId ? await correlation.byVendorId(inbound.quotedVendorId) : undefined;
    const told = inbound.number ?? (quoted && /^\d+$/.test(quoted.to) ? quoted.to : undefined);
    if (told && userId) await suppression.link(told, userId);
    const number = told ?? (await suppression.otherName(channel, from));
    const user = userId ?? (await suppression.otherName(channel, number ?? from));
    const [first = from, ...others] = new Set([number, user, from].filter((name) => name !== undefined));
    return { names: [first, ...others], quoted };
  }

  async function hasOptedOut({ channel }: InboundMessage, { names }: Person): Promise<boolean> {
    const found = await Promise.all(names.map((name) => suppression.isSuppressed(channel, name)));
    return found.includes(true);
  }

  /** With the message it answers: the quoted one; for a word on WhatsApp, else the last one sent. */
  async function describe(
    kind: ReplyKind,
    { id, channel, to: sender, at, content }: InboundMessage,
    { names, quoted }: Person,
  ): Promise<Described> {
    const isWord = kind !== "button" && channel === "whatsapp";
    const answered = quoted ?? (isWord ? await lastTo(sender, names) : undefined);
    return {
      ...{ kind, id, channel, person: names[0], sender, at },
      ...(answered ? { messageId: answered.id, origin: answered.origin } : {}),
      ...(content.type === "button" ? { button: { payload: content.payload, text: content.text } } : {}),
      ...(content.type === "choice" ? { button: { payload: content.id, text: content.title } } : {}),
    };
  }

  async function lastTo(sender: string, names: readonly string[]): Promise<SentMessage | undefined> {
    const found = await Promise.all(names.map((name) => correlation.lastTo(sender, name)));
    return found.find((message) => message !== undefined);
  }

  /**
   * Tells every platform that uses the sender of an opt-out or opt-in, and the one whose message it was of a tap.
   * Steps already done for this message are not done again.
   */
  async function tell({ origin, ...reply }: Described, deadline: number): Promise<void> {
    let isTold = false;
    for (const { tag, channel, replies } of channels) {
      if (!replies || channel !== reply.channel || (reply.kind === "button" && tag !== origin)) continue;
      // An id of one platform means nothing to another.
      const { messageId, ...anonymous } = reply;
      const own: InboundReply = tag === origin && messageId !== undefined ? reply : anonymous;
      if (replies.wants(own)) {
        isTold = true;
        await steps.once(`${reply.id} ${tag} told`, () => tellOrOwe(tag, own, replies));
      }
      if (reply.kind !== "button")
        await steps.once(`${reply.id} ${tag} subscription`, () => replies.subscribe(own, deadline));
    }
    if (reply.kind === "button" && !isTold) {
      const reason =
        origin === undefined ? "the message it answers is not known" : "its platform takes no taps";
      log.warn({ message_uuid: reply.id, msg_id: reply.messageId, origin }, `Tap dropped: ${reason}`);
    }
  }

  async function tellOrOwe(tag: string, reply: InboundReply, replies: PlatformReplies): Promise<void> {
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
      await queue.put({ kind: "reply", attempt: 1, origin: tag, reply, expiresAt: now() + OUTBOX_MS });
    }
  }

  return {
    reply: handle,

    async carrierOptOut(optOut) {
      const deadline = now() + PATIENCE_MS;
      await alone(`carrier ${optOut.id}`, async () => {
        const about = { msg_id: optOut.messageId, message_uuid: optOut.id, channel: optOut.channel };
        if (!(await suppression.record(optOut.channel, [optOut.person], "out", optOut.at))) {
          log.warn(about, "The carrier reports an opt-out, but the person has opted in since: ignored");
          return "outdated";
        }
        log.info(about, "The carrier reports an opt-out: recorded");
        await tell({ ...optOut, kind: "opt_out" }, deadline);
        await steps.once(`${optOut.id} emitted`, async () =>
          ports.events?.emit({ ...optOut, kind: "opt_out" }),
        );
        return "opt_out";
      });
    },
  };
}
