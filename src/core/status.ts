import type { DeliveryReport, DeliveryStatus, FailureReason } from "./report.ts";

/** What a message carries through the vendor and brings back in every status: the platform's id, or a key of it. */
export type Reference =
  | { form: "verbatim"; origin: string; id: string }
  | { form: "key"; origin: string; key: string };

/** What the vendor says of one message that it has taken. */
export interface MessageStatus {
  vendorId: string;
  /** As the vendor names it. */
  channel: string;
  /** As the vendor wrote it, for the log. */
  vendorStatus: string;
  /** Undefined for a status this release does not know. */
  status: DeliveryStatus | undefined;
  /** Undefined when the message is none of ours. */
  reference: Reference | undefined;
  to: string;
  from: string;
  /** The recipient's two names, where the vendor tells both. */
  recipient: { number: string; userId: string } | undefined;
  /** Milliseconds since the epoch. */
  at: number;
  /** Of an SMS, where the vendor says it: in how many parts it was sent. */
  parts: number | undefined;
  error: DeliveryReport["error"];
  /** Where the connector does something about the error. */
  reason: FailureReason | undefined;
}
