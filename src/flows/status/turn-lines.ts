/** Who has a turn: what the entries of the log, applied in their order, come to. The same for every process. */
export interface TurnLines {
  /** `at`: when it was read. Entries that were applied before are told by their number. */
  apply(text: string, at: number): void;
  /**
   * Whether every other process has ended the turns of this name that it took before this one. Processes that were
   * silent for too long at the time the log was last read are taken for dead, and their turns for over.
   */
  isDue(name: string, turn: Turn, readAt: number): boolean;
  /** Drops what dead processes left behind: nobody may ever ask for those names again. */
  forgetTheDead(self: string, at: number): void;
}

/** The process that took it, and which of its turns it is. */
export interface Turn {
  by: string;
  number: string;
}

/** Of a process with a turn something is heard more often than this. */
export const SILENCE_MS = 6_000;
const FORGOTTEN_MS = 60_000;

/** An entry: who wrote it and its number, `+name.number` for each turn taken, `-name.number` for each that ended. */
export const entryOf = (by: string, number: number, ended: string[], taken: string[]) =>
  [`${by}:${number}`, ...ended.map((mark) => `-${mark}`), ...taken.map((mark) => `+${mark}`)].join(" ");

export const markOf = (name: string, number: string) => `${name}.${number}`;

export function createTurnLines(): TurnLines {
  /** The turns of each name that did not end, in the order they were taken. */
  const lines = new Map<string, Turn[]>();
  const heardOf = new Map<string, { at: number; entry: number }>();

  function setLine(name: string, line: Turn[]): void {
    if (line.length === 0) lines.delete(name);
    else lines.set(name, line);
  }

  return {
    apply(text, at) {
      const [author = "", ...marks] = text.split(" ");
      const [by = "", entry = ""] = author.split(":");
      if (Number(entry) <= (heardOf.get(by)?.entry ?? 0)) return;
      heardOf.set(by, { at, entry: Number(entry) });
      for (const mark of marks) {
        const [name = "", number = ""] = mark.slice(1).split(".");
        const line = (lines.get(name) ?? []).filter((turn) => turn.by !== by || turn.number !== number);
        if (mark.startsWith("+")) line.push({ by, number });
        setLine(name, line);
      }
    },

    isDue(name, { by: self, number }, readAt) {
      const isDead = (by: string) =>
        by !== self && readAt - (heardOf.get(by)?.at ?? Number.NEGATIVE_INFINITY) > SILENCE_MS;
      const line = (lines.get(name) ?? []).filter(({ by }) => !isDead(by));
      setLine(name, line);
      const own = line.findIndex((turn) => turn.by === self && turn.number === number);
      return own >= 0 && line.slice(0, own).every(({ by }) => by === self);
    },

    forgetTheDead(self, at) {
      for (const [dead, heard] of heardOf) {
        if (dead === self || at - heard.at < FORGOTTEN_MS) continue;
        heardOf.delete(dead);
        for (const [name, line] of lines) {
          const alive = line.filter(({ by }) => by !== dead);
          if (alive.length < line.length) setLine(name, alive);
        }
      }
    },
  };
}
