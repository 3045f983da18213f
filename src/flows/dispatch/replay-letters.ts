import type { DeadLettersAnswer } from "../../core/insight.ts";
import { idOf, QUEUE_PURPOSES, type QueuePurpose } from "../../core/job.ts";
import { type Log, shownId } from "../../lib/log.ts";
import { AT_ONCE, type HeldLetter, type HeldLetters, type Reading } from "./held-letters.ts";

/** Which letters are put back; `ids` are keys of letters or ids of messages, `since` is when they were found, in milliseconds. */
export type ReplayChoice = { queue?: QueuePurpose; dryRun: boolean } & (
  | { ids: readonly string[] }
  | { all: true }
  | { since: number }
);

export interface ReplayAnswer {
  /** How many were put back, or would be. */
  replayed: number;
  /** How many wait after that. */
  left: number;
  dryRun: boolean;
}

/** The dead letters of every queue as an operator sees them and puts them back by hand. */
export interface LetterDesk {
  /** The oldest first, a thousand at the most. */
  list(): Promise<DeadLettersAnswer>;
  /** What nobody signed, or this version cannot read, is never put back. */
  replay(choice: ReplayChoice): Promise<ReplayAnswer>;
}

/** More are of no use to a reader. */
const MOST_LISTED = 1_000;

interface Entry {
  queue: QueuePurpose;
  key: string;
  letter: HeldLetter;
  reading: Reading;
}

export function createLetterDesk(held: Record<QueuePurpose, HeldLetters>, log: Log): LetterDesk {
  async function waiting(queue: QueuePurpose): Promise<{ entries: Entry[]; isWhole: boolean }> {
    const { letters, isWhole } = await held[queue].list();
    const entries = [...letters].map(([key, letter]) => entryOf(queue, key, letter));
    return { entries, isWhole };
  }

  const entryOf = (queue: QueuePurpose, key: string, letter: HeldLetter): Entry => ({
    ...{ queue, key, letter, reading: held[queue].read(letter) },
  });

  /** By way of State, as the connector does it by itself: dying in between loses nothing. */
  async function putBack(queue: QueuePurpose, isChosen: (entry: Entry) => boolean): Promise<ReplayAnswer> {
    const [done, left] = [new Set<string>(), new Set<string>()];
    for (;;) {
      const { isDone, failure } = await held[queue].collect();
      let steps: Promise<void>[] = [];
      for await (const [key, letter] of held[queue].scan()) {
        if (letter.is === "back" || done.has(key)) continue;
        const entry = entryOf(queue, key, letter);
        if (!isChosen(entry)) {
          left.add(key);
          continue;
        }
        done.add(key);
        log.info({ queue, ...about(entry.reading) }, "Dead letter put back by hand");
        // Its five times begin anew.
        steps.push(held[queue].putBack(key, { ...letter, replays: 0 }));
        if (steps.length < AT_ONCE) continue;
        await Promise.all(steps);
        steps = [];
      }
      await Promise.all(steps);
      if (failure !== undefined) throw failure;
      if (isDone) return { replayed: done.size, left: left.size, dryRun: false };
    }
  }

  async function pretend(queue: QueuePurpose, isChosen: (entry: Entry) => boolean): Promise<ReplayAnswer> {
    const { entries } = await waiting(queue);
    const replayed = entries.filter(isChosen).length;
    return { replayed, left: entries.length - replayed, dryRun: true };
  }

  return {
    async list() {
      const all = await Promise.all(QUEUE_PURPOSES.map(waiting));
      const more = QUEUE_PURPOSES.filter((_, index) => !all[index]?.isWhole).map(unlisted);
      const letters = all
        .flatMap(({ entries }) => entries)
        .toSorted((a, b) => a.letter.foundAt - b.letter.foundAt)
        .slice(0, MOST_LISTED)
        .map(shown);
      return { letters: [...letters, ...more] };
    },
    async replay(choice) {
      const isChosen = chooser(choice);
      const act = choice.dryRun ? pretend : putBack;
      const sum: ReplayAnswer = { replayed: 0, left: 0, dryRun: choice.dryRun };
      for (const queue of QUEUE_PURPOSES) {
        const { replayed, left } = await act(queue, isChosen);
        sum.replayed += replayed;
        sum.left += left;
      }
      return sum;
    },
  };
}

function chooser(choice: ReplayChoice): (entry: Entry) => boolean {
  const named = new Set(("ids" in choice ? choice.ids : []).map(shownId));
  const isNamed = ({ key, letter, reading }: Entry) => {
    if ("since" in choice) return letter.foundAt >= choice.since;
    return (
      "all" in choice || named.has(key) || (typeof reading === "object" && named.has(shownId(idOf(reading))))
    );
  };
  return (entry) =>
    typeof entry.reading === "object" &&
    (choice.queue === undefined || choice.queue === entry.queue) &&
    isNamed(entry);
}

const about = (reading: Reading) =>
  typeof reading === "string" ? {} : { msg_id: idOf(reading), kind: reading.kind, attempt: reading.attempt };

function shown({ queue, key, letter, reading }: Entry): DeadLettersAnswer["letters"][number] {
  const at = new Date(letter.foundAt).toISOString();
  const unread = { kind: "unknown", id: null, attempt: null, reason: reasonOf(letter, reading) };
  if (typeof reading === "string") return { key, queue, at, ...unread };
  const { kind, attempt } = reading;
  return { key, queue, at, kind, attempt, id: shownId(idOf(reading)), reason: reasonOf(letter, reading) };
}

/** Stands for those that the queue cannot list. */
const unlisted = (queue: QueuePurpose) => ({
  ...{ key: "", queue, kind: "unknown", id: null, attempt: null, at: null },
  reason: "and more on the queue than it can list: put everything back to have them too",
});

function reasonOf({ is, replays, at }: HeldLetter, reading: Reading): string {
  if (typeof reading === "string") return reading;
  if (is === "given-up") return `given up: it died again after it had been put back ${replays} times`;
  const next = `is put back by itself at ${new Date(at).toISOString()}`;
  return replays === 0 ? next : `was put back ${replays} times, and ${next}`;
}
