import type { State } from "../../core/ports.ts";
import { CHANNELS_ON } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock, Pause } from "../../lib/runtime.ts";

/** Which platform channels are on in this instance, and were: a variable may get lost in a redeploy. */
export interface ChannelMarks {
  /** Notes every hour, until the connector stops, that these tags' channels are on. Never rejects. */
  keep(tags: readonly string[]): Promise<void>;
  /** Whether the tag's channel was on within the last two days. Rejects, retryable, when State is down. */
  wasOnLately(tag: string): Promise<boolean>;
}

const HOUR_MS = 3_600_000;
const LATELY_MS = 48 * HOUR_MS;
const RETRY_MS = 30_000;

export interface ChannelMarksPorts {
  state: State;
  pause: Pause;
  isStopping: () => boolean;
  now: Clock;
  log: Log;
}

export function createChannelMarks({ state, pause, isStopping, now, log }: ChannelMarksPorts): ChannelMarks {
  async function mark(tags: readonly string[]): Promise<boolean> {
    try {
      await Promise.all(tags.map((tag) => state.write(CHANNELS_ON, tag, String(now()))));
      return true;
    } catch (error) {
      log.debug(loggableError(error), "Which channels are on is not noted yet");
      return false;
    }
  }
  return {
    async keep(tags) {
      while (!isStopping()) await pause((await mark(tags)) ? HOUR_MS : RETRY_MS);
    },
    async wasOnLately(tag) {
      const at = await state.read(CHANNELS_ON, tag);
      return at !== null && now() - Number(at) <= LATELY_MS;
    },
  };
}
