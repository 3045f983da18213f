import type { Bucket, State } from "../../../src/core/ports.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import { createClock, createMemoryState, type ManualClock, unavailable } from "../../support/ports.ts";

/** Processes that share State, in simulated time: every wait and every call of a neighbour ends in its own moment. */
export interface Simulation {
  now: ManualClock;
  /** A process to come: its State, its waits, and how it dies. */
  process(): SimulatedProcess;
  /** Lets time pass until nobody waits for anything any more. */
  run(): Promise<void>;
}

export interface SimulatedProcess {
  /** Nothing that it waits for ever comes. */
  die(): void;
  state: State;
  pause(ms: number): Promise<void>;
}

/** `callMs`: the longest a call takes on its way there, and again on its way back; `lost`: share that fails, before or after its effect. */
export function createSimulation(random: Random, callMs: number, lost: number): Simulation {
  const now = createClock();
  const store = createMemoryState();
  const due = new Map<number, (() => void)[]>();

  function wait(ms: number): Promise<void> {
    const at = now() + ms;
    return new Promise((resolve) => due.set(at, [...(due.get(at) ?? []), resolve]));
  }

  function process(): SimulatedProcess {
    let isAlive = true;
    const pending = new Map<string, string>();
    async function pause(ms: number): Promise<void> {
      await wait(ms);
      if (!isAlive) await new Promise(() => undefined);
    }
    async function travel(): Promise<void> {
      await pause(random.between(0, callMs));
      if (random.chance(lost)) throw unavailable();
    }
    const [there, back] = [shared(travel), shared(travel)];
    return {
      die() {
        isAlive = false;
      },
      pause,
      state: {
        ...store,
        // As in VCR's State: reads of one moment share a call, and see the process's own writes before they are through.
        async read(bucket, field) {
          const own = pending.get(bucket.key + field);
          if (own !== undefined) return own;
          await there();
          const value = await store.read(bucket, field);
          await back();
          return value;
        },
        async write(bucket: Bucket, field: string, value: string) {
          const name = bucket.key + field;
          pending.set(name, value);
          try {
            await travel();
            await store.write(bucket, field, value);
            await travel();
          } finally {
            if (pending.get(name) === value) pending.delete(name);
          }
        },
      },
    };
  }

  async function run(): Promise<void> {
    while (due.size > 0) {
      const resolves = due.get(now()) ?? [];
      due.delete(now());
      for (const resolve of resolves) resolve();
      // Whatever follows from it, what leaves with the next turn of the event loop included.
      for (let turns = 0; resolves.length > 0 && turns < 2; turns++)
        await new Promise<void>((resolve) => setImmediate(resolve));
      if (!due.has(now())) now.advance(1);
    }
  }

  return { now, process, run };
}

/** Whoever asks while it is under way waits for the same. */
export function shared(work: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | undefined;
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
