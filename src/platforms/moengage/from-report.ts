import type { DeliveryReport } from "../../core/report.ts";
import type { SmsDelivery, WhatsAppStatus } from "./contract.ts";

/** A report as one element of `statuses`. MoEngage documents the timestamp as a string; the unit seen is seconds. */
export function reportToStatus(report: DeliveryReport): WhatsAppStatus {
  return {
    msg_id: report.id,
    status: report.status,
    timestamp: String(Math.floor(report.at / 1_000)),
    error: report.error,
  };
}

/**
 * A report as MoEngage's SMS delivery callback. `error` is always there, empty when all is well: MoEngage
 * builds its mapping screen from the fields of the first delivered callback it sees.
 */
export function reportToDelivery(report: DeliveryReport): SmsDelivery {
  return {
    trackingId: report.id,
    status: report.status,
    error: report.error ? `${report.error.code}, ${report.error.description}` : "",
  };
}
