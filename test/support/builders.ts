import type { SendJob } from "../../src/core/job.ts";
import type { SmsMessage, Template, WhatsAppMessage } from "../../src/core/message.ts";
import type { DeliveryReport } from "../../src/core/report.ts";

/** The moment at which built messages were accepted. */
export const ACCEPTED_AT = Date.UTC(2025, 1, 3, 12, 0, 0);
export const WABA_NUMBER = "14155550100";
export const RECIPIENT = "447700900123";
/** As MoEngage's own look. */
export const MSG_ID = "67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518";
export const TRACKING_ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
export const VENDOR_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
/** Tagged for the sandbox's auditor: no log may show them. */
export const PARAMETER = "Ana canary-parameter";
export const TEXT = "Hi Ana, 20% off today canary-text";

const TTL_MS = 86_400_000;

export function buildTemplate(overrides: Partial<Template> = {}): Template {
  return {
    name: "order_update",
    language: { code: "en_US" },
    components: [{ type: "body", parameters: [{ type: "text", text: PARAMETER }] }],
    ...overrides,
  };
}

export function buildWhatsAppMessage(overrides: Partial<WhatsAppMessage> = {}): WhatsAppMessage {
  return {
    id: MSG_ID,
    origin: "mw",
    channel: "whatsapp",
    from: WABA_NUMBER,
    to: RECIPIENT,
    acceptedAt: ACCEPTED_AT,
    expiresAt: ACCEPTED_AT + TTL_MS,
    content: { type: "template", template: buildTemplate() },
    ...overrides,
  };
}

export function buildSmsMessage(overrides: Partial<SmsMessage> = {}): SmsMessage {
  return {
    id: TRACKING_ID,
    origin: "ms",
    channel: "sms",
    from: "MyBrand",
    to: RECIPIENT,
    acceptedAt: ACCEPTED_AT,
    expiresAt: ACCEPTED_AT + TTL_MS,
    text: TEXT,
    ...overrides,
  };
}

export function buildSendJob(overrides: Partial<SendJob> = {}): SendJob {
  return { kind: "send", attempt: 1, message: buildWhatsAppMessage(), ...overrides };
}

export function buildReport(overrides: Partial<DeliveryReport> = {}): DeliveryReport {
  return {
    origin: "mw",
    channel: "whatsapp",
    id: MSG_ID,
    status: "delivered",
    at: ACCEPTED_AT + 1_500,
    to: RECIPIENT,
    ...overrides,
  };
}

export function buildFailedReport(overrides: Partial<DeliveryReport> = {}): DeliveryReport {
  return buildReport({
    status: "failed",
    error: { code: "1022", description: "Invalid template or template parameters" },
    ...overrides,
  });
}

/** A body of MoEngage's `POST /webhooks/send`. */
export function buildWhatsAppSend(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { msg_id: MSG_ID, from: WABA_NUMBER, to: RECIPIENT, template: buildTemplate(), ...overrides };
}

/** A body of MoEngage's SMS `POST /`. */
export function buildSmsSend(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { text: TEXT, to: RECIPIENT, ...overrides };
}

/** A body of Vonage's status webhook; `client_ref` is the reference of the message that buildWhatsAppMessage makes. */
export function buildVonageStatus(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    message_uuid: VENDOR_ID,
    to: RECIPIENT,
    from: WABA_NUMBER,
    timestamp: "2025-02-03T12:14:25Z",
    status: "delivered",
    channel: "whatsapp",
    client_ref: `1vmw.${MSG_ID}`,
    ...overrides,
  };
}
