import type { State } from "../../core/ports.ts";
import { DAY_MS, inboundBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";

/** Remembers for a day at the least what was done for an inbound message, so that a repeat does only what is missing. */
export interface Steps {
  isDone(step: string): Promise<boolean>;
  finish(step: string): Promise<void>;
  /** Runs it unless it was done; done is what resolved. */
  once(step: string, run: () => Promise<void>): Promise<void>;
}

const DONE = "done";

export function createSteps(state: State, now: Clock): Steps {
  async function isDone(step: string): Promise<boolean> {
    const days = [now(), now() - DAY_MS];
    return (await Promise.all(days.map((day) => state.read(inboundBucket(day), step)))).includes(DONE);
  }
  const finish = (step: string) => state.write(inboundBucket(now()), step, DONE);
  return {
    isDone,
    finish,
    async once(step, run) {
      if (await isDone(step)) return;
      await run();
      await finish(step);
    },
  };
}
