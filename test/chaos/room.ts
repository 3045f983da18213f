/** Whoever wants to load the machine waits until it has room. */
export interface Room {
  /** Resolves once there is room for that much. */
  acquire(load: number): Promise<void>;
  release(load: number): void;
}

/** Room for so much at a time, and for more than that alone; the first to ask of those that fit is let in. */
export function createRoom(most: number): Room {
  const line: { load: number; start(): void }[] = [];
  let taken = 0;

  function admit(): void {
    const fits = ({ load }: { load: number }) => taken === 0 || taken + load <= most;
    for (let at = line.findIndex(fits); at >= 0; at = line.findIndex(fits)) {
      for (const { load, start } of line.splice(at, 1)) {
        taken += load;
        start();
      }
    }
  }

  return {
    acquire: (load) =>
      new Promise((resolve) => {
        line.push({ load, start: resolve });
        admit();
      }),
    release(load) {
      taken -= load;
      admit();
    },
  };
}
