import type { EngagementEvent } from "../../../src/core/event.ts";
import { parseKeywords } from "../../../src/core/keywords.ts";
import type { OutboundMessage } from "../../../src/core/message.ts";
import type { State } from "../../../src/core/ports.ts";
import type { InboundMessage, InboundReply } from "../../../src/core/reply.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { createInboundReceiver, type InboundPorts } from "../../../src/flows/inbound/receive-inbound.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import {
  createClock,
  createFakeChannel,
  createMemoryQueue,
  createMemoryState,
  createRecordingLog,
  T0,
  whatsappMessage,
} from "../../support/ports.ts";

export const [NUMBER, USER, WABA] = ["447700900123", "US.13491208655302741918", "14155550100"];

export const said = (text: string, over: Partial<InboundMessage> = {}): InboundMessage => ({
  ...{ id: "in-1", channel: "whatsapp", from: NUMBER, number: NUMBER, to: WABA, at: T0 },
  content: { type: "text", text },
  ...over,
});

export const tapped = (text: string, payload: string, over: Partial<InboundMessage> = {}): InboundMessage =>
  said("", { content: { type: "button", text, payload }, quotedVendorId: "out-1", ...over });

/** A channel whose platform can be told of replies; each step's outcome can be decided. */
export function createReplyChannel(tag: string, channel: "whatsapp" | "sms" = "whatsapp") {
  const told: InboundReply[] = [];
  const subscribed: InboundReply[] = [];
  const outcomes = {
    post: async () => {},
    subscribe: async (_stillStands: () => Promise<boolean>) => {},
  };
  return {
    ...createFakeChannel(tag),
    ...{ channel, told, subscribed, outcomes },
    replies: {
      wants: ({ kind, messageId }: InboundReply) =>
        channel === "whatsapp" && (kind === "button" ? messageId !== undefined : kind !== "other"),
      async post(reply: InboundReply) {
        await outcomes.post();
        told.push(reply);
      },
      async subscribe(reply: InboundReply, _deadline: number, stillStands: () => Promise<boolean>) {
        await outcomes.subscribe(stillStands);
        subscribed.push(reply);
      },
    },
  };
}

export function createInboundWorld(
  texts: InboundPorts["texts"] = { optOut: "Bye", optIn: "Welcome", other: "Pardon?" },
) {
  const [now, log, queue, state] = [
    createClock(),
    createRecordingLog(),
    createMemoryQueue(),
    createMemoryState(),
  ];
  const [channel, other, sms] = [
    createReplyChannel("mw"),
    createReplyChannel("ww"),
    createReplyChannel("ms", "sms"),
  ];
  const conversations = createConversations(state, now, log);
  const suppression = createSuppression(state, now);
  const channels = [channel, other, sms];
  const events: EngagementEvent[] = [];
  /** Another process over the same State and queue; `far` is its own way to that State, `tags` its channels. */
  const open = (
    far: State = state,
    suppression = createSuppression(far, now),
    tags: readonly string[] = channels.map(({ tag }) => tag),
  ) =>
    createInboundReceiver({
      ...{ queue, now, log, texts, conversations, messageTtlSeconds: 86_400 },
      ...{ state: far, suppression, events: { emit: (event) => void events.push(event) } },
      channels: channels.filter(({ tag }) => tags.includes(tag)),
      ownNumbers: [WABA],
      keywords: { optOut: parseKeywords(["STOP", "BAJA"]), optIn: parseKeywords(["START"]) },
    });
  const receiver = open();
  return {
    ...{ now, log, queue, state, events, channel, other, sms, conversations, suppression, receiver, open },
    receive: receiver.receive,
    sent: (id = "m-1", vendorId = "out-1", to = NUMBER) =>
      conversations.remember(whatsappMessage({ id, to, from: WABA }), vendorId),
    /** What waits on the queue, in short. */
    queued: () =>
      queue.jobs.map((job) => {
        if (job.kind !== "send") return job.kind;
        const message = job.message as OutboundMessage;
        const text =
          message.channel === "sms"
            ? message.text
            : message.content.type === "text"
              ? message.content.text
              : "";
        return `${message.purpose} ${message.id} to ${message.to}: ${text}`;
      }),
  };
}
