import type { OutboundMessage } from "../core/message.ts";

/** A body of `POST /v1/messages`. */
export type MessageRequest = {
  channel: string;
  message_type: string;
  to: string;
  from: string;
  client_ref: string;
} & Record<string, unknown>;

/** Where the message's own statuses go; absent, the application's status URL is used. */
export interface StatusTarget {
  webhookUrl?: string;
}

/** A message as Vonage's request body. Template components leave exactly as the platform sent them. */
export function toRequest(
  message: OutboundMessage,
  clientRef: string,
  target: StatusTarget = {},
): MessageRequest {
  return {
    ...contentOf(message),
    to: message.to,
    from: message.from,
    client_ref: clientRef,
    ...(target.webhookUrl ? { webhook_url: target.webhookUrl, webhook_version: "v1" } : {}),
  };
}

function contentOf(
  message: OutboundMessage,
): { channel: string; message_type: string } & Record<string, unknown> {
  switch (message.channel) {
    case "whatsapp":
      return { channel: "whatsapp", ...whatsappContent(message.content) };
    case "sms":
      return smsContent(message);
  }
}

type WhatsAppContent = Extract<OutboundMessage, { channel: "whatsapp" }>["content"];

function whatsappContent(content: WhatsAppContent): { message_type: string } & Record<string, unknown> {
  if (content.type === "text") return { message_type: "text", text: content.text };
  if (content.type === "media") {
    const { media, url, caption, name } = content;
    return { message_type: media, [media]: { url, caption, name } };
  }
  const { template } = content;
  const language = { ...template.language, policy: "deterministic" };
  return { message_type: "custom", custom: { type: "template", template: { ...template, language } } };
}

function smsContent(message: Extract<OutboundMessage, { channel: "sms" }>) {
  const regulatory = {
    ...(message.contentId ? { content_id: message.contentId } : {}),
    ...(message.entityId ? { entity_id: message.entityId } : {}),
  };
  return {
    channel: "sms",
    message_type: "text",
    text: message.text,
    ...(message.ttlSeconds === undefined ? {} : { ttl: message.ttlSeconds }),
    ...(Object.keys(regulatory).length > 0 ? { sms: regulatory } : {}),
  };
}
