import type { DeliveryReport, DeliveryStatus } from "../../core/report.ts";
import { SMS_STATUS_CODES, type SmsDsn, STATUS_CODES, VERSION, type WhatsAppDsn } from "./contract.ts";

/** The status of ours that becomes `whatsapp_sent` or `sms_sent`. */
export type SentOn = "delivered" | "submitted";

/**
 * Whether WebEngage is told of the status. It has one word for both "taken" and "delivered", `whatsapp_sent` or
 * `sms_sent`: which of the two it stands for is a setting, and the other is not told (docs/decisions/0010).
 */
export const isReported = ({ channel, status }: DeliveryReport, sentOn: SentOn): boolean =>
  status !== (sentOn === "submitted" ? "delivered" : "sent") && !(channel === "sms" && status === "read");

const STATUSES: Record<DeliveryStatus, WhatsAppDsn["status"]> = {
  sent: "whatsapp_sent",
  delivered: "whatsapp_sent",
  read: "whatsapp_read",
  failed: "whatsapp_failed",
};

/**
 * Codes of failed reports as WebEngage's; any other is 9988, "unknown or other". The numbers are those of Vonage's
 * status webhooks, also for a send that was refused at once. 2015 is not used: WebEngage would send the message again.
 * https://developer.vonage.com/en/api-errors/messages
 */
export const FAILURES: Record<string, number> = {
  opted_out: STATUS_CODES.notOptedIn,
  expired: STATUS_CODES.messageExpired,
  "low-balance": STATUS_CODES.insufficientCredit,
  forbidden: STATUS_CODES.authorizationFailure,
  "1000": STATUS_CODES.retriesExhausted,
  "1010": STATUS_CODES.templateParameterMismatch,
  "1020": STATUS_CODES.templateParameterMismatch,
  "1022": STATUS_CODES.templateDidNotMatch,
  "1040": STATUS_CODES.invalidRecipient,
  "1050": STATUS_CODES.notDelivered,
  "1060": STATUS_CODES.authorizationFailure,
  "1070": STATUS_CODES.retriesExhausted,
  "1080": STATUS_CODES.authorizationFailure,
  "1090": STATUS_CODES.messageTooLong,
  "1100": STATUS_CODES.notDelivered,
  "1120": STATUS_CODES.invalidSender,
  "1130": STATUS_CODES.invalidFormat,
  "1140": STATUS_CODES.authorizationFailure,
  "1150": STATUS_CODES.invalidFormat,
  "1160": STATUS_CODES.authorizationFailure,
  "1170": STATUS_CODES.invalidRecipient,
  "1180": STATUS_CODES.notDelivered,
  "1190": STATUS_CODES.notDelivered,
  "1210": STATUS_CODES.notDelivered,
  "1220": STATUS_CODES.notDelivered,
  "1230": STATUS_CODES.notDelivered,
  "1240": STATUS_CODES.userBlockedBusiness,
  "1241": STATUS_CODES.retriesExhausted,
  "1250": STATUS_CODES.notDelivered,
  "1251": STATUS_CODES.notDelivered,
  "1260": STATUS_CODES.notDelivered,
  "1270": STATUS_CODES.notDelivered,
  "1280": STATUS_CODES.notDelivered,
  "1282": STATUS_CODES.notDelivered,
  "1300": STATUS_CODES.invalidRecipient,
  "1310": STATUS_CODES.notDelivered,
  "1331": STATUS_CODES.notDelivered,
  "1340": STATUS_CODES.notOptedInAndInactive,
  "1360": STATUS_CODES.messageExpired,
  "1380": STATUS_CODES.invalidFormat,
  "1381": STATUS_CODES.invalidFormat,
  "1382": STATUS_CODES.invalidFormat,
  "1420": STATUS_CODES.invalidSender,
  "1430": STATUS_CODES.invalidRecipient,
  "1440": STATUS_CODES.invalidFormat,
  "1460": STATUS_CODES.retriesExhausted,
  "1461": STATUS_CODES.frequencyCap,
  "1483": STATUS_CODES.notOptedIn,
};

/** Codes that say all there is to say. */
const PLAIN: ReadonlySet<number> = new Set([STATUS_CODES.insufficientCredit, STATUS_CODES.messageExpired]);

/** A report on WhatsApp as a delivery status notification. The id goes back exactly as it came. */
export function reportToWhatsAppDsn({ id, to, status, at, error }: DeliveryReport): WhatsAppDsn {
  const statusCode = status === "failed" ? codeOf(error, FAILURES) : STATUS_CODES.success;
  return {
    version: VERSION,
    messageId: id,
    toNumber: to,
    status: STATUSES[status],
    statusCode,
    reason: status === "failed" && !PLAIN.has(statusCode) ? wordsOf(error) : undefined,
    timestamp: formatTime(at),
  };
}

/** FAILURES for SMS, where codes have other meanings. 2015 is not used: WebEngage would send the message again. */
export const SMS_FAILURES: Record<string, number> = {
  opted_out: SMS_STATUS_CODES.blacklisted,
  expired: SMS_STATUS_CODES.messageExpired,
  "low-balance": SMS_STATUS_CODES.insufficientCredit,
  forbidden: SMS_STATUS_CODES.authorizationFailure,
  "1040": SMS_STATUS_CODES.invalidRecipient,
  "1050": SMS_STATUS_CODES.notDelivered,
  "1060": SMS_STATUS_CODES.authorizationFailure,
  "1080": SMS_STATUS_CODES.authorizationFailure,
  "1090": SMS_STATUS_CODES.messageTooLong,
  "1100": SMS_STATUS_CODES.notDelivered,
  "1120": SMS_STATUS_CODES.invalidSender,
  "1140": SMS_STATUS_CODES.authorizationFailure,
  "1160": SMS_STATUS_CODES.authorizationFailure,
  "1170": SMS_STATUS_CODES.invalidRecipient,
  "1180": SMS_STATUS_CODES.notDelivered,
  "1190": SMS_STATUS_CODES.notDelivered,
  "1200": SMS_STATUS_CODES.notDelivered,
  "1210": SMS_STATUS_CODES.notDelivered,
  "1220": SMS_STATUS_CODES.notDelivered,
  "1230": SMS_STATUS_CODES.notDelivered,
  "1240": SMS_STATUS_CODES.blacklisted,
  "1250": SMS_STATUS_CODES.notDelivered,
  "1251": SMS_STATUS_CODES.notDelivered,
  "1260": SMS_STATUS_CODES.notDelivered,
  "1270": SMS_STATUS_CODES.notDelivered,
  "1280": SMS_STATUS_CODES.notDelivered,
  "1282": SMS_STATUS_CODES.notDelivered,
  "1290": SMS_STATUS_CODES.notDelivered,
  "1300": SMS_STATUS_CODES.invalidRecipient,
  "1310": SMS_STATUS_CODES.notDelivered,
  "1331": SMS_STATUS_CODES.notDelivered,
  "1360": SMS_STATUS_CODES.messageExpired,
  "1420": SMS_STATUS_CODES.invalidSender,
  "1430": SMS_STATUS_CODES.invalidRecipient,
  "1480": SMS_STATUS_CODES.entityNotRegistered,
  "1481": SMS_STATUS_CODES.senderNotRegistered,
  "1482": SMS_STATUS_CODES.templateNotRegistered,
  "1483": SMS_STATUS_CODES.doNotDisturb,
  "1484": SMS_STATUS_CODES.registerBlocked,
};

/** A report on SMS as a delivery status notification: what reached a phone took one SMS at least. */
export function reportToSmsDsn({ id, to, status, parts = 1, error }: DeliveryReport): SmsDsn {
  const common = { version: VERSION, messageId: id, toNumber: to } as const;
  if (status !== "failed")
    return { ...common, status: "sms_sent", statusCode: SMS_STATUS_CODES.success, smsCount: parts };
  return {
    ...common,
    ...{ status: "sms_failed", statusCode: codeOf(error, SMS_FAILURES), message: wordsOf(error) },
  };
}

type Failure = DeliveryReport["error"];

const codeOf = (error: Failure, codes: Record<string, number>) =>
  (error && Object.hasOwn(codes, error.code) ? codes[error.code] : undefined) ?? STATUS_CODES.unknown;

const wordsOf = (error: Failure) => (error ? `${error.code}, ${error.description}` : "No reason was given");

/** `yyyy-MM-ddTHH:mm:ss±hhmm`, in UTC. */
const formatTime = (at: number) => `${new Date(at).toISOString().slice(0, 19)}+0000`;
