import { PHONE_NUMBER } from "../../core/recipient.ts";
import type { InboundReply, Said } from "../../core/reply.ts";
import { MAX_INCOMING_TEXT, PAYLOAD_VERSION, type SmsEvents, type WhatsAppInbound } from "./contract.ts";

/** The words that CleverTap reads, whatever keyword, language or button the person used. */
const CANONICAL = { opt_out: "STOP", opt_in: "START" } as const;

/** The text that a reply is to CleverTap, which has no word for a tap; undefined for what is no text. */
function textOf({ kind, button, said }: InboundReply): string | undefined {
  if (kind === "opt_out" || kind === "opt_in") return CANONICAL[kind];
  const text = kind === "button" ? button?.text || button?.payload : said?.type === "text" ? said.text : "";
  return text || undefined;
}

/**
 * A reply as CleverTap's incoming message; undefined for what it has no place for, for people without a number, and for
 * what answers no message of its own: only opt-outs and opt-ins concern it then.
 */
export function replyToInbound(reply: InboundReply): WhatsAppInbound | undefined {
  const isConsent = reply.kind === "opt_out" || reply.kind === "opt_in";
  if (reply.messageId === undefined && !isConsent) return undefined;
  // Whoever hides the number has an id of WhatsApp's, which CleverTap knows nobody by.
  if (!PHONE_NUMBER.test(reply.person)) return undefined;
  const common = {
    payloadVersion: PAYLOAD_VERSION,
    from: reply.person,
    wabaNumber: reply.sender,
    timestamp: String(Math.floor(reply.at / 1_000)),
    ...(reply.messageId === undefined ? {} : { context: { id: reply.messageId } }),
  } as const;
  const body = textOf(reply);
  if (body !== undefined) return { ...common, type: "text", text: { body } };
  switch (reply.said?.type) {
    case "media":
      return { ...common, ...mediaOf(reply.said) };
    case "location": {
      const { type, latitude, longitude, ...more } = reply.said;
      return {
        ...common,
        type,
        location: { latitude: String(latitude), longitude: String(longitude), ...more },
      };
    }
    default:
      return undefined;
  }
}

function mediaOf({ media, url, caption, name }: Extract<Said, { type: "media" }>) {
  const [mimeType] = name?.match(/\.[A-Za-z0-9]{1,8}$/) ?? [];
  const given = {
    mediaURL: url,
    ...(caption === undefined ? {} : { caption }),
    ...(mimeType === undefined ? {} : { mimeType }),
  };
  switch (media) {
    case "image":
      return { type: "image" as const, image: given };
    case "video":
      return { type: "video" as const, video: given };
    case "audio":
      return { type: "audio" as const, audio: given };
    case "file":
      return { type: "file" as const, file: given, document: given };
  }
}

/** A reply as an event of the message that it answers, the last one to that person; undefined where there is none. */
export function replyToEvents(reply: InboundReply): SmsEvents[] | undefined {
  const text = textOf(reply);
  if (text === undefined || reply.messageId === undefined) return undefined;
  const data = {
    ts: Math.floor(reply.at / 1_000),
    meta: reply.messageId,
    toPhone: reply.sender,
    incomingText: [...text].slice(0, MAX_INCOMING_TEXT).join(""),
  };
  return [{ event: "replied", data: [data] }];
}
