import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";

/** What a channel is called, and the variables that switch it on. */
export interface ChannelSwitch {
  name: string;
  variables: string;
}

/** The error, retryable, for what a channel that is off here should be told; the first one for each tag is said aloud. */
export type ChannelOff = (tag: string) => ConnectorError;

/**
 * A variable may get lost in a redeploy, and be back in the next. `switchOf` resolves to undefined for a tag that no
 * channel of this version has: another version may have made the job.
 */
export function createChannelOff(switchOf: (tag: string) => ChannelSwitch | undefined, log: Log): ChannelOff {
  const said = new Set<string>();
  return (tag) => {
    const known = switchOf(tag);
    const words = known
      ? `${known.name} is off in this instance: to have it told, set ${known.variables}`
      : "This version of the connector has no such channel: to have it told, deploy the version that has";
    const error = new ConnectorError("channel_off", words, { retryable: true });
    if (!said.has(tag)) {
      said.add(tag);
      log.error({ origin: tag, ...loggableError(error) }, WAITS);
    }
    return error;
  };
}

const WAITS = "What a channel that is off should be told waits in the outbox, for a week at the most";
