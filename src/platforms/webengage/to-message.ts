import { mask, type WhatsAppMessage } from "../../core/message.ts";
import { parseRecipient } from "../../core/recipient.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import { ConnectorError, type ErrorCode } from "../../lib/errors.ts";
import { toComponents } from "./components.ts";
import { send, type TemplateData, VERSION } from "./contract.ts";

/** A send whose shape and numbers are right. */
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
  checkVersion(body);
  const { whatsAppData, metadata } = check(body);
  return {
    id: metadata.messageId,
    from: senderOf(whatsAppData.fromNumber, numbers),
    to: parseRecipient(whatsAppData.toNumber, "toNumber", "whatsapp"),
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

function checkVersion(body: unknown): void {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new ConnectorError("invalid_request", `The body must be ${EXPECTED}`);
  if ((body as { version?: unknown }).version !== VERSION)
    throw new ConnectorError("unsupported_version", `Version not supported: send version ${VERSION}`);
}

const EXPECTED = "a JSON object with version, whatsAppData and metadata";

/** The code of a fault in the shape, by the field it is in; the others are the format's. */
const CODES: Record<string, ErrorCode> = {
  templateName: "missing_template",
  templateVariables: "template_mismatch",
  placeholders: "template_mismatch",
  buttonUrlParam: "template_mismatch",
  buttonUrlDynamicParam: "template_mismatch",
  copyCodeText: "template_mismatch",
};

function check(body: unknown) {
  const parsed = send.safeParse(body);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.map(String) ?? [];
  const code = path.map((part) => (Object.hasOwn(CODES, part) ? CODES[part] : undefined)).find(Boolean);
  throw new ConnectorError(
    code ?? "invalid_request",
    `${path.join(".")} is missing or has the wrong type: the body must be ${EXPECTED}`,
  );
}

function senderOf(value: unknown, numbers: readonly string[]): string {
  const from = typeof value === "string" || typeof value === "number" ? String(value).trim() : undefined;
  const digits = from?.replace(/^\+/, "");
  if (digits !== undefined && numbers.includes(digits)) return digits;
  throw new ConnectorError(
    "invalid_sender",
    `fromNumber ${digits ? `${mask(digits)} is not a WhatsApp number of this connector` : "is missing or not a phone number"}: use ${numbers.map(mask).join(" or ")}`,
  );
}
