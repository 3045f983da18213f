import { z } from "zod";

export const channel = z.enum(["whatsapp", "sms"]);
export type Channel = z.output<typeof channel>;
/** As people write it; log lines that guides promise have it. */
export const CHANNEL_LABEL: Record<Channel, string> = { whatsapp: "WhatsApp", sms: "SMS" };

/** The confirmation of an opt-out is the one message a person still gets who has opted out. */
const autoReplyPurpose = z.enum(["opt-out-confirmation", "opt-in-confirmation", "default-reply"]);
export type AutoReplyPurpose = z.output<typeof autoReplyPurpose>;

/** Tag of the connector's own auto-replies, where platform channels have theirs. Their statuses are nobody's. */
export const AUTO_REPLY_ORIGIN = "ar";

/** Meta's template object, kept exactly as the platform sent it, keys unknown to us included. */
export interface Template {
  name: string;
  language: { code: string };
  components?: unknown[];
}

const templateShape = z.object({
  name: z.string(),
  language: z.object({ code: z.string() }),
  components: z.array(z.unknown()).optional(),
});

/** Looked at and kept by reference: a parsed copy would have other keys in another order. */
const template = z.custom<Template>((value) => templateShape.safeParse(value).success);

const envelope = {
  /** The platform's message id, verbatim; ours where the platform gives none. */
  id: z.string(),
  /** The tag of the platform channel that accepted the message, so that its reports find their way back. */
  origin: z.string(),
  /** Digits without `+`; for SMS also an alphanumeric sender id. */
  from: z.string(),
  /** Digits without `+`; for WhatsApp also a business-scoped user id such as `US.1349…`. */
  to: z.string(),
  /** Milliseconds since the epoch. */
  acceptedAt: z.number(),
  /** Milliseconds since the epoch; not sent after it. */
  expiresAt: z.number(),
  /** Only on the connector's own auto-replies. */
  purpose: autoReplyPurpose.optional(),
};

/** What a picture, a film, a sound or a file is called in a send and in an answer. */
export const mediaKind = z.enum(["image", "video", "audio", "file"]);
export type MediaKind = z.output<typeof mediaKind>;

const whatsappMessage = z.strictObject({
  ...envelope,
  channel: z.literal("whatsapp"),
  content: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("template"), template }),
    z.strictObject({ type: z.literal("text"), text: z.string() }),
    z.strictObject({
      type: z.literal("media"),
      media: mediaKind,
      url: z.string(),
      /** None with `audio`. */
      caption: z.string().optional(),
      /** Of a `file` alone. */
      name: z.string().optional(),
    }),
  ]),
});
export type WhatsAppMessage = z.output<typeof whatsappMessage>;

const smsMessage = z.strictObject({
  ...envelope,
  channel: z.literal("sms"),
  text: z.string(),
  /** Seconds the operator may keep trying; the vendor's default when absent. */
  ttlSeconds: z.number().optional(),
  /** Regulatory ids (India DLT): registered template and entity. */
  contentId: z.string().optional(),
  entityId: z.string().optional(),
});
export type SmsMessage = z.output<typeof smsMessage>;

/**
 * What every platform's send becomes and every channel is sent from. A new channel is one more arm: the
 * compiler then names each place that must handle it. What is changed here changes the jobs on the queue:
 * see VERSION in job.ts.
 */
export const outboundMessage = z.discriminatedUnion("channel", [whatsappMessage, smsMessage]);
export type OutboundMessage = z.output<typeof outboundMessage>;

/** A message whose content is too large for the queue, and is kept in State until the message is settled. */
export const offloadedMessage = z.strictObject({
  ...envelope,
  channel,
  contentKey: z.string(),
  /** Its content is none of a template. */
  isChat: z.literal(true).optional(),
});
export type OffloadedMessage = z.output<typeof offloadedMessage>;

/** Whether it is what is written in a chat: on WhatsApp, anything but a template. */
export const isChat = (message: QueuedMessage): boolean =>
  "content" in message
    ? message.content.type !== "template"
    : "contentKey" in message && message.isChat === true;

/** A message with its content or with the key of it: either tells all that decides whether and when it is sent. */
export type QueuedMessage = OutboundMessage | OffloadedMessage;

/** What is needed of a message to report that it failed. */
export const reportable = z.strictObject({
  id: envelope.id,
  origin: envelope.origin,
  channel,
  to: envelope.to,
});
export type Reportable = z.output<typeof reportable>;

/** Keeps the last four characters of a phone number, for log lines and error messages. */
export function mask(value: string): string {
  return value.length <= 4 ? "****" : `${"*".repeat(Math.min(value.length - 4, 12))}${value.slice(-4)}`;
}

/** A phone number as the console shows it: its last four digits. */
export const shortened = (number: string): string => `…${mask(number).slice(-4)}`;
