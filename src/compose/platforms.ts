import type { Config } from "../config/schema.ts";
import type { Observations } from "../flows/setup/observations.ts";
import { createCircuitBreaker } from "../lib/circuit-breaker.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { PlatformChannel, PlatformPorts } from "../platforms/platform.ts";
import { createEventSink, createPlatformChannels } from "../platforms/registry.ts";
import { withCircuitBreaker } from "../platforms/with-circuit-breaker.ts";

/** The channels of every platform that is configured, each behind a circuit breaker, and who is told of events. */
export function composePlatforms(
  config: Config,
  ports: PlatformPorts,
  observations: Pick<Observations, "report">,
) {
  const { now, log } = ports;
  const events = createEventSink(config, ports);
  return { events, channels: createPlatformChannels(config, ports).map(guarded) };

  function guarded(channel: PlatformChannel): PlatformChannel {
    const name = `${channel.platform} ${channel.channel}`;
    const breaker = createCircuitBreaker(name, now, log);
    const { reports, tag } = channel;
    const observed: PlatformChannel = {
      ...channel,
      reports: {
        ...reports,
        async post(some) {
          try {
            await reports.post(some);
            observations.report(tag);
          } catch (error) {
            const { code, message, detail } = asConnectorError(error);
            observations.report(tag, { code, message, status: Number(detail["status"]) || undefined });
            throw error;
          }
        },
      },
    };
    return withCircuitBreaker(observed, breaker);
  }
}
