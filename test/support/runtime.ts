import type { Runtime, Timer } from "../../src/lib/runtime.ts";
import { T0 } from "./ports.ts";

export type VirtualRuntime = Runtime & {
  /** Goes through that much time, timer by timer. */
  advance(ms: number): Promise<void>;
  /** How many timers run. */
  timers(): number;
};

/** Lets everything go on that waits for nothing but promises. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time that passes when a test says so. */
export function createVirtualRuntime(start = T0): VirtualRuntime {
  let at = start;
  let ids = 0;
  const due = new Map<Timer, { at: number; work: () => void; everyMs?: number }>();
  const add = (work: () => void, ms: number, everyMs?: number): Timer => {
    const timer: Timer = { unref: () => undefined };
    due.set(timer, { at: at + ms, work, everyMs });
    return timer;
  };
  const remove = (timer: Timer | undefined) => void (timer && due.delete(timer));
  return {
    now: () => at,
    monotonic: () => at,
    setTimeout: (work, ms) => add(work, ms),
    setInterval: (work, ms) => add(work, ms, ms),
    clearTimeout: remove,
    clearInterval: remove,
    setImmediate: (work) => void setImmediate(work),
    random: () => 0.5,
    randomBytes: (count) => Buffer.alloc(count, 7),
    uuid: () => `id-${++ids}`,
    timers: () => due.size,
    async advance(ms) {
      const end = at + ms;
      for (;;) {
        await settle();
        const [next] = [...due].filter((one) => one[1].at <= end).sort((a, b) => a[1].at - b[1].at);
        if (!next) break;
        const [timer, { work, everyMs }] = next;
        at = Math.max(at, next[1].at);
        if (everyMs === undefined) due.delete(timer);
        else next[1].at += everyMs;
        work();
      }
      at = end;
      await settle();
    },
  };
}
