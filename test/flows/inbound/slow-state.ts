import type { State } from "../../../src/core/ports.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import { type ManualClock, unavailable } from "../../support/ports.ts";

/**
 * Processes over one State in simulated time: each call takes effect in a moment of its own, and is answered in another.
 * `callMs` is the longest way there, and back again; `lost` the share of calls that fail, before or after their effect.
 */
export function createSlowState(
  store: State,
  now: ManualClock,
  random: Random,
  { callMs = 60, stepMs = 1, lost = 0 } = {},
) {
  const due = new Map<number, (() => void)[]>();
  function pause(ms: number): Promise<void> {
    const at = now() + ms;
    const same = due.get(at) ?? [];
    due.set(at, same);
    return new Promise((resolve) => same.push(resolve));
  }
  async function travel(): Promise<void> {
    await pause(stepMs * random.between(0, callMs / stepMs));
    if (random.chance(lost)) throw unavailable();
  }
  const far =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      await travel();
      const answer = await call(...args);
      await travel();
      return answer;
    };

  return {
    pause,
    /** The State of a process to come, which sees its own writes before they are through, as VCR's does. */
    process(): State {
      const pending = new Map<string, string>();
      const [read, write] = [far(store.read), far(store.write)];
      return {
        ...store,
        increment: far(store.increment),
        read: async (bucket, field) => pending.get(`${bucket.key} ${field}`) ?? read(bucket, field),
        async write(bucket, field, value) {
          const name = `${bucket.key} ${field}`;
          pending.set(name, value);
          try {
            await write(bucket, field, value);
          } finally {
            if (pending.get(name) === value) pending.delete(name);
          }
        },
      };
    },
    /** Lets time pass until nobody waits for anything any more. */
    async run(): Promise<void> {
      while (due.size > 0) {
        const next = Math.min(...due.keys());
        now.advance(next - now());
        const ripe = due.get(next) ?? [];
        due.delete(next);
        for (const resolve of ripe) resolve();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
}
