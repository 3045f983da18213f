import { z } from "zod";
import { filled, text } from "../../core/text.ts";

/**
 * CleverTap's wire for its providers "Other (Generic)".
 * https://docs.clevertap.com/docs/generic-whatsapp
 * https://docs.clevertap.com/docs/generic-sms
 */

/** Tags of our channels of CleverTap. */
export const WHATSAPP_TAG = "cw";
export const SMS_TAG = "cs";

export const WHATSAPP_INTAKE_PATH = "/clevertap/whatsapp";
export const SMS_INTAKE_PATH = "/clevertap/sms";
export const TEMPLATES_PATH = "/clevertap/templates";

/** CleverTap counts a send without success within a second as an error; the rest of it is for the road. */
export const WHATSAPP_PATIENCE = { answerMs: 800, templatesMs: 450 };

/** The id of what CleverTap tries when somebody saves a provider or a template there; ids have four parts, or five. */
export const TRIAL_ID = /^0(\|0)+$/;
/** The template that it makes up for a new provider, which has none yet. */
export const PROVIDER_TRIAL = "whatsapp:hsm:technology:generic:verify";

/** The codes of a failure answer to a WhatsApp send. */
export const ANSWER_CODES = {
  credentials: 2000,
  template: 2001,
  phoneNumber: 2002,
  notSubscribed: 2003,
  other: 2004,
} as const;

/** The codes of a failed WhatsApp message. */
export const STATUS_CODES = {
  credentials: 1000,
  template: 1001,
  phoneNumber: 1002,
  inactive: 1003,
  tooMany: 1004,
  unavailable: 1005,
  blacklisted: 1006,
  device: 1007,
  outsideWindow: 1008,
  other: 1009,
  blockedByMeta: 1010,
} as const;

/** The codes of a failed SMS, as far as the connector can tell them apart. */
export const SMS_CODES = {
  other: "900",
  spam: "902",
  blacklisted: "903",
  provider: "904",
  subscriber: "905",
  dltHeader: "906",
  dltEntity: "907",
  dltTemplate: "908",
  dltConsent: "909",
  invalidSubscriber: "910",
  undelivered: "914",
  expired: "916",
} as const;

export const MAX_STATUSES_PER_CALL = 50;
export const MAX_EVENTS_PER_CALL = 100;
/** One page says 100 in a call, another 1,000. */
export const MAX_MESSAGES_PER_CALL = 1_000;
export const MAX_SMS_BYTES = 4 * 1024 * 1024;
/** CleverTap keeps no more of what a person wrote. */
export const MAX_INCOMING_TEXT = 512;

const MAX_ID = 500;
const words = z.union([z.string(), z.number()]).nullish();

/** What every WhatsApp send has; the samples of messages without a template call the id `msg_id`. */
export const whatsappSend = z.object({
  msgId: text(MAX_ID).optional(),
  msg_id: text(MAX_ID).optional(),
  to: z.unknown().optional(),
  wabaNumber: z.unknown().optional(),
  isTemplate: z.boolean(),
});

export const templateSend = z.object({
  template: z.object({
    /** The template's name. */
    namespace: filled,
    languageCode: filled,
  }),
  components: z.array(z.unknown()).nullish(),
});

const media = z.object({
  mediaURL: z.string(),
  caption: z.string().nullish(),
  filename: z.string().nullish(),
});

export const freeformSend = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.object({ body: text() }) }),
  z.object({ type: z.literal("image"), image: media }),
  z.object({ type: z.literal("video"), video: media }),
  z.object({ type: z.literal("audio"), audio: media }),
  z.object({ type: z.literal("file"), file: media }),
]);
export type FreeformSend = z.output<typeof freeformSend>;

/** The components of a template's send by type; others are not read. */
export const headerComponent = z.object({
  header: z.object({
    type: z.string(),
    text: z.object({ text: z.string() }).nullish(),
    image: media.nullish(),
    video: media.nullish(),
    file: media.nullish(),
    location: z
      .object({
        latitude: z.union([z.string(), z.number()]),
        longitude: z.union([z.string(), z.number()]),
        name: z.string().nullish(),
        address: z.string().nullish(),
      })
      .nullish(),
  }),
});
export type Header = z.output<typeof headerComponent>["header"];
const value = z.union([z.string(), z.number(), z.boolean()]);
export const bodyComponent = z.object({
  body: z.object({ parameters: z.array(z.object({ text: value })).nullish() }),
});
export const buttonComponent = z.object({
  index: z.union([z.int(), z.string()]).nullish(),
  subType: z.string(),
  parameters: z.array(z.object({ text: value.nullish(), coupon_code: value.nullish() })).nullish(),
});
export type GivenButton = z.output<typeof buttonComponent>;
export const offerComponent = z.object({ parameters: z.array(z.unknown()) });
export const carouselComponent = z.object({
  cards: z.array(z.object({ components: z.array(z.unknown()) })).refine(({ length }) => length > 0),
});

/** The body that docs/install-clevertap.md has people enter in CleverTap; `campaignId` and the like are not read. */
export const smsSend = z.object({
  id: text(MAX_ID),
  to: z.unknown().optional(),
  text: text(),
  from: words,
  templateId: words,
  entityId: words,
});

export interface WhatsAppStatus {
  msgId: string;
  status: "sent" | "delivered" | "read" | "failed";
  /** Epoch seconds. */
  timestamp: string;
  error?: { code: number; title: string };
}

export const PAYLOAD_VERSION = "0.1";

interface IncomingMedia {
  mediaURL: string;
  caption?: string;
  mimeType?: string;
}

/** What a person wrote, posted to an address of its own, one message a call. */
export type WhatsAppInbound = {
  payloadVersion: typeof PAYLOAD_VERSION;
  from: string;
  wabaNumber: string;
  /** Epoch seconds. */
  timestamp: string;
  /** The message that is answered, where it is known. */
  context?: { id: string };
} & (
  | { type: "text"; text: { body: string } }
  | { type: "image"; image: IncomingMedia }
  | { type: "video"; video: IncomingMedia }
  | { type: "audio"; audio: IncomingMedia }
  /** The page's table calls the object `file`, its sample `document`. */
  | { type: "file"; file: IncomingMedia; document: IncomingMedia }
  | {
      type: "location";
      location: { latitude: string; longitude: string; name?: string; address?: string; url?: string };
    }
);

interface SmsEvent {
  /** Epoch seconds. */
  ts: number;
  /** The message's id, verbatim. */
  meta: string;
}

/** SMS callbacks come in groups, one for each event. */
export type SmsEvents =
  | { event: "delivered"; data: (SmsEvent & { description: string })[] }
  | { event: "failed"; data: (SmsEvent & { code: string; description: string })[] }
  | { event: "replied"; data: (SmsEvent & { toPhone: string; incomingText: string })[] };
