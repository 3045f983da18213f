import { z } from "zod";
import { type Reportable, reportable } from "./message.ts";

const deliveryStatus = z.enum(["sent", "delivered", "read", "failed"]);
export type DeliveryStatus = z.output<typeof deliveryStatus>;

/** Why a message failed, where the connector does something about it. */
const failureReason = z.enum(["carrier_opt_out", "throttled", "template"]);
export type FailureReason = z.output<typeof failureReason>;

/** What became of one message, in words every platform understands. A change of it changes the jobs on the queue: see VERSION in job.ts. */
export const deliveryReport = z.strictObject({
  /** `id` is the platform's own; `to` the recipient as the vendor named it, since some platforms want it back. */
  ...reportable.shape,
  status: deliveryStatus,
  /** When it happened, milliseconds since the epoch. */
  at: z.number(),
  /** Only of an SMS, where the vendor says it: in how many parts it was sent. */
  parts: z.int().min(1).optional(),
  /** Only with `failed`: the vendor's code, or a word of ours, and a sentence a marketer can act on. */
  error: z.strictObject({ code: z.string(), description: z.string() }).optional(),
  /** Only with `failed`; for the connector itself, no platform is told. */
  reason: failureReason.optional(),
});
export type DeliveryReport = z.output<typeof deliveryReport>;

/** Why a message will not be sent, in the words of its report. */
export interface Refusal {
  code: string;
  description: string;
  reason?: FailureReason;
}

/** The report of a message that the connector itself gives up. */
export function failedReport(
  { id, origin, channel, to }: Reportable,
  { code, description, reason }: Refusal,
  at: number,
): DeliveryReport {
  return { origin, channel, id, to, status: "failed", at, error: { code, description }, reason };
}
