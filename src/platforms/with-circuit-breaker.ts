import type { CircuitBreaker } from "../lib/circuit-breaker.ts";
import type { PlatformChannel } from "./platform.ts";

/** The channel with everything it posts to its platform's callback address behind the breaker. */
export function withCircuitBreaker(channel: PlatformChannel, breaker: CircuitBreaker): PlatformChannel {
  const { reports, replies } = channel;
  return {
    ...channel,
    reports: { ...reports, post: (batch) => breaker.run(() => reports.post(batch)) },
    replies: replies && { ...replies, post: (reply) => breaker.run(() => replies.post(reply)) },
  };
}
