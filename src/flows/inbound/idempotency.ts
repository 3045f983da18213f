import type { State } from "../../core/ports.ts";
import { DAY_MS, inboundBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";

/**
 * What was done for one inbound message: known for a day at the least, the time Vonage goes on repeating a webhook,
 * so that a repeat does only what is missing. Two replicas that handle copies in the same moment do not see each
 * other's steps.
 */
export interface Progress {
  isDone(step: string): boolean;
  /** Writes down the steps done so far, this one included. */
  finish(step: string): Promise<void>;
  /** Runs it unless it was done; done is what resolved. */
  once(step: string, run: () => Promise<void>): Promise<void>;
}

/** The step after which nothing is missing. */
export const DONE = "done";

/** Reads the record of that id: one field, in the bucket of the day of its last step. */
export async function readProgress(
  { state, now }: { state: State; now: Clock },
  id: string,
): Promise<Progress> {
  const [today, yesterday] = await Promise.all(
    [now(), now() - DAY_MS].map((day) => state.read(inboundBucket(day), id)),
  );
  const steps = new Set((today ?? yesterday ?? "").split(",").filter((step) => step !== ""));
  const isDone = (step: string) => steps.has(step);
  const finish = (step: string) => state.write(inboundBucket(now()), id, [...steps.add(step)].join(","));
  return {
    isDone,
    finish,
    async once(step, run) {
      if (isDone(step)) return;
      await run();
      await finish(step);
    },
  };
}

/** Runs that have the same id and overlap, within this process, are one: the first, whose outcome all share. */
export function createSingleFlight<T>() {
  const underWay = new Map<string, Promise<T>>();
  return (id: string, run: () => Promise<T>): Promise<T> => {
    const first = underWay.get(id);
    if (first) return first;
    const running = run().finally(() => underWay.delete(id));
    underWay.set(id, running);
    return running;
  };
}
