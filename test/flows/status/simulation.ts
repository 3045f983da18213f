import type { State } from "../../../src/core/ports.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import { createClock, createMemoryState, type ManualClock, unavailable } from "../../support/ports.ts";

/** Processes that share State, in simulated time: every wait and every call of a neighbour ends in its own moment. */
export interface Simulation {
  now: ManualClock;
  store: ReturnType<typeof createMemoryState>;
  /** A process to come: its clock, its State, its waits, and how it dies. */
  process(): SimulatedProcess;
  /** Lets time pass until nobody waits for anything any more, or until this much of it has passed. */
  run(ms: number): Promise<void>;
}

export interface SimulatedProcess {
  isAlive(): boolean;
  /** Nothing that it waits for ever comes. */
  die(): void;
  state: State;
  pause(ms: number): Promise<void>;
}

interface Waiting {
  until: number;
  resolve(): void;
}

/** `callMs`: the longest a call takes on its way there, and again on its way back; `lost`: share that fails, before or after its effect. */
export function createSimulation(random: Random, { callMs = 100, lost = 0 } = {}): Simulation {
  const now = createClock();
  const store = createMemoryState(now);
  const waiting: Waiting[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => waiting.push({ until: now() + ms, resolve }));

  function process(): SimulatedProcess {
    let isAlive = true;
    async function pause(ms: number): Promise<void> {
      await wait(ms);
      if (!isAlive) await new Promise(() => undefined);
    }
    const far =
      <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        await pause(random.between(0, callMs));
        if (random.chance(lost)) throw unavailable();
        const result = await call(...args);
        await pause(random.between(0, callMs));
        if (random.chance(lost)) throw unavailable();
        return result;
      };
    return {
      isAlive: () => isAlive,
      die() {
        isAlive = false;
      },
      pause,
      state: {
        ...{ increment: far(store.increment), read: far(store.read), write: far(store.write) },
        ...{ remove: far(store.remove), scan: far(store.scan) },
        ...{ append: far(store.append), range: far(store.range) },
        ...{ getKey: far(store.getKey), setKey: far(store.setKey) },
      },
    };
  }

  async function run(ms: number): Promise<void> {
    const end = now() + ms;
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const next = waiting.reduce((soonest, { until }) => Math.min(soonest, until), Number.POSITIVE_INFINITY);
      if (next > end) return;
      now.advance(next - now());
      const due = waiting.findIndex(({ until }) => until === next);
      waiting.splice(due, 1)[0]?.resolve();
    }
  }

  return { now, store, process, run };
}
