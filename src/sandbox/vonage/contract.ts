import { z } from "zod";
import { custom } from "./custom.ts";

const PHONE = /^\d{7,15}$/;
/** A WhatsApp user who hides the phone number, such as `US.13491208655302741918`. */
const BUSINESS_SCOPED_USER_ID = /^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$/;
const SMS_SENDER = /^(\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/;

const phone = z.string().regex(PHONE, "must be E.164 without + or 00");
const media = (limits: Record<string, z.ZodType> = {}) => z.strictObject({ url: z.url(), ...limits });
const caption = z.string().min(1).max(3000).optional();

const common = {
  client_ref: z.string().min(1).max(100).optional(),
  webhook_url: z.url({ protocol: /^https?$/ }).optional(),
  webhook_version: z.enum(["v0.1", "v1"]).optional(),
};

const sms = z.strictObject({
  ...common,
  channel: z.literal("sms"),
  to: phone,
  from: z.string().regex(SMS_SENDER, "must be a number or an alphanumeric sender id"),
  message_type: z.literal("text"),
  text: z.string().min(1).max(3200),
  ttl: z.int().min(20).max(604_800).optional(),
  trusted_recipient: z.boolean().optional(),
  sms: z
    .strictObject({
      encoding_type: z.enum(["text", "unicode", "auto"]).optional(),
      content_id: z.string().min(1).optional(),
      entity_id: z.string().min(1).optional(),
      pool_id: z.string().min(1).optional(),
    })
    .optional(),
});

const whatsapp = {
  ...common,
  channel: z.literal("whatsapp"),
  to: z.union([phone, z.string().regex(BUSINESS_SCOPED_USER_ID)]),
  from: phone,
  context: z.strictObject({ message_uuid: z.uuid() }).optional(),
};

const whatsappKinds = z.discriminatedUnion("message_type", [
  z.strictObject({ ...whatsapp, message_type: z.literal("text"), text: z.string().min(1).max(4096) }),
  z.strictObject({ ...whatsapp, message_type: z.literal("custom"), custom }),
  z.strictObject({
    ...whatsapp,
    message_type: z.literal("template"),
    whatsapp: z.strictObject({ policy: z.literal("deterministic").optional(), locale: z.string().min(2) }),
    template: z.strictObject({ name: z.string().min(1), parameters: z.array(z.string()).optional() }),
  }),
  z.strictObject({ ...whatsapp, message_type: z.literal("image"), image: media({ caption }) }),
  z.strictObject({ ...whatsapp, message_type: z.literal("video"), video: media({ caption }) }),
  z.strictObject({ ...whatsapp, message_type: z.literal("audio"), audio: media() }),
  z.strictObject({
    ...whatsapp,
    message_type: z.literal("file"),
    file: media({ caption, name: z.string().optional() }),
  }),
]);

/**
 * `POST /v1/messages`, as far as the connector needs it, and stricter than the vendor where a slip would show
 * late: unknown top-level keys are refused. https://developer.vonage.com/en/api/messages
 */
export const SendRequest = z.discriminatedUnion("channel", [sms, whatsappKinds]);
export type SendRequest = z.infer<typeof SendRequest>;

/** Which 422 the API gives for a field it does not like; HTTP numbering, not the numbering of the webhooks. */
const FIELD_ANCHORS: Record<string, string> = {
  channel: "messages#1100",
  from: "messages#1120",
  to: "messages#1130",
  message_type: "messages#1140",
  client_ref: "messages#1060",
};

export interface Invalid {
  anchor: string;
  invalid_parameters: { name: string; reason: string }[];
}

/** The request, or what is wrong with it. */
export function parseSend(body: unknown): { ok: SendRequest } | { invalid: Invalid } {
  const parsed = SendRequest.safeParse(body);
  if (parsed.success) return { ok: parsed.data };
  const invalid = parsed.error.issues.flatMap(({ path, message, ...issue }) =>
    "keys" in issue
      ? issue.keys.map((key) => ({ name: [...path, key].join("."), reason: "is not a known parameter" }))
      : [{ name: path.join("."), reason: message }],
  );
  const anchor = FIELD_ANCHORS[invalid[0]?.name ?? ""] ?? "messages#1150";
  return { invalid: { anchor, invalid_parameters: invalid } };
}
