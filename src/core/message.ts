export type Channel = "whatsapp" | "sms";

interface Envelope {
  /** The platform's message id, verbatim; ours where the platform gives none. */
  id: string;
  /** The tag of the platform channel that accepted the message, so that its reports find their way back. */
  origin: string;
  /** Digits without `+`; for SMS also an alphanumeric sender id. */
  from: string;
  /** Digits without `+`; for WhatsApp also a business-scoped user id such as `US.1349…`. */
  to: string;
  /** Milliseconds since the epoch. */
  acceptedAt: number;
  /** Milliseconds since the epoch; not sent after it. */
  expiresAt: number;
  /** Only on the connector's own auto-replies. */
  purpose?: AutoReplyPurpose;
}

/** A confirmation of an opt-out is the one message a person still gets who has opted out. */
export type AutoReplyPurpose = "confirmation" | "default-reply";

/** Tag of the connector's own auto-replies, where platform channels have theirs. Their statuses are nobody's. */
export const AUTO_REPLY_ORIGIN = "ar";

/** Meta's template object, kept exactly as the platform sent it, keys unknown to us included. */
export interface Template {
  name: string;
  language: { code: string };
  components?: unknown[];
}

export interface WhatsAppMessage extends Envelope {
  channel: "whatsapp";
  content: { type: "template"; template: Template } | { type: "text"; text: string };
}

export interface SmsMessage extends Envelope {
  channel: "sms";
  text: string;
  /** Seconds the operator may keep trying; the vendor's default when absent. */
  ttlSeconds?: number;
  /** Regulatory ids (India DLT): registered template and entity. */
  contentId?: string;
  entityId?: string;
}

/**
 * What every platform's send becomes and every channel is sent from. A new channel is one more arm: the
 * compiler then names each place that must handle it.
 */
export type OutboundMessage = WhatsAppMessage | SmsMessage;

/** Keeps the last four characters of a phone number, for log lines and error messages. */
export function mask(value: string): string {
  return value.length <= 4 ? "****" : `${"*".repeat(Math.min(value.length - 4, 12))}${value.slice(-4)}`;
}
