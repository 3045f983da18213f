import type { Channel } from "./message.ts";
import type { InboundMessage, ReplyKind } from "./reply.ts";
import type { DeliveryReport } from "./report.ts";

/** Something that happened between a person and the brand, for whoever keeps a history of it. */
export interface EngagementEvent {
  kind: ReplyKind | "failed";
  /** The vendor's id of an inbound message; the platform's id of a message that failed. */
  id: string;
  channel: Channel;
  /** Digits where known, else the WhatsApp user id. */
  person: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Our sender, where it is known. */
  sender?: string;
  /** The platform's id of the message it is about, and the tag of that platform's channel, where they are known. */
  messageId?: string;
  origin?: string;
  /** What the person wrote, or the words on the button. */
  text?: string;
  payload?: string;
  error?: { code: string; description: string };
}

export interface Events {
  /** Takes note and returns at once; never throws. What cannot be kept is dropped. */
  emit(event: EngagementEvent): void;
}

/** A reply as an event: of the platform whose message it answers, as far as that is known, and about the one it quotes. */
export function replyEvent(
  kind: ReplyKind,
  { id, channel, to: sender, at, content }: InboundMessage,
  person: string,
  { quoted, answered }: { quoted?: { id: string; origin: string }; answered?: { origin: string } },
): EngagementEvent {
  return {
    ...{ kind, id, channel, person, sender, at },
    ...(answered ? { origin: answered.origin } : {}),
    ...(quoted ? { messageId: quoted.id } : {}),
    ...wordsOf(content),
  };
}

function wordsOf(content: InboundMessage["content"]): { text?: string; payload?: string } {
  switch (content.type) {
    case "text":
      return { text: content.text };
    case "button":
      return { text: content.text, payload: content.payload };
    case "choice":
      return { text: content.title, payload: content.id };
    default:
      return {};
  }
}

/** A final failure as an event. */
export function failureEvent({ origin, channel, id, at, to, error }: DeliveryReport): EngagementEvent {
  return {
    ...{ kind: "failed", id, channel, person: to, at, messageId: id, origin },
    ...(error ? { error } : {}),
  };
}
