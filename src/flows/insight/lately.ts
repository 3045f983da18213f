import type { Clock } from "../../lib/runtime.ts";

/** How often something happened within the last ten minutes; from fifty on, fifty. */
export interface Lately {
  happened(): void;
  count(): number;
}

const WINDOW_MS = 10 * 60_000;
const MOST = 50;

export function createLately(now: Clock): Lately {
  const times: number[] = [];
  return {
    happened() {
      times.push(now());
      if (times.length > MOST) times.shift();
    },
    count: () => times.filter((at) => now() - at < WINDOW_MS).length,
  };
}
