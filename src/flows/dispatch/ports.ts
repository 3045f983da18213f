import type { Job } from "../../core/job.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { JobQueue, Sender, State } from "../../core/ports.ts";
import type { DeliveryReport, FailureReason } from "../../core/report.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { Correlation } from "../inbound/conversations.ts";
import type { Suppression } from "../inbound/suppression.ts";
import type { Reporter } from "../status/report.ts";
import type { AckDelay } from "./ack-delay.ts";
import type { Claims } from "./claims.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** What a job's delivery works with; pacer and holder are those of its queue. */
export interface DispatchPorts {
  queue: JobQueue;
  state: State;
  sender: Sender;
  claims: Claims;
  reporter: Reporter;
  /** The job kept under a key; undefined when it is gone. */
  unpark(key: string): Promise<Job | undefined>;
  suppression: Suppression;
  correlation: Correlation;
  channels: readonly PlatformChannel[];
  rateLimiter: RateLimiter;
  ackDelay: AckDelay;
  inDoubt: { waitSeconds: number; policy: "fail" | "resend" };
  now: Clock;
  log: Log;
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
  const error = { code, description };
  return { origin, channel, id, to, status: "failed", at, error, ...(reason ? { reason } : {}) };
}
