import { type Runtime, systemRuntime, type Timer } from "../../src/lib/runtime.ts";

/** Real time, and a test may skip some of it: what waits for a moment that was skipped goes on at once. */
export interface SkippableRuntime extends Runtime {
  skip(ms: number): void;
}

interface Waiting extends Timer {
  until: number;
  work(): void;
  isUnref: boolean;
  timer: Timer | undefined;
}

export function createSkippableRuntime(): SkippableRuntime {
  const waits = new Set<Waiting>();
  let skipped = 0;
  const monotonic = () => systemRuntime.monotonic() + skipped;

  function arm(wait: Waiting): void {
    systemRuntime.clearTimeout(wait.timer);
    const end = () => {
      waits.delete(wait);
      wait.work();
    };
    wait.timer = systemRuntime.setTimeout(end, Math.max(0, wait.until - monotonic()));
    if (wait.isUnref) wait.timer.unref();
  }

  return {
    ...systemRuntime,
    now: () => systemRuntime.now() + skipped,
    monotonic,
    setTimeout(work, ms) {
      const wait: Waiting = {
        until: monotonic() + ms,
        work,
        isUnref: false,
        timer: undefined,
        unref() {
          wait.isUnref = true;
          wait.timer?.unref();
        },
      };
      waits.add(wait);
      arm(wait);
      return wait;
    },
    clearTimeout(timer) {
      if (!timer) return;
      const wait = timer as Waiting;
      waits.delete(wait);
      systemRuntime.clearTimeout(wait.timer);
    },
    skip(ms) {
      skipped += ms;
      for (const wait of waits) arm(wait);
    },
  };
}
