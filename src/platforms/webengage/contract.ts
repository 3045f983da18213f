import { z } from "zod";
import { filled, text } from "../../core/text.ts";

/** WebEngage's wire for WhatsApp service providers. https://docs.webengage.com/docs/self-service-wsp */

export const INTAKE_PATH = "/webengage/whatsapp";

/** The version of the payloads, in both directions. */
export const VERSION = "1.0";

const MAX_MESSAGE_ID = 500;

/** The status codes, for answers and for delivery status notifications alike. */
export const STATUS_CODES = {
  success: 0,
  insufficientCredit: 2000,
  emptyMessage: 2002,
  invalidRecipient: 2003,
  invalidSender: 2004,
  authorizationFailure: 2005,
  userBlockedBusiness: 2006,
  messageTooLong: 2007,
  messageExpired: 2008,
  notDelivered: 2009,
  unsupportedVersion: 2010,
  authenticationFailure: 2011,
  retriesExhausted: 2014,
  throttled: 2015,
  invalidFormat: 2019,
  templateMissing: 2021,
  templateParameterMismatch: 2022,
  templateDidNotMatch: 2023,
  notOptedIn: 2024,
  notOptedInAndInactive: 2025,
  /** Meta's cap on marketing messages to one person. Newer than the partners' page, which has no HTTP status for it. */
  frequencyCap: 2026,
  unknown: 9988,
} as const;

/** Variables are strings by the contract; a number or a truth value is taken for its text. */
const value = z.union([z.string(), z.number(), z.boolean()]);
const coordinate = z.union([z.number(), z.string()]);

const buttons = {
  buttonUrlParam: value.nullish(),
  buttonUrlDynamicParam: value.nullish(),
  copyCodeText: value.nullish(),
};

const card = z.object({
  header: z.object({ type: z.string(), mediaUrl: z.string() }).nullish(),
  placeholders: z.array(value).nullish(),
  ...buttons,
});

/** WhatsApp's limit. */
const MAX_CARDS = 10;

/** The shape alone, unknown keys tolerated; version and numbers have sentences of their own in to-message. */
export const send = z.object({
  whatsAppData: z.object({
    toNumber: z.unknown().optional(),
    fromNumber: z.unknown().optional(),
    templateData: z.object({
      templateName: filled,
      language: filled,
      type: z.string().nullish(),
      templateVariables: z.array(value).nullish(),
      message: z.string().nullish(),
      mediaUrl: z.string().nullish(),
      fileName: z.string().nullish(),
      latitude: coordinate.nullish(),
      longitude: coordinate.nullish(),
      locationName: z.string().nullish(),
      locationAddress: z.string().nullish(),
      carousel: z
        .object({ cards: z.array(card).refine(({ length }) => length > 0 && length <= MAX_CARDS) })
        .nullish(),
      ...buttons,
    }),
  }),
  metadata: z.object({ messageId: text(MAX_MESSAGE_ID) }),
});

export type TemplateData = z.output<typeof send>["whatsAppData"]["templateData"];
export type Card = z.output<typeof card>;
export type Buttons = Pick<TemplateData, keyof typeof buttons>;

export interface SendAnswer {
  status: "whatsapp_accepted" | "whatsapp_rejected";
  statusCode: number;
  /** With every code but 0. */
  message?: string;
  /** With 2010 alone. */
  supportedVersion?: string;
}

/** A delivery status notification: one message and one status a call. */
export interface Dsn {
  version: typeof VERSION;
  messageId: string;
  toNumber: string;
  status: "whatsapp_sent" | "whatsapp_failed" | "whatsapp_read";
  statusCode: number;
  reason?: string;
  /** `yyyy-MM-ddTHH:mm:ss±hhmm` */
  timestamp: string;
}
