import type { Clock, Timers } from "../../lib/runtime.ts";

/** Delays the answer to deliveries of one queue: the queue's own retries come at once, and there are few. */
export interface AckDelay {
  /** Waits, and resolves to true; false after a second at the most when too many deliveries wait already. */
  wait(ms: number): Promise<boolean>;
  hasRoom(): boolean;
  /** How many deliveries wait now. */
  waiting(): number;
  /** The longest a delivery may wait, in milliseconds. */
  longest(): number;
  /** Ends every wait early: the process is stopping. */
  release(): void;
}

/** The queue does not say when it gives up on a delivery; well under the 15 s of its neighbours is safe. */
const LONGEST_MS = 10_000;
/** Short enough to starve nobody; without it, what is put back at once would be back at once, round and round. */
const WITHOUT_ROOM_MS = 1_000;

/** The same for one delivery: its waits together last no longer than one may. */
export function withBudget(ackDelay: AckDelay, now: Clock): AckDelay {
  const until = now() + ackDelay.longest();
  const left = () => Math.max(0, until - now());
  return {
    ...ackDelay,
    longest: left,
    wait: (ms) => ackDelay.wait(Math.min(ms, left())),
  };
}

/** Lets at most `most` deliveries wait at a time, so that the others are not starved of the queue's slots. */
export function createAckDelay(most: number, runtime: Timers): AckDelay {
  const inRoom = new Set<() => void>();
  const withoutRoom = new Set<() => void>();
  let stopping = false;

  const sleep = (waits: Set<() => void>, ms: number) =>
    new Promise<void>((resolve) => {
      const end = () => {
        runtime.clearTimeout(timer);
        waits.delete(end);
        resolve();
      };
      const timer = runtime.setTimeout(end, ms);
      waits.add(end);
    });

  return {
    longest: () => LONGEST_MS,
    waiting: () => inRoom.size,
    hasRoom: () => !stopping && inRoom.size < most,
    async wait(ms) {
      if (ms <= 0) return true;
      if (stopping) return false;
      const hasRoom = inRoom.size < most;
      await (hasRoom ? sleep(inRoom, ms) : sleep(withoutRoom, Math.min(ms, WITHOUT_ROOM_MS)));
      return hasRoom && !stopping;
    },
    release() {
      stopping = true;
      for (const end of [...inRoom, ...withoutRoom]) end();
    },
  };
}
