import { z } from "zod";
import { filled, text } from "../../core/text.ts";

/**
 * WebEngage's wire for providers of its partner programme, and for those that a customer enters as private.
 * WhatsApp: https://docs.webengage.com/docs/self-service-wsp and https://docs.webengage.com/docs/private-wsp
 * SMS: https://docs.webengage.com/docs/self-service-platform-ssp and https://docs.webengage.com/docs/private-ssp
 */

/** Tags of our channels of WebEngage. */
export const WHATSAPP_TAG = "ww";
export const SMS_TAG = "ws";

export const WHATSAPP_INTAKE_PATH = "/webengage/whatsapp";
export const SMS_INTAKE_PATH = "/webengage/sms";

/** The version of WhatsApp's payloads, in both directions, and of the notifications on SMS. */
export const VERSION = "1.0";
/** Of an SMS; 2.0 has the ids of India's registers. */
export const SMS_VERSIONS = ["1.0", "2.0"] as const;

const MAX_MESSAGE_ID = 500;

/** The status codes that mean the same on both channels, for answers and for delivery status notifications alike. */
const SHARED_CODES = {
  success: 0,
  insufficientCredit: 2000,
  emptyMessage: 2002,
  invalidRecipient: 2003,
  invalidSender: 2004,
  authorizationFailure: 2005,
  messageTooLong: 2007,
  messageExpired: 2008,
  notDelivered: 2009,
  unsupportedVersion: 2010,
  authenticationFailure: 2011,
  throttled: 2015,
  unknown: 9988,
} as const;

export const STATUS_CODES = {
  ...SHARED_CODES,
  userBlockedBusiness: 2006,
  retriesExhausted: 2014,
  invalidFormat: 2019,
  templateMissing: 2021,
  templateParameterMismatch: 2022,
  templateDidNotMatch: 2023,
  notOptedIn: 2024,
  notOptedInAndInactive: 2025,
  /** Meta's cap on marketing messages to one person. Newer than the partners' page, which has no HTTP status for it. */
  frequencyCap: 2026,
} as const;

export const SMS_STATUS_CODES = {
  ...SHARED_CODES,
  /** On a register of people who want no advertisements, or without their consent. */
  doNotDisturb: 2006,
  /** By the scrubbing of India's registers (DLT), as are the next three. */
  registerBlocked: 2022,
  senderNotRegistered: 2024,
  entityNotRegistered: 2025,
  templateNotRegistered: 2026,
  blacklisted: 3000,
} as const;

/** Variables are strings by the contract; a number or a truth value is taken for its text. */
const value = z.union([z.string(), z.number(), z.boolean()]);
const coordinate = z.union([z.number(), z.string()]);

/** A button of a finished message of a private provider. */
const finishedButton = z.object({
  templateButtonUrlType: z.string().nullish(),
  buttonUrlContent: value.nullish(),
  copyCodeText: value.nullish(),
});

const buttons = {
  buttonUrlParam: value.nullish(),
  buttonUrlDynamicParam: value.nullish(),
  copyCodeText: value.nullish(),
  buttons: z
    .array(z.object({ buttons: z.array(finishedButton) }))
    .nullish()
    .catch(undefined),
};

const card = z.object({
  header: z.object({ type: z.string(), mediaUrl: z.string() }).nullish(),
  placeholders: z.array(value).nullish(),
  /** The finished text of a private provider's card, in place of its placeholders. */
  message: z.string().nullish(),
  ...buttons,
});

/** WhatsApp's limit. */
const MAX_CARDS = 10;

/** The shape alone, unknown keys tolerated; version and numbers have sentences of their own in to-message. */
export const whatsappSend = z.object({
  whatsAppData: z.object({
    toNumber: z.unknown().optional(),
    fromNumber: z.unknown().optional(),
    templateData: z.object({
      templateName: filled,
      language: filled,
      type: z.string().nullish(),
      templateVariables: z.array(value).nullish(),
      message: z.string().nullish(),
      /** The finished text above the message, from private providers alone. */
      header: z.string().nullish().catch(undefined),
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

export type TemplateData = z.output<typeof whatsappSend>["whatsAppData"]["templateData"];
export type Card = z.output<typeof card>;
export type Buttons = Pick<TemplateData, keyof typeof buttons>;

const textOrNumber = z.union([z.string(), z.number()]);

export const smsSend = z.object({
  smsData: z.object({
    toNumber: z.unknown().optional(),
    fromNumber: textOrNumber.nullish(),
    body: z.string().nullish(),
  }),
  metadata: z.object({
    messageId: text(MAX_MESSAGE_ID),
    indiaDLT: z
      .object({
        contentTemplateId: textOrNumber.nullish(),
        principalEntityId: textOrNumber.nullish(),
      })
      .nullish(),
  }),
});

/** On SMS an acceptance has no code. */
export type AcceptedAnswer = { status: "whatsapp_accepted"; statusCode: 0 } | { status: "sms_accepted" };

export interface RejectedAnswer {
  status: "whatsapp_rejected" | "sms_rejected";
  statusCode: number;
  message: string;
  /** With 2010 alone. */
  supportedVersion?: string;
}

/** A delivery status notification on WhatsApp: one message and one status a call. */
export interface WhatsAppDsn {
  version: typeof VERSION;
  messageId: string;
  toNumber: string;
  status: "whatsapp_sent" | "whatsapp_failed" | "whatsapp_read";
  statusCode: number;
  reason?: string;
  /** `yyyy-MM-ddTHH:mm:ss±hhmm` */
  timestamp: string;
}

/** A delivery status notification on SMS. */
export interface SmsDsn {
  version: typeof VERSION;
  messageId: string;
  toNumber: string;
  status: "sms_sent" | "sms_failed";
  statusCode: number;
  /** With `sms_sent`: how many SMS it took, which WebEngage bills by. */
  smsCount?: number;
  /** With `sms_failed`. */
  message?: string;
}
