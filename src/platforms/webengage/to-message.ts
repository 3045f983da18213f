import type { z } from "zod";
import type { Channel, SmsMessage, WhatsAppMessage } from "../../core/message.ts";
import { parseOwnNumber, parseRecipient } from "../../core/recipient.ts";
import { checkSmsLength, smsSender } from "../../core/sms.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import { ConnectorError, type ErrorCode } from "../../lib/errors.ts";
import { toComponents } from "./components.ts";
import { SMS_VERSIONS, smsSend, type TemplateData, VERSION, whatsappSend } from "./contract.ts";

/** A send on WhatsApp whose shape and numbers are right. */
export interface CheckedSend {
  id: string;
  from: string;
  to: string;
  templateData: TemplateData;
}

/**
 * A body of `POST /webengage/whatsapp`, checked. Throws a ConnectorError whose code from-error turns into
 * WebEngage's: `unsupported_version`, `invalid_request`, `invalid_sender`, `invalid_recipient`, `missing_template`
 * or `template_mismatch`, each naming field and remedy.
 */
export function checkSend(body: unknown, numbers: readonly string[]): CheckedSend {
  const expected = "a JSON object with version, whatsAppData and metadata";
  const { whatsAppData, metadata } = check(whatsappSend, body, [VERSION], expected);
  return {
    id: metadata.messageId,
    from: parseOwnNumber(whatsAppData.fromNumber, "fromNumber", numbers),
    to: recipientOf(whatsAppData.toNumber, "whatsapp"),
    templateData: whatsAppData.templateData,
  };
}

/** The send as a message, with its template as far as it is known. Throws as toComponents does. */
export function whatsappToMessage(
  { id, from, to, templateData }: CheckedSend,
  template: CatalogTemplate | undefined,
  { origin, messageTtlSeconds }: { origin: string; messageTtlSeconds: number },
  now: number,
): WhatsAppMessage {
  const components = toComponents(templateData, template);
  return {
    id,
    origin,
    channel: "whatsapp",
    from,
    to,
    acceptedAt: now,
    expiresAt: now + messageTtlSeconds * 1_000,
    content: {
      type: "template",
      template: {
        name: templateData.templateName,
        language: { code: templateData.language },
        components: components.length > 0 ? components : undefined,
      },
    },
  };
}

/**
 * A body of `POST /webengage/sms` as a message; its text leaves as it came, so that wrapped links stay whole.
 * Throws ConnectorError `unsupported_version`, `invalid_request`, `empty_message`, `message_too_long`,
 * `invalid_sender` or `invalid_recipient`, each naming field and remedy.
 */
export function smsToMessage(
  body: unknown,
  settings: { origin: string; senderId: string | undefined; messageTtlSeconds: number },
  now: number,
): SmsMessage {
  const expected = "a JSON object with version, smsData and metadata";
  const { smsData, metadata } = check(smsSend, body, SMS_VERSIONS, expected);
  const { body: text } = smsData;
  if (!text?.trim())
    throw new ConnectorError("empty_message", "smsData.body is empty: give the message a text");
  checkSmsLength(text, "smsData.body");
  const from = smsSender(smsData.fromNumber, settings.senderId);
  if (!from) {
    throw new ConnectorError(
      "invalid_sender",
      "fromNumber is missing: choose a sender in WebEngage, or set SMS_SENDER_ID in the connector",
    );
  }
  return {
    id: metadata.messageId,
    origin: settings.origin,
    channel: "sms",
    from,
    to: recipientOf(smsData.toNumber, "sms"),
    acceptedAt: now,
    expiresAt: now + settings.messageTtlSeconds * 1_000,
    text,
    contentId: idOf(metadata.indiaDLT?.contentTemplateId),
    entityId: idOf(metadata.indiaDLT?.principalEntityId),
  };
}

const idOf = (value: string | number | null | undefined) => String(value ?? "").trim() || undefined;

/** The code of a fault in the shape, by the field it is in; the others are the format's. */
const CODES: Record<string, ErrorCode> = {
  templateName: "missing_template",
  templateVariables: "template_mismatch",
  placeholders: "template_mismatch",
  buttonUrlParam: "template_mismatch",
  buttonUrlDynamicParam: "template_mismatch",
  copyCodeText: "template_mismatch",
  fromNumber: "invalid_sender",
};

/** The body, of one of these versions and of this shape. */
function check<T extends z.ZodType>(
  schema: T,
  body: unknown,
  versions: readonly unknown[],
  expected: string,
): z.output<T> {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new ConnectorError("invalid_request", `The body must be ${expected}`);
  if (!versions.includes((body as { version?: unknown }).version)) {
    const words = `Version not supported: send version ${versions.join(" or ")}`;
    throw new ConnectorError("unsupported_version", words);
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.map(String) ?? [];
  const code = path.map((part) => (Object.hasOwn(CODES, part) ? CODES[part] : undefined)).find(Boolean);
  throw new ConnectorError(
    code ?? "invalid_request",
    `${path.join(".")} is missing or has the wrong type: the body must be ${expected}`,
  );
}

/** A customer of WebEngage may give it encrypted numbers, which only that customer can read: up to 512 characters. */
const ENCRYPTED = /^(?=.*[A-Za-z])[\w+/=.:-]{8,}$/;

function recipientOf(value: unknown, channel: Channel): string {
  try {
    return parseRecipient(value, "toNumber", channel);
  } catch (error) {
    if (typeof value !== "string" || !ENCRYPTED.test(value.trim())) throw error;
    throw new ConnectorError(
      "invalid_recipient",
      "toNumber is no phone number; it looks hashed or encrypted, and only you can decrypt it. Give WebEngage the phone numbers themselves (phone instead of hashed_phone), or put what decrypts them in front of the connector",
    );
  }
}
