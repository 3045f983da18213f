import { z } from "zod";

/** https://docs.webengage.com/docs/self-service-wsp */

/** Status codes with the HTTP status that belongs to each. */
export const HTTP_STATUS: Record<number, number> = {
  0: 200,
  2000: 200,
  2001: 401,
  2002: 400,
  2003: 400,
  2004: 400,
  2005: 403,
  2006: 200,
  2007: 413,
  2008: 200,
  2009: 200,
  2010: 400,
  2011: 401,
  2014: 200,
  2015: 429,
  2019: 400,
  2021: 400,
  2022: 400,
  2023: 400,
  2024: 200,
  2025: 200,
  // Newer than the partners' page, which gives no HTTP status for it.
  2026: 200,
  9988: 200,
};

/** The contract names no patience; this is what others of its kind have. */
export const SEND_TIMEOUT_MS = 5_000;

const text = z.string().min(1);
const statusCode = z.int().refine((code) => code in HTTP_STATUS, "is not in the table of status codes");
const failureCode = statusCode.refine((code) => code !== 0, "0 means success");

export const Accepted = z.strictObject({
  status: z.literal("whatsapp_accepted"),
  statusCode: z.literal(0),
});
export const Rejected = z
  .strictObject({
    status: z.literal("whatsapp_rejected"),
    statusCode: failureCode,
    message: text,
    supportedVersion: text.optional(),
  })
  .refine(
    (answer) => (answer.statusCode === 2010) === (answer.supportedVersion !== undefined),
    "supportedVersion belongs to 2010, and 2010 needs it",
  );
export type Answer = z.infer<typeof Answer>;
export const Answer = z.discriminatedUnion("status", [Accepted, Rejected]);

const PAST_MS = 48 * 3_600_000;
const AHEAD_MS = 5 * 60_000;

const timestamp = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/, "must be yyyy-MM-ddTHH:mm:ss±hhmm")
  .refine((value) => {
    const age = Date.now() - Date.parse(value.replace(/(\d\d)$/, ":$1"));
    return age < PAST_MS && age > -AHEAD_MS;
  }, "is not plausible");

const shared = {
  version: z.literal("1.0"),
  messageId: text.max(500),
  toNumber: z.string().regex(/^\d{7,15}$/, "must be a phone number with its country code"),
  timestamp,
};

/** A delivery status notification. */
export const Dsn = z.discriminatedUnion("status", [
  z.strictObject({
    ...shared,
    status: z.enum(["whatsapp_sent", "whatsapp_read"]),
    statusCode: z.literal(0),
    reason: text.optional(),
  }),
  z
    .strictObject({
      ...shared,
      status: z.literal("whatsapp_failed"),
      statusCode: failureCode,
      reason: text.optional(),
    })
    .refine((dsn) => dsn.statusCode !== 9988 || dsn.reason !== undefined, "9988 needs a reason"),
]);
export type Dsn = z.infer<typeof Dsn>;

/** What WebEngage posts for one message. */
export interface WebEngageSend {
  version: string;
  whatsAppData: {
    toNumber: string;
    fromNumber: string;
    templateData: Record<string, unknown> & { templateName: string; language: string };
    customData?: Record<string, unknown>;
  };
  metadata: { campaignType: string; timestamp: string; messageId: string };
}

/** The words of the first thing that is wrong. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "wrong shape" : `${issue.path.join(".")}: ${issue.message}`;
}
