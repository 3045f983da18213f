import type { Clock } from "../../lib/runtime.ts";

export interface AckDelay {
  /** Waits, and resolves to true; false after a second at the most when too many callbacks are being held already. */
  hold(ms: number): Promise<boolean>;
  hasRoom(): boolean;
  held(): number;
  /** The longest a callback may be held, in milliseconds. */
  longest(): number;
  /** Ends every wait early: the process is stopping. */
  release(): void;
}

/** The queue does not say when it gives up on a callback; well under the 15 s of its neighbours is safe. */
const LONGEST_MS = 10_000;
/** Short enough to starve nobody; without it, what is put back at once would be back at once, round and round. */
const LINGER_MS = 1_000;

/** The same holder for one callback: its holds together last no longer than one may. */
export function withBudget(ackDelay: AckDelay, now: Clock): AckDelay {
  const until = now() + ackDelay.longest();
  const left = () => Math.max(0, until - now());
  return {
    ...ackDelay,
    longest: left,
    hold: (ms) => ackDelay.hold(Math.min(ms, left())),
  };
}

/** Holds at most `most` callbacks at a time, so that the others are not starved of the queue's slots. */
export function createAckDelay(most: number): AckDelay {
  const held = new Set<() => void>();
  const lingering = new Set<() => void>();
  let stopping = false;

  const wait = (waits: Set<() => void>, ms: number) =>
    new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        waits.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      waits.add(end);
    });

  return {
    longest: () => LONGEST_MS,
    held: () => held.size,
    hasRoom: () => !stopping && held.size < most,
    async hold(ms) {
      if (ms <= 0) return true;
      if (stopping) return false;
      const hasRoom = held.size < most;
      await (hasRoom ? wait(held, ms) : wait(lingering, Math.min(ms, LINGER_MS)));
      return hasRoom && !stopping;
    },
    release() {
      stopping = true;
      for (const end of [...held, ...lingering]) end();
    },
  };
}
