import { randomBytes, randomUUID } from "node:crypto";

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** Resolves after so many milliseconds, earlier when the connector stops. */
export type Pause = (ms: number) => Promise<void>;

export interface Timer {
  /** The process may end without it. */
  unref(): unknown;
}

/** Time and chance. Whatever runs many replicas in one process, or a day in a second, gives each replica its own. */
export interface Runtime {
  now: Clock;
  /** Milliseconds since some moment; goes on evenly when somebody sets the clock. */
  monotonic: Clock;
  setTimeout(work: () => void, ms: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  setInterval(work: () => void, ms: number): Timer;
  clearInterval(timer: Timer | undefined): void;
  setImmediate(work: () => void): void;
  /** From 0 up to 1, 1 itself excluded. */
  random(): number;
  randomBytes(count: number): Buffer;
  uuid(): string;
}

/** What can wait. */
export type Timers = Pick<Runtime, "setTimeout" | "clearTimeout">;

export const systemRuntime: Runtime = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  setInterval: (work, ms) => setInterval(work, ms),
  clearInterval: (timer) => clearInterval(timer as NodeJS.Timeout | undefined),
  setImmediate: (work) => void setImmediate(work),
  random: () => Math.random(),
  randomBytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
};

/** A pause that ends with the signal. */
export function createPause(signal: AbortSignal, runtime: Timers): Pause {
  return (ms) =>
    new Promise((resolve) => {
      const timer = runtime.setTimeout(end, ms);
      function end() {
        runtime.clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      }
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    });
}
