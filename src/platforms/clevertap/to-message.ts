import type { z } from "zod";
import type { SmsMessage, WhatsAppMessage } from "../../core/message.ts";
import { parseOwnNumber, parseRecipient } from "../../core/recipient.ts";
import { checkSmsLength, smsSender } from "../../core/sms.ts";
import { ConnectorError, type ErrorCode } from "../../lib/errors.ts";
import type { PlatformPorts } from "../platform.ts";
import { toComponents } from "./components.ts";
import {
  type FreeformSend,
  freeformSend,
  MAX_MESSAGES_PER_CALL,
  PROVIDER_TRIAL,
  smsSend,
  TRIAL_ID,
  templateSend,
  whatsappSend,
} from "./contract.ts";
import { mediaUrl } from "./media-url.ts";

export interface WhatsAppSettings {
  origin: string;
  numbers: readonly string[];
  messageTtlSeconds: number;
  findTemplate: PlatformPorts["findTemplate"];
}

/** One printing of the sample that a provider is tried with wraps everything in `body`. */
function unwrapped(body: unknown): unknown {
  const inner = fieldOf(body, "body");
  return typeof inner === "object" && inner !== null && fieldOf(body, "isTemplate") === undefined
    ? inner
    : body;
}

const fieldOf = (body: unknown, name: string): unknown =>
  typeof body === "object" && body !== null && Object.hasOwn(body, name)
    ? (body as Record<string, unknown>)[name]
    : undefined;

/** The id of a send, as far as the body has one. */
export function idOfSend(body: unknown): unknown {
  const send = unwrapped(body);
  return fieldOf(send, "msgId") ?? fieldOf(send, "msg_id");
}

export function isTrial(body: unknown): boolean {
  const id = idOfSend(body);
  return (typeof id === "string" && TRIAL_ID.test(id.trim())) || isProviders(unwrapped(body));
}

/** Nobody can have a template of that name. */
const isProviders = (send: unknown): boolean =>
  fieldOf(fieldOf(send, "template"), "namespace") === PROVIDER_TRIAL;

/**
 * What a trial would send, to be compared with its template; undefined for that of a new provider, whose template is made
 * up, and for one without a template. Its recipient is nobody's. Throws as whatsappToMessage does.
 */
export function trialToMessage(
  body: unknown,
  settings: WhatsAppSettings,
  now: number,
): WhatsAppMessage | undefined {
  const send = unwrapped(body);
  if (isProviders(send) || fieldOf(send, "isTemplate") !== true) return undefined;
  return whatsappToMessage({ ...(send as object), to: "999000000000" }, settings, now);
}

/**
 * A body of `POST /clevertap/whatsapp` as a message: a template, or what is written in a chat.
 * Throws ConnectorError `invalid_template`, `template_mismatch`, `invalid_recipient`, `invalid_sender`,
 * `message_too_long` or `invalid_request`, each naming field and remedy.
 */
export function whatsappToMessage(body: unknown, settings: WhatsAppSettings, now: number): WhatsAppMessage {
  const send = unwrapped(body);
  const { msgId, msg_id, wabaNumber, to, isTemplate } = check(whatsappSend, send);
  const id = msgId ?? msg_id;
  if (id === undefined) throw new ConnectorError("invalid_request", "msgId is missing");
  const from = parseOwnNumber(wabaNumber, "wabaNumber", settings.numbers);
  return {
    id,
    origin: settings.origin,
    channel: "whatsapp",
    from,
    to: parseRecipient(to, "to", "whatsapp"),
    acceptedAt: now,
    expiresAt: now + settings.messageTtlSeconds * 1_000,
    content: isTemplate ? templateOf(send, from, settings) : freeformOf(check(freeformSend, send)),
  };
}

function templateOf(
  send: unknown,
  from: string,
  { findTemplate }: WhatsAppSettings,
): WhatsAppMessage["content"] {
  const { template, components } = check(templateSend, send);
  const [name, code] = [template.namespace, languageOf(template.languageCode)];
  const known = findTemplate(from, name, code).template;
  const converted = toComponents(components ?? [], known);
  return {
    type: "template",
    template: {
      ...{ name, language: { code } },
      ...(converted.length > 0 ? { components: converted } : {}),
    },
  };
}

/** CleverTap also writes `en(UK)` for `en_GB`. */
function languageOf(code: string): string {
  const [, language, region] = code.trim().match(/^([A-Za-z]{2,3})\s*\(([A-Za-z]{2,4})\)$/) ?? [];
  if (language === undefined || region === undefined) return code.trim();
  const country = region.toUpperCase();
  return `${language.toLowerCase()}_${country === "UK" ? "GB" : country}`;
}

/** https://developer.vonage.com/en/api/messages */
const MAX_TEXT = 4_096;
const MAX_CAPTION = 3_000;

function freeformOf(send: FreeformSend): WhatsAppMessage["content"] {
  if (send.type === "text") {
    checkLength(send.text.body, MAX_TEXT, "text.body");
    return { type: "text", text: send.text.body };
  }
  const { mediaURL, caption, filename } = mediaIn(send);
  checkLength(caption ?? "", MAX_CAPTION, `${send.type}.caption`);
  return {
    ...{ type: "media", media: send.type, url: mediaUrl(mediaURL, `${send.type}.mediaURL`) },
    ...(caption?.trim() && send.type !== "audio" ? { caption } : {}),
    ...(filename?.trim() && send.type === "file" ? { name: filename } : {}),
  };
}

function mediaIn(send: Exclude<FreeformSend, { type: "text" }>) {
  switch (send.type) {
    case "image":
      return send.image;
    case "video":
      return send.video;
    case "audio":
      return send.audio;
    case "file":
      return send.file;
  }
}

function checkLength(text: string, most: number, field: string): void {
  const length = [...text].length;
  if (length > most)
    throw new ConnectorError(
      "message_too_long",
      `${field} has ${length} characters: WhatsApp takes at most ${most}, shorten it`,
    );
}

/** The messages of a request that carries many: what stands beside them holds for each. Undefined for a single one. */
export function splitMessages(body: unknown): unknown[] | undefined {
  if (fieldOf(body, "messages") === undefined) return undefined;
  // An id is of one message: shared, all but the first would be taken for its repeats.
  const { messages, id: _, ...shared } = body as Record<string, unknown>;
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > MAX_MESSAGES_PER_CALL) {
    throw new ConnectorError(
      "invalid_request",
      `messages must be a list of 1 to ${MAX_MESSAGES_PER_CALL} messages`,
    );
  }
  return messages.map((message) =>
    typeof message === "object" && message !== null ? { ...shared, ...message } : message,
  );
}

/**
 * A body of `POST /clevertap/sms`, or one message of it, as a message.
 * Throws ConnectorError `invalid_request`, `message_too_long`, `invalid_recipient` or `invalid_sender`.
 */
export function smsToMessage(
  body: unknown,
  settings: { origin: string; senderId: string | undefined; messageTtlSeconds: number },
  now: number,
): SmsMessage {
  const send = check(smsSend, body);
  for (const field of ["id", "text", "from"] as const) checkFilled(field, send[field]);
  checkSmsLength(send.text, "text");
  const from = smsSender(send.from, settings.senderId);
  if (!from) {
    throw new ConnectorError(
      "invalid_sender",
      "from is missing: add the sender to the request's body in CleverTap, or set SMS_SENDER_ID in the connector",
    );
  }
  return {
    id: send.id,
    origin: settings.origin,
    channel: "sms",
    from,
    to: parseRecipient(send.to, "to", "sms"),
    acceptedAt: now,
    expiresAt: now + settings.messageTtlSeconds * 1_000,
    text: send.text,
    contentId: registered(send.templateId),
    entityId: registered(send.entityId),
  };
}

/** What to write in CleverTap where it left a placeholder as it was. An id would be the same for every message. */
const FILLED_BY = {
  id: "write $$MessageID in the request's body there, letter by letter",
  text: "write $$Body in the request's body there, letter by letter",
  from: "write the sender itself in the request's body there, or leave from out",
};

function checkFilled(field: keyof typeof FILLED_BY, value: string | number | null | undefined): void {
  // A text may speak of money.
  const left = field === "text" ? /^\s*\$\$\w+\s*$/ : /^\s*\$\$/;
  if (!left.test(String(value ?? ""))) return;
  throw new ConnectorError(
    "invalid_request",
    `${field} is a placeholder that CleverTap did not fill: ${FILLED_BY[field]}`,
  );
}

/** A registered id; one that CleverTap had nothing for is empty, or its placeholder. */
function registered(value: string | number | null | undefined): string | undefined {
  const id = String(value ?? "").trim();
  return id === "" || id.startsWith("$$") ? undefined : id;
}

function check<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const parts = parsed.error.issues[0]?.path ?? [];
  const path = parts.join(".");
  const code: ErrorCode = parts[0] === "template" ? "invalid_template" : "invalid_request";
  if (path === "") throw new ConnectorError(code, "The body must be a JSON object as CleverTap documents it");
  throw new ConnectorError(code, `${path} is missing or has the wrong type`);
}
