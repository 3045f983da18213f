import { z } from "zod";

/** https://docs.webengage.com/docs/self-service-platform-ssp, https://docs.webengage.com/docs/private-ssp */

/** Status codes with the HTTP status that belongs to each. */
export const SMS_HTTP_STATUS: Record<number, number> = {
  0: 200,
  2000: 200,
  2001: 401,
  2002: 400,
  2003: 400,
  2004: 400,
  2005: 403,
  2006: 403,
  2007: 413,
  2008: 200,
  2009: 200,
  2010: 400,
  2011: 401,
  2015: 429,
  2022: 403,
  2023: 200,
  2024: 403,
  2025: 403,
  2026: 403,
  2027: 400,
  3000: 403,
  9988: 200,
};

/** After 2015: ten more tries, the first at once and each later one after twice the time. */
export const RETRY_WAITS_MS = [0, ...Array.from({ length: 9 }, (_, n) => 200 * 2 ** n)];

const text = z.string().min(1);
const failureCode = z
  .int()
  .refine((code) => code in SMS_HTTP_STATUS && code !== 0, "is not a failure of the table of status codes");

export const SmsAnswer = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("sms_accepted"), statusCode: z.literal(0).optional() }),
  z
    .strictObject({
      status: z.literal("sms_rejected"),
      statusCode: failureCode,
      message: text,
      supportedVersion: z.enum(["1.0", "2.0"]).optional(),
    })
    .refine(
      (answer) => (answer.statusCode === 2010) === (answer.supportedVersion !== undefined),
      "supportedVersion belongs to 2010, and 2010 needs it",
    ),
]);

const shared = {
  version: z.enum(["1.0", "2.0"]),
  messageId: text.max(500),
  toNumber: z.string().regex(/^\d{7,15}$/, "must be a phone number with its country code"),
};

/** A delivery status notification. What is billed is counted. */
export const SmsDsn = z.discriminatedUnion("status", [
  z.strictObject({
    ...shared,
    status: z.literal("sms_sent"),
    statusCode: z.literal(0),
    smsCount: z.int().min(1),
  }),
  z.strictObject({
    ...shared,
    status: z.literal("sms_failed"),
    // The one that is an answer alone: a notification of it would have the message sent again.
    statusCode: failureCode.refine((code) => code !== 2015, "2015 is no outcome"),
    message: text,
  }),
]);
export type SmsDsn = z.infer<typeof SmsDsn>;

/** What WebEngage posts for one message. */
export interface WebEngageSms {
  version: "1.0" | "2.0";
  smsData: { toNumber: string; fromNumber: string; body: string };
  metadata: {
    campaignType: string;
    timestamp: string;
    messageId: string;
    custom: Record<string, string>;
    indiaDLT?: { contentTemplateId: string; principalEntityId: string; telemarketerId: string };
  };
}
