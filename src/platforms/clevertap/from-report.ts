import type { DeliveryReport } from "../../core/report.ts";
import { SMS_CODES, type SmsEvents, STATUS_CODES, type WhatsAppStatus } from "./contract.ts";

/**
 * Codes of failed reports as CleverTap's for WhatsApp; any other is 1009, "other". The numbers are those of status
 * webhooks. https://developer.vonage.com/en/api-errors/messages
 */
export const WHATSAPP_FAILURES: Record<string, number> = {
  opted_out: STATUS_CODES.blacklisted,
  "low-balance": STATUS_CODES.credentials,
  forbidden: STATUS_CODES.credentials,
  "1060": STATUS_CODES.credentials,
  "1080": STATUS_CODES.credentials,
  "1140": STATUS_CODES.credentials,
  "1370": STATUS_CODES.credentials,
  "1010": STATUS_CODES.template,
  "1020": STATUS_CODES.template,
  "1022": STATUS_CODES.template,
  "1040": STATUS_CODES.phoneNumber,
  "1170": STATUS_CODES.phoneNumber,
  "1430": STATUS_CODES.phoneNumber,
  "1190": STATUS_CODES.inactive,
  "1000": STATUS_CODES.tooMany,
  "1070": STATUS_CODES.tooMany,
  "1241": STATUS_CODES.tooMany,
  "1180": STATUS_CODES.unavailable,
  "1260": STATUS_CODES.unavailable,
  "1300": STATUS_CODES.unavailable,
  "1331": STATUS_CODES.unavailable,
  "1050": STATUS_CODES.blacklisted,
  "1240": STATUS_CODES.blacklisted,
  "1310": STATUS_CODES.device,
  "1340": STATUS_CODES.outsideWindow,
  "1461": STATUS_CODES.blockedByMeta,
};

/** The same for SMS; any other is 900, with the words. */
export const SMS_FAILURES: Record<string, string> = {
  opted_out: SMS_CODES.blacklisted,
  expired: SMS_CODES.expired,
  invalid_recipient: SMS_CODES.invalidSubscriber,
  "1210": SMS_CODES.spam,
  "1282": SMS_CODES.spam,
  "1470": SMS_CODES.spam,
  "1472": SMS_CODES.spam,
  "1473": SMS_CODES.spam,
  "1474": SMS_CODES.spam,
  "1475": SMS_CODES.spam,
  "1476": SMS_CODES.spam,
  "1050": SMS_CODES.blacklisted,
  "1240": SMS_CODES.blacklisted,
  "1030": SMS_CODES.provider,
  "1100": SMS_CODES.provider,
  "1290": SMS_CODES.subscriber,
  "1481": SMS_CODES.dltHeader,
  "1480": SMS_CODES.dltEntity,
  "1482": SMS_CODES.dltTemplate,
  "1483": SMS_CODES.dltConsent,
  "1170": SMS_CODES.invalidSubscriber,
  "1190": SMS_CODES.invalidSubscriber,
  "1430": SMS_CODES.invalidSubscriber,
  "1180": SMS_CODES.undelivered,
  "1220": SMS_CODES.undelivered,
  "1260": SMS_CODES.undelivered,
  "1360": SMS_CODES.expired,
};

const codeIn = <Code>(table: Record<string, Code>, code: string | undefined, other: Code): Code =>
  (code !== undefined && Object.hasOwn(table, code) ? table[code] : undefined) ?? other;

const wordsOf = ({ error }: DeliveryReport) =>
  error ? `${error.code}, ${error.description}` : "No reason was given";

/** A report as one element of `statuses`. */
export function reportToStatus(report: DeliveryReport): WhatsAppStatus {
  const { id: msgId, status, at, error } = report;
  const timestamp = String(Math.floor(at / 1_000));
  if (status !== "failed") return { msgId, status, timestamp };
  const code = codeIn(WHATSAPP_FAILURES, error?.code, STATUS_CODES.other);
  return { msgId, status, timestamp, error: { code, title: wordsOf(report) } };
}

/** CleverTap's SMS has words for the two ends alone. */
export const isSmsEvent = ({ status }: DeliveryReport): boolean =>
  status === "delivered" || status === "failed";

/** Reports as groups of events, those of one kind together. */
export function reportsToEvents(reports: readonly DeliveryReport[]): SmsEvents[] {
  const eventOf = ({ id, at }: DeliveryReport) => ({ ts: Math.floor(at / 1_000), meta: id });
  const delivered = reports
    .filter(({ status }) => status === "delivered")
    .map((report) => ({ ...eventOf(report), description: "Delivered to handset" }));
  const failed = reports
    .filter(({ status }) => status === "failed")
    .map((report) => ({
      ...eventOf(report),
      code: codeIn(SMS_FAILURES, report.error?.code, SMS_CODES.other),
      description: wordsOf(report),
    }));
  return [
    ...(delivered.length > 0 ? [{ event: "delivered" as const, data: delivered }] : []),
    ...(failed.length > 0 ? [{ event: "failed" as const, data: failed }] : []),
  ];
}
