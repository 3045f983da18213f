import type { DeliveryReport, DeliveryStatus } from "../../core/report.ts";
import { type Dsn, STATUS_CODES, VERSION } from "./contract.ts";

/** The status of ours that becomes `whatsapp_sent`. */
export type SentOn = "delivered" | "submitted";

/**
 * Whether WebEngage is told of the status. It has one word, `whatsapp_sent`, for both "taken" and "delivered": which
 * of the two it stands for is a setting, and the other is not told (docs/decisions/0010).
 */
export const isReported = ({ status }: DeliveryReport, sentOn: SentOn): boolean =>
  status !== (sentOn === "submitted" ? "delivered" : "sent");

const STATUSES: Record<DeliveryStatus, Dsn["status"]> = {
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

/** A report as a delivery status notification. The id goes back exactly as it came. */
export function reportToDsn({ id, to, status, at, error }: DeliveryReport): Dsn {
  const statusCode = status === "failed" ? failureCode(error?.code) : STATUS_CODES.success;
  const reason = error ? `${error.code}, ${error.description}` : "No reason was given";
  return {
    version: VERSION,
    messageId: id,
    toNumber: to,
    status: STATUSES[status],
    statusCode,
    reason: status === "failed" && !PLAIN.has(statusCode) ? reason : undefined,
    timestamp: formatTime(at),
  };
}

const failureCode = (code: string | undefined) =>
  (code !== undefined && Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined) ?? STATUS_CODES.unknown;

/** `yyyy-MM-ddTHH:mm:ss±hhmm`, in UTC. */
const formatTime = (at: number) => `${new Date(at).toISOString().slice(0, 19)}+0000`;
