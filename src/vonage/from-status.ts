import type { DeliveryStatus } from "../core/report.ts";
import type { MessageStatus } from "../core/status.ts";
import { ConnectorError } from "../lib/errors.ts";
import { statusWebhook } from "./contract.ts";
import { STATUS_REASONS, statusError } from "./errors.ts";
import { parseReference } from "./reference.ts";

/**
 * https://developer.vonage.com/en/messages/concepts/messages-status-callbacks; `failed` and `expired` are the
 * older SMS API's words and still reach accounts that switched.
 */
const STATUSES: Record<string, DeliveryStatus> = {
  submitted: "sent",
  delivered: "delivered",
  read: "read",
  rejected: "failed",
  undeliverable: "failed",
  failed: "failed",
  expired: "failed",
};

/** A status webhook's body. Throws ConnectorError `invalid_webhook` when the required fields are not there. */
export function fromStatus(body: unknown, now: number): MessageStatus {
  const parsed = statusWebhook.safeParse(body);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "the body";
    throw new ConnectorError(
      "invalid_webhook",
      `Not a status webhook: ${field} is missing or has the wrong type`,
    );
  }
  const { data } = parsed;
  const status = Object.hasOwn(STATUSES, data.status) ? STATUSES[data.status] : undefined;
  const recipient = data.whatsapp?.recipient;
  const at = Date.parse(data.timestamp);
  const error = status === "failed" ? statusError(data.error) : undefined;
  const reason = error && Object.hasOwn(STATUS_REASONS, error.code) ? STATUS_REASONS[error.code] : undefined;
  return {
    vendorId: data.message_uuid,
    channel: data.channel,
    vendorStatus: data.status,
    status,
    reference: parseReference(data.client_ref),
    to: data.to,
    from: data.from,
    recipient:
      recipient?.wa_id && recipient.user_id
        ? { number: recipient.wa_id, userId: recipient.user_id }
        : undefined,
    at: Number.isNaN(at) ? now : at,
    parts: data.sms?.count_total,
    error,
    reason,
  };
}
