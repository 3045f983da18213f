import { z } from "zod";

/** Reports in one WhatsApp callback; published for RCS only, and taken here for WhatsApp too. */
export const MAX_STATUSES = 50;
/** Above it the SMS delivery tracking URL answers 413. */
export const MAX_SMS_REPORT_BYTES = 150 * 1024;
export const MAX_CUSTOMER_BYTES = 128 * 1024;
/** How long MoEngage waits for the answer to a send; published for RCS only. */
export const SEND_TIMEOUT_MS = 5_000;

const text = z.string().min(1);
const PAST_MS = 48 * 3_600_000;
const AHEAD_MS = 5 * 60_000;

/** Epoch seconds as a string; milliseconds, or a moment far from now, are refused. */
const timestamp = z
  .string()
  .regex(/^\d{10}$/, "must be epoch seconds as a string")
  .refine((value) => {
    const age = Date.now() - Number(value) * 1000;
    return age < PAST_MS && age > -AHEAD_MS;
  }, "is not plausible");

const reported = { msg_id: text, timestamp };

/** https://partners.moengage.com/hc/en-us/articles/15876712516244-Message-Template-and-Callback-Formats */
export const WhatsAppReport = z.strictObject({
  statuses: z
    .array(
      z.discriminatedUnion("status", [
        z.strictObject({ ...reported, status: z.enum(["sent", "delivered", "read"]) }),
        z.strictObject({
          ...reported,
          status: z.literal("failed"),
          error: z.strictObject({ code: text, description: text }),
        }),
      ]),
    )
    .min(1)
    .max(MAX_STATUSES),
});

const inbound = {
  from: text,
  waba_number: text,
  timestamp,
};

/** A person's answer, sent to the same URL as the reports. */
export const WhatsAppInbound = z.discriminatedUnion("type", [
  z.strictObject({
    ...inbound,
    type: z.literal("text"),
    // A word that answers no message known has an empty context.
    context: z.strictObject({ msg_id: text.optional() }),
    text: z.strictObject({ body: text }),
  }),
  z.strictObject({
    ...inbound,
    type: z.literal("button"),
    context: z.strictObject({ msg_id: text }),
    button: z.strictObject({ payload: z.string(), text: z.string() }),
  }),
]);
export type WhatsAppInbound = z.infer<typeof WhatsAppInbound>;

/** One message per call; the failure reason is one string, or empty when there is none. */
export const SmsReport = z.strictObject({
  trackingId: text,
  status: z.enum(["sent", "delivered", "failed"]),
  error: z.string().nullable().optional(),
});

/** Track User of the Data API. https://www.moengage.com/docs/api/user/track-user */
export const CustomerUpdate = z
  .strictObject({
    type: z.literal("customer"),
    customer_id: text.optional(),
    update_existing_only: z.boolean().optional(),
    attributes: z.looseObject({
      moe_mobile: text.optional(),
      moe_wa_subscription: z.boolean().optional(),
      moe_sms_subscription: z.enum(["OPTIN", "OPTOUT", "OPT-IN PENDING", ""]).optional(),
    }),
  })
  .refine(
    ({ customer_id, attributes }) => customer_id !== undefined || attributes.moe_mobile !== undefined,
    "names nobody: neither customer_id nor attributes.moe_mobile",
  );
export type CustomerUpdate = z.infer<typeof CustomerUpdate>;

/** What a WhatsApp send may be answered, by the kind of HTTP status. */
export const WhatsAppAnswer = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("success") }),
  z.strictObject({
    status: z.literal("failure"),
    error: z.strictObject({ code: z.enum(["7000", "7001", "7002", "7003", "7004"]), message: text }),
  }),
]);
export const SmsAnswer = z.looseObject({ trackingId: text });
export const ErrorAnswer = z.looseObject({ message: text });

/** What MoEngage posts for one WhatsApp message. */
export interface WhatsAppSend {
  msg_id: string;
  from: string;
  to: string;
  template: { name: string; language: { code: string }; components?: unknown[] };
}

export interface SmsSend {
  text: string;
  to: string;
}

/** The words of the first thing that is wrong. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "wrong shape" : `${issue.path.join(".")}: ${issue.message}`;
}
