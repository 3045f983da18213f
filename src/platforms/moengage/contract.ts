import { z } from "zod";
import { filled, text } from "../../core/text.ts";

/**
 * MoEngage's wire, as documented for WhatsApp providers and for SMS custom connectors.
 * https://partners.moengage.com/hc/en-us/articles/15876712516244-Message-Template-and-Callback-Formats
 * https://www.moengage.com/docs/user-guide/campaigns-and-channels/sms-mms-and-rcs/sms/getting-started-with-sms/configure-custom-connector-for-sms
 */

/** Tags of our channels of MoEngage. */
export const WHATSAPP_TAG = "mw";
export const SMS_TAG = "ms";

export const WHATSAPP_INTAKE_PATH = "/webhooks/send";
export const SMS_INTAKE_PATH = "/";
export const TEMPLATES_PATH = "/sync_templates";

/** The codes of a failure answer to a WhatsApp send. */
export const FAILURE_CODES = {
  template: "7001",
  phoneNumber: "7002",
  other: "7004",
} as const;

/** MoEngage names 50 for RCS and nothing for WhatsApp; staying at it is safe for both. */
export const MAX_STATUSES_PER_CALL = 50;

/** Kept by reference: parsing must not copy what has to arrive unchanged. */
const component = z
  .unknown()
  .refine((value) => typeof (value as { type?: unknown } | null)?.type === "string");

/** The shape alone; numbers have sentences of their own in to-message. */
export const whatsappSend = z.object({
  msg_id: z.union([filled, z.int()]),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  template: z.object({
    name: filled,
    language: z.object({ code: filled }),
    components: z.array(component).nullish(),
  }),
});

export const smsSend = z.object({
  text: text(),
  to: z.unknown().optional(),
  from: z.union([z.string(), z.number()]).nullish(),
  sender: z.union([z.string(), z.number()]).nullish(),
  template_id: z.union([z.string(), z.number()]).nullish(),
  entity_id: z.union([z.string(), z.number()]).nullish(),
  ttl: z.union([z.string(), z.number()]).nullish(),
});

export interface WhatsAppStatus {
  msg_id: string;
  status: "sent" | "delivered" | "read" | "failed";
  /** Epoch seconds. */
  timestamp: string;
  error?: { code: string; description: string };
}

export interface SmsDelivery {
  trackingId: string;
  status: string;
  error: string;
}

/** An inbound reply, posted to the same URL as the statuses, one object a call. */
export type WhatsAppInbound = {
  from: string;
  waba_number: string;
  /** Epoch seconds. */
  timestamp: string;
  context: { msg_id?: string };
} & (
  | { type: "text"; text: { body: string } }
  | { type: "button"; button: { payload: string; text: string } }
);

/**
 * Track User of the Data API. https://www.moengage.com/docs/api/user/track-user
 * `update_existing_only` keeps a wrong guess from creating a profile.
 */
export interface SubscriptionUpdate {
  type: "customer";
  customer_id?: string;
  update_existing_only: true;
  attributes: {
    moe_mobile?: string;
    moe_wa_subscription?: boolean;
    moe_sms_subscription?: "OPTIN" | "OPTOUT";
  };
}
