import type { Channel, MediaKind } from "../core/message.ts";
import type { InboundMessage } from "../core/reply.ts";
import { ConnectorError } from "../lib/errors.ts";
import { inboundWebhook } from "./contract.ts";

const CHANNELS: Record<string, Channel> = { whatsapp: "whatsapp", sms: "sms" };
const NUMBER = /^\+?(\d{7,15})$/;

/**
 * What a person says is put in order by Vonage's clock alone: replicas whose own clocks differ a little must not mix
 * it up. A time that lies further ahead is none: it would outdo whatever the person says until then.
 */
const CLOCK_TOLERANCE_MS = 30_000;

type Inbound = ReturnType<typeof inboundWebhook.parse>;

/** What counts of each kind of message. Kinds without an entry, those not invented yet too, are `other`. */
const CONTENT: Record<string, (inbound: Inbound) => InboundMessage["content"]> = {
  text: ({ text }) => ({ type: "text", text: text ?? "" }),
  button: ({ button }) => ({ type: "button", payload: asText(button?.payload), text: button?.text ?? "" }),
  reply: ({ reply }) => ({ type: "choice", id: reply?.id ?? "", title: reply?.title ?? "" }),
  image: ({ image }) => mediaOf("image", image),
  video: ({ video }) => mediaOf("video", video),
  audio: ({ audio }) => mediaOf("audio", audio),
  file: ({ file }) => mediaOf("file", file),
  location: ({ location }) => locationOf(location),
};

const mediaOf = (media: MediaKind, given: Inbound["image"]): InboundMessage["content"] =>
  given ? { type: "media", media, ...withoutGaps(given) } : { type: "other" };

function locationOf(given: Inbound["location"]): InboundMessage["content"] {
  if (!given) return { type: "other" };
  const { lat: latitude, long: longitude, ...more } = given;
  return { type: "location", latitude, longitude, ...withoutGaps(more) };
}

/** Without the keys whose value is not there. */
const withoutGaps = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: NonNullable<T[Key]>;
  };

/**
 * An inbound webhook's body; undefined when it is of a channel we do not serve.
 * Throws ConnectorError `invalid_webhook` when the required fields are not there.
 */
export function fromInbound(body: unknown, now: number): InboundMessage | undefined {
  const parsed = inboundWebhook.safeParse(body);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "the body";
    throw new ConnectorError(
      "invalid_webhook",
      `Not an inbound webhook: ${field} is missing or has the wrong type`,
    );
  }
  const inbound = parsed.data;
  const channel = Object.hasOwn(CHANNELS, inbound.channel) ? CHANNELS[inbound.channel] : undefined;
  if (!channel) return undefined;
  const type = inbound.message_type ?? "text";
  const content = Object.hasOwn(CONTENT, type) ? CONTENT[type]?.(inbound) : undefined;
  const digits = inbound.from.match(NUMBER)?.[1];
  const sender = inbound.whatsapp?.sender;
  const number = sender?.wa_id?.match(NUMBER)?.[1] ?? digits;
  const userId = sender?.user_id || (digits ? undefined : inbound.from);
  const at = Date.parse(inbound.timestamp);
  return {
    id: inbound.message_uuid,
    channel,
    from: digits ?? inbound.from,
    ...(number ? { number } : {}),
    ...(userId && channel === "whatsapp" ? { userId } : {}),
    to: inbound.to.replace(/^\+/, ""),
    at: Number.isNaN(at) || at > now + CLOCK_TOLERANCE_MS ? now : at,
    ...(inbound.context?.message_uuid ? { quotedVendorId: inbound.context.message_uuid } : {}),
    content: content ?? { type: "other" },
  };
}

/** A payload is text, or an object where a flow was filled in. */
function asText(payload: unknown): string {
  if (typeof payload === "string") return payload;
  return payload === undefined || payload === null ? "" : JSON.stringify(payload);
}
