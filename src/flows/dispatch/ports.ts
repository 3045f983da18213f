import type { Job } from "../../core/job.ts";
import type { JobQueue, Sender, State } from "../../core/ports.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { Conversations } from "../inbound/conversations.ts";
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
  conversations: Conversations;
  channels: readonly PlatformChannel[];
  rateLimiter: RateLimiter;
  ackDelay: AckDelay;
  inDoubt: { waitSeconds: number; policy: "fail" | "resend" };
  now: Clock;
  log: Log;
}
