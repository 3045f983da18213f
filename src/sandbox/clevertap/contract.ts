import { z } from "zod";

/**
 * What CleverTap takes and gives.
 * https://docs.clevertap.com/docs/generic-whatsapp
 * https://docs.clevertap.com/docs/generic-sms
 */

/** No success within a second counts as an error, and nothing is sent again. */
export const WHATSAPP_TIMEOUT_MS = 1_000;
/** The page on SMS names no patience; this is what others of its kind have. */
export const SMS_TIMEOUT_MS = 5_000;

const text = z.string().min(1);

/** By HTTP status, what an answer to a WhatsApp send has to be. */
export const WHATSAPP_ANSWERS: Record<number, z.ZodType> = {
  200: z.union([
    z.strictObject({ status: z.literal("success") }),
    z.strictObject({
      status: z.literal("failure"),
      error: z.strictObject({ code: z.int().min(2_000).max(2_004), message: text }),
    }),
  ]),
  500: z.strictObject({ status: z.literal("failure"), error: z.strictObject({ message: text }) }),
  429: z.strictObject({ message: text }),
  403: z.strictObject({ message: text }),
};

/** What is wrong with an answer to a WhatsApp send; undefined when nothing is. */
export function whatsappAnswerFault(status: number, body: unknown): string | undefined {
  const schema = WHATSAPP_ANSWERS[status];
  if (!schema) return `HTTP ${status} is not among the documented answers`;
  const { error } = schema.safeParse(body);
  return error && firstIssue(error);
}

export const isSuccess = (status: number | undefined, body: unknown): boolean =>
  status === 200 && z.object({ status: z.literal("success") }).safeParse(body).success;

const PAST_S = 48 * 3_600;
const AHEAD_S = 300;
const isPlausible = (seconds: number) => {
  const age = Date.now() / 1_000 - seconds;
  return age < PAST_S && age > -AHEAD_S;
};

const timestamp = z
  .string()
  .regex(/^\d{10}$/, "must be seconds since the epoch, as text")
  .refine((value) => isPlausible(Number(value)), "is not plausible");
const ts = z.int().refine(isPlausible, "is not plausible");
const phone = z.string().regex(/^\d{7,15}$/, "must be a phone number with its country code");

const status = { msgId: text, timestamp };

/** The delivery report callback. */
export const Statuses = z.strictObject({
  payloadVersion: z.literal("0.1"),
  statuses: z
    .array(
      z.discriminatedUnion("status", [
        z.strictObject({ ...status, status: z.enum(["sent", "delivered", "read"]) }),
        z.strictObject({
          ...status,
          status: z.literal("failed"),
          error: z.strictObject({ code: z.int().min(1_000).max(1_010), title: text }),
        }),
      ]),
    )
    .min(1),
});
export type Statuses = z.infer<typeof Statuses>;

const incoming = {
  payloadVersion: z.literal("0.1"),
  from: phone,
  wabaNumber: phone,
  timestamp,
  context: z.strictObject({ id: text }).optional(),
};
const media = z.strictObject({ mediaURL: z.url(), caption: text.optional(), mimeType: text.optional() });
const coordinate = z.string().regex(/^-?\d+(\.\d+)?$/, "must be a number, as text");

/** The inbound message callback. Its table has an object `file`, its sample `document`. */
export const Inbound = z.discriminatedUnion("type", [
  z.strictObject({ ...incoming, type: z.literal("text"), text: z.strictObject({ body: text }) }),
  z.strictObject({ ...incoming, type: z.literal("image"), image: media }),
  z.strictObject({ ...incoming, type: z.literal("video"), video: media }),
  z.strictObject({ ...incoming, type: z.literal("audio"), audio: media }),
  z.strictObject({ ...incoming, type: z.literal("file"), file: media, document: media }),
  z.strictObject({
    ...incoming,
    type: z.literal("location"),
    location: z.strictObject({
      ...{ latitude: coordinate, longitude: coordinate },
      ...{ name: text.optional(), address: text.optional(), url: text.optional() },
    }),
  }),
]);
export type Inbound = z.infer<typeof Inbound>;

const SMS_CODE = /^9(0\d|10|1[2-9]|20)$/;
const event = { ts, meta: text };

/** The callback of SMS: groups of events, each group there once. */
export const SmsEvents = z
  .array(
    z.discriminatedUnion("event", [
      z.strictObject({
        event: z.literal("delivered"),
        data: z.array(z.strictObject({ ...event, description: text })).min(1),
      }),
      z.strictObject({
        event: z.literal("failed"),
        data: z
          .array(
            z.strictObject({
              ...event,
              code: z.string().regex(SMS_CODE, "is not in the table of error codes"),
              description: text,
            }),
          )
          .min(1),
      }),
      z.strictObject({
        event: z.literal("replied"),
        data: z.array(z.strictObject({ ...event, toPhone: phone, incomingText: text.max(512) })).min(1),
      }),
    ]),
  )
  .min(1)
  .refine(
    (groups) => new Set(groups.map((group) => group.event)).size === groups.length,
    "has two groups of one event",
  );
export type SmsEvents = z.infer<typeof SmsEvents>;

/** An upload of profiles, as far as a provider writes them. */
export const ProfileUpload = z.strictObject({
  d: z
    .array(
      z.strictObject({
        identity: text,
        type: z.literal("profile"),
        profileData: z.strictObject({
          "MSG-whatsapp": z.boolean().optional(),
          "MSG-sms": z.boolean().optional(),
        }),
      }),
    )
    .min(1)
    .max(1_000),
});
/** https://developer.clevertap.com/docs/upload-user-profiles-api */
export const uploadAnswer = ({ d }: ProfileUpload) => ({
  status: "success",
  processed: d.length,
  unprocessed: [],
});
export type ProfileUpload = z.infer<typeof ProfileUpload>;

/** What CleverTap posts for one WhatsApp message. */
export type WhatsAppSend = Record<string, unknown> & { to: string; isTemplate: boolean } & (
    | { msgId: string }
    | { msg_id: string }
  );

export interface SmsSend {
  id: string;
  to: string;
  text: string;
  templateId?: string;
}

/** The words of the first thing that is wrong. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "wrong shape" : `${issue.path.join(".")}: ${issue.message}`;
}
