import type { DeliveryStatus, FailureReason } from "../core/report.ts";
import { ConnectorError } from "../lib/errors.ts";
import { statusWebhook } from "./contract.ts";
import { STATUS_REASONS, statusError } from "./errors.ts";

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

export interface VonageStatus {
  vendorId: string;
  /** As Vonage names it. */
  channel: string;
  /** As Vonage wrote it, for the log. */
  vendorStatus: string;
  /** Undefined for a status this release does not know. */
  status: DeliveryStatus | undefined;
  clientRef: string | undefined;
  to: string;
  from: string;
  /** The recipient's two names, where Vonage tells both. */
  recipient?: { number: string; userId: string };
  /** Milliseconds since the epoch. */
  at: number;
  error?: { code: string; description: string };
  /** Where the connector does something about the error. */
  reason?: FailureReason;
}

/** A status webhook's body. Throws ConnectorError `invalid_webhook` when the required fields are not there. */
export function fromStatus(body: unknown, now: number): VonageStatus {
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
    clientRef: data.client_ref,
    to: data.to,
    from: data.from,
    ...(recipient?.wa_id && recipient.user_id
      ? { recipient: { number: recipient.wa_id, userId: recipient.user_id } }
      : {}),
    at: Number.isNaN(at) ? now : at,
    ...(error ? { error } : {}),
    ...(reason ? { reason } : {}),
  };
}
