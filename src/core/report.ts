import type { Channel } from "./message.ts";

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
