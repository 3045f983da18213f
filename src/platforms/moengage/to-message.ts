import type { z } from "zod";
import type { SmsMessage, Template, WhatsAppMessage } from "../../core/message.ts";
import { parseOwnNumber, parseRecipient } from "../../core/recipient.ts";
import { checkSmsLength, smsSender } from "../../core/sms.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { PlatformPorts } from "../platform.ts";
import { smsSend, whatsappSend } from "./contract.ts";

/** https://developer.vonage.com/en/api/messages */
const SMS_TTL_SECONDS = { min: 20, max: 604_800 };

export interface WhatsAppSettings {
  origin: string;
  numbers: readonly string[];
  messageTtlSeconds: number;
}

export interface SmsSettings {
  origin: string;
  senderId?: string | undefined;
  messageTtlSeconds: number;
  /** Makes the tracking id: MoEngage gives an SMS none of its own. */
  newId: PlatformPorts["newId"];
}

/**
 * A body of `POST /webhooks/send` as a message. Components are kept as they came, unknown ones too.
 * Throws ConnectorError `invalid_template`, `invalid_recipient` or `invalid_request`, each naming field and remedy.
 */
export function whatsappToMessage(body: unknown, settings: WhatsAppSettings, now: number): WhatsAppMessage {
  if (isSms(body)) throw new ConnectorError("invalid_request", SMS_AT_THE_WRONG_ADDRESS);
  const send = check(whatsappSend, body, "a JSON object with msg_id, from, to and template");
  const from = parseOwnNumber(send.from, "from", settings.numbers);
  return {
    id: String(send.msg_id),
    origin: settings.origin,
    channel: "whatsapp",
    from,
    to: parseRecipient(send.to, "to", "whatsapp"),
    acceptedAt: now,
    expiresAt: now + settings.messageTtlSeconds * 1_000,
    content: { type: "template", template: templateOf(body as { template: Template }) },
  };
}

const SMS_AT_THE_WRONG_ADDRESS =
  "this is an SMS: in MoEngage's SMS sender, set the API URL to the connector's address with a slash and nothing behind it, without /webhooks/send";

const isSms = (body: unknown) =>
  typeof body === "object" && body !== null && "text" in body && !("template" in body) && !("msg_id" in body);

/**
 * A body of `POST /` as a message, its values typed as JSON or as form text. A request with an id that comes again
 * within five minutes, to the same person with the same text, is the same message.
 * Throws ConnectorError `invalid_recipient`, `invalid_sender`, `message_too_long` or `invalid_request`, each naming
 * field and remedy.
 */
export function smsToMessage(
  body: unknown,
  settings: SmsSettings,
  now: number,
  requestId?: string,
): SmsMessage {
  const send = check(smsSend, body, "an object with text and to");
  checkSmsLength(send.text, "text");
  const ttlSeconds = parseTtl(send.ttl);
  const ttl = Math.min(ttlSeconds ?? settings.messageTtlSeconds, settings.messageTtlSeconds);
  const from = smsSender(send.from, send.sender, settings.senderId);
  if (!from) {
    throw new ConnectorError(
      "invalid_sender",
      "from is missing: add the sender to the request's body, or set SMS_SENDER_ID in the connector",
    );
  }
  const to = parseRecipient(send.to, "to", "sms");
  return {
    id: settings.newId(requestId ? [requestId, from, to, send.text] : undefined),
    origin: settings.origin,
    channel: "sms",
    from,
    to,
    acceptedAt: now,
    expiresAt: now + ttl * 1_000,
    text: send.text,
    ttlSeconds,
    contentId: text(send.template_id) || undefined,
    entityId: text(send.entity_id) || undefined,
  };
}

/** The template object as it came, unknown keys included; a null list of components is the same as none. */
function templateOf({ template }: { template: Template }): Template {
  if (template.components) return template;
  const { components: _, ...rest } = template;
  return rest;
}

function check<T extends z.ZodType>(schema: T, body: unknown, expected: string): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path ?? [];
  if (path.length === 0) throw new ConnectorError("invalid_request", `The body must be ${expected}`);
  const field = path.reduce<string>(
    (name, part) =>
      typeof part === "number" ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part),
    "",
  );
  const missing = isEmpty(valueAt(body, path));
  const code = path[0] === "template" ? "invalid_template" : "invalid_request";
  throw new ConnectorError(
    code,
    `${field} ${missing ? "is missing" : "has the wrong type"}: the body must be ${expected}`,
  );
}

const valueAt = (body: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], body);

const isEmpty = (value: unknown) =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "");

const text = (value: string | number | null | undefined) =>
  value === null || value === undefined ? undefined : String(value).trim();

function parseTtl(value: string | number | null | undefined): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const seconds = Number(value);
  if (Number.isInteger(seconds) && seconds >= SMS_TTL_SECONDS.min && seconds <= SMS_TTL_SECONDS.max)
    return seconds;
  throw new ConnectorError(
    "invalid_request",
    `ttl must be a whole number of seconds between ${SMS_TTL_SECONDS.min} and ${SMS_TTL_SECONDS.max}`,
  );
}
