import type { Keywords } from "./keywords.ts";
import { matches } from "./keywords.ts";
import type { Channel } from "./message.ts";

/** Something a person sent us, in words every platform understands. */
export interface InboundMessage {
  /** The vendor's id: the same for every delivery of the same message. */
  id: string;
  channel: Channel;
  /** Who wrote, as the vendor addresses them: digits, or a WhatsApp user id. Where answers go. */
  from: string;
  /** Digits, where the vendor tells them; `from` may hide them. */
  number?: string;
  /** The WhatsApp user id, where there is one. */
  userId?: string;
  /** Our sender they wrote to. */
  to: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** The vendor's id of the message of ours that was quoted, tapped or reacted to. */
  quotedVendorId?: string;
  content:
    | { type: "text"; text: string }
    | { type: "button"; payload: string; text: string }
    | { type: "other" };
}

export type ReplyKind = "opt_out" | "opt_in" | "button" | "other";

/** What a platform is told about an inbound message. */
export interface InboundReply {
  kind: ReplyKind;
  id: string;
  channel: Channel;
  /** Digits where known, else the WhatsApp user id. */
  person: string;
  /** Our sender they wrote to. */
  sender: string;
  at: number;
  /** The platform's own id of the message that is answered, where it is known. */
  messageId?: string;
  button?: { payload: string; text: string };
}

/** What an inbound message means. A keyword counts as text, on a button and as the title of a choice. */
export function classify(
  { content }: InboundMessage,
  keywords: { optOut: Keywords; optIn: Keywords },
): ReplyKind {
  if (content.type === "other") return "other";
  const said = content.type === "text" ? [content.text] : [content.text, content.payload];
  if (said.some((text) => matches(keywords.optOut, text))) return "opt_out";
  if (said.some((text) => matches(keywords.optIn, text))) return "opt_in";
  return content.type === "button" ? "button" : "other";
}
