export interface Holder {
  /** Waits, and resolves to true; false at once when too many callbacks are being held already. */
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

/** Holds at most `most` callbacks at a time, so that the others are not starved of the queue's slots. */
export function createHolder(most: number): Holder {
  const waits = new Set<() => void>();
  let stopping = false;
  return {
    longest: () => LONGEST_MS,
    held: () => waits.size,
    hasRoom: () => !stopping && waits.size < most,
    async hold(ms) {
      if (ms <= 0) return true;
      if (stopping || waits.size >= most) return false;
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          waits.delete(end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        waits.add(end);
      });
      return !stopping;
    },
    release() {
      stopping = true;
      for (const end of waits) end();
    },
  };
}
