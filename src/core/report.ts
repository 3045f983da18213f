import type { Channel, OutboundMessage } from "./message.ts";

export type DeliveryStatus = "sent" | "delivered" | "read" | "failed";

/** Why a message failed, where the connector does something about it. */
export type FailureReason = "carrier_opt_out" | "throttled" | "template";

/** What became of one message, in words every platform understands. */
export interface DeliveryReport {
  /** Tag of the platform channel the message came from. */
  origin: string;
  channel: Channel;
  /** The platform's message id. */
  id: string;
  status: DeliveryStatus;
  /** When it happened, milliseconds since the epoch. */
  at: number;
  /** The recipient as the vendor named it; some platforms want it back. */
  to: string;
  /** Only with `failed`: the vendor's code, or a word of ours, and a sentence a marketer can act on. */
  error?: { code: string; description: string };
  /** Only with `failed`; for the connector itself, no platform is told. */
  reason?: FailureReason;
}

/** Why a message will not be sent, in the words of its report. */
export interface Refusal {
  code: string;
  description: string;
  reason?: FailureReason;
}

/** The report of a message that the connector itself gives up. */
export function failedReport(
  { id, origin, channel, to }: Pick<OutboundMessage, "id" | "origin" | "channel" | "to">,
  { code, description, reason }: Refusal,
  at: number,
): DeliveryReport {
  return { origin, channel, id, to, status: "failed", at, error: { code, description }, reason };
}
