import { z } from "zod";
import type { Keywords } from "./keywords.ts";
import { matches } from "./keywords.ts";
import { type Channel, channel, type MediaKind, mediaKind } from "./message.ts";

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
    /** A choice from a list or of an interactive message. */
    | { type: "choice"; id: string; title: string }
    | { type: "media"; media: MediaKind; url: string; caption?: string; name?: string }
    | { type: "location"; latitude: number; longitude: number; name?: string; address?: string; url?: string }
    | { type: "other" };
}

const replyKind = z.enum(["opt_out", "opt_in", "button", "other"]);
export type ReplyKind = z.output<typeof replyKind>;

/** What a person wrote that is neither consent nor a tap, for a platform where somebody may answer. */
const said = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("media"),
    media: mediaKind,
    url: z.string(),
    caption: z.string().optional(),
    name: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("location"),
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().optional(),
    address: z.string().optional(),
    url: z.string().optional(),
  }),
]);
export type Said = z.output<typeof said>;

/** What a platform is told about an inbound message. A change of it changes the jobs on the queue: see VERSION in job.ts. */
export const inboundReply = z.strictObject({
  kind: replyKind,
  id: z.string(),
  channel,
  /** Digits where known, else the WhatsApp user id. */
  person: z.string(),
  /** Our sender they wrote to. */
  sender: z.string(),
  at: z.number(),
  /** The platform's own id of the message that is answered, where it is known. */
  messageId: z.string().optional(),
  button: z.strictObject({ payload: z.string(), text: z.string() }).optional(),
  /** Only with `other`, and only where it can be told. */
  said: said.optional(),
});
export type InboundReply = z.output<typeof inboundReply>;

/** An SMS status by which a carrier says that the person has opted out; `messageId` is that of our message. */
export type CarrierOptOut = Omit<InboundReply, "kind">;

/** What an inbound message means. A keyword counts as text, on a button and as the title of a choice. */
export function classify(
  { content }: InboundMessage,
  keywords: { optOut: Keywords; optIn: Keywords },
): ReplyKind {
  const said = wordsOf(content);
  if (said.some((text) => matches(keywords.optOut, text))) return "opt_out";
  if (said.some((text) => matches(keywords.optIn, text))) return "opt_in";
  return content.type === "button" || content.type === "choice" ? "button" : "other";
}

/** What platforms are told of it; which message it answers is told only to the platform whose message that is. */
export function asReply(
  kind: ReplyKind,
  { id, channel, to: sender, at, content }: InboundMessage,
  person: string,
): InboundReply {
  return {
    ...{ kind, id, channel, person, sender, at },
    button: buttonOf(content),
    said: kind === "other" ? saidIn(content) : undefined,
  };
}

function saidIn(content: InboundMessage["content"]): Said | undefined {
  switch (content.type) {
    case "text":
    case "media":
    case "location":
      return content;
    default:
      return undefined;
  }
}

function buttonOf(content: InboundMessage["content"]): InboundReply["button"] {
  switch (content.type) {
    case "button":
      return { payload: content.payload, text: content.text };
    case "choice":
      return { payload: content.id, text: content.title };
    default:
      return undefined;
  }
}

/** The words the person saw and meant. */
function wordsOf(content: InboundMessage["content"]): string[] {
  switch (content.type) {
    case "text":
      return [content.text];
    case "button":
      return [content.text, content.payload];
    case "choice":
      return [content.title];
    default:
      return [];
  }
}
