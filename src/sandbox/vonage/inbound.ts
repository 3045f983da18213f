import { randomUUID } from "node:crypto";

type Content = Record<string, unknown>;

const media = (name: string) => ({ url: `https://api-eu.nexmo.com/v3/media/${randomUUID()}`, name });

/** Samples of what people send, by `message_type`. `flow` is a button whose payload is an object. */
const CONTENTS = {
  text: { message_type: "text", text: "Hello" },
  button: {
    message_type: "button",
    button: { payload: "Yes-Button-Payload", text: "Yes", subtype: "template" },
  },
  flow: {
    message_type: "button",
    button: { payload: { screen: "DONE", visitDate: "2025-02-03" }, text: "sent", subtype: "flow" },
  },
  reply: {
    message_type: "reply",
    reply: { id: "row1", title: "9am", description: "Select 9am appointment time" },
  },
  image: { message_type: "image", image: { ...media("photo.jpg"), caption: "Look" } },
  video: { message_type: "video", video: media("clip.mp4") },
  audio: { message_type: "audio", audio: media("voice.ogg") },
  file: { message_type: "file", file: media("bill.pdf") },
  sticker: { message_type: "sticker", sticker: media("sticker.webp") },
  location: { message_type: "location", location: { lat: 40.34, long: -74.0, name: "Pier" } },
  contacts: {
    message_type: "contacts",
    contacts: [{ name: { formatted_name: "Jane Smith" }, phones: [{ phone: "+447700900000" }] }],
  },
  order: {
    message_type: "order",
    order: {
      catalog_id: "2511725995796",
      product_items: [{ product_retailer_id: "sku1", quantity: "2", item_price: "9.99", currency: "EUR" }],
    },
  },
  reaction: { message_type: "reaction", reaction: { action: "react", emoji: "👍" } },
  unsupported: { message_type: "unsupported", provider_message: "Message type is currently not supported" },
} satisfies Record<string, Content>;

/** The id by which WhatsApp names a person to this business; always the same for the same number. */
export const userIdOf = (number: string) => `US.1${[...number].reverse().join("")}`;

export type InboundKind = keyof typeof CONTENTS;
export const INBOUND_KINDS = Object.keys(CONTENTS) as InboundKind[];

/**
 * The body of an inbound WhatsApp webhook, version v1. `contextUuid` is the uuid of the message answered;
 * `content` replaces fields of the sample, such as `{ text: "STOP" }`.
 */
export function whatsappInbound(
  kind: InboundKind,
  party: { from: string; to: string; contextUuid?: string },
  content: Content = {},
): Content {
  const { from, to, contextUuid } = party;
  const uuid = randomUUID();
  return {
    channel: "whatsapp",
    message_uuid: uuid,
    to,
    from,
    timestamp: new Date().toISOString(),
    profile: { name: "Jane Smith" },
    context_status: contextUuid === undefined ? "none" : "available",
    ...(contextUuid === undefined ? {} : { context: { message_uuid: contextUuid, message_from: to } }),
    whatsapp: { waba_id: "104996122399160", sender: { user_id: userIdOf(from), wa_id: from } },
    _self: { href: `https://api-eu.vonage.com/v1/messages/${uuid}` },
    ...CONTENTS[kind],
    ...content,
  };
}

/** The body of an inbound SMS webhook, version v1; an SMS never says which message it answers. */
export function smsInbound(party: { from: string; to: string }, text: string): Content {
  return {
    channel: "sms",
    message_uuid: randomUUID(),
    ...party,
    timestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    text,
    message_type: "text",
    sms: {
      num_messages: String(Math.ceil(text.length / 160)),
      keyword: (text.split(" ")[0] ?? "").toUpperCase(),
    },
    usage: { currency: "EUR", price: "0.0333" },
    origin: { network_code: "23430" },
  };
}
