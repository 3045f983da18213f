import type { State } from "../../core/ports.ts";
import { TURNS, turnsSegment } from "../../core/state-keys.ts";
import { ConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";

/** Entries that every process which shares State sees in one and the same order. */
export interface SharedLog {
  /**
   * Resolves once the entry is in, and everything before it and then itself were applied. Rejects, retryable, when
   * State is down: whether it is in is then unknown.
   */
  append(entry: string): Promise<void>;
  /** Applies what other processes have appended since. */
  catchUp(): Promise<void>;
}

/**
 * The log is a chain of lists. Every list takes as many entries as this, and what is appended past that does not
 * count: so all processes agree where one ends and the next begins, whatever their clocks say.
 */
const SEGMENT_ENTRIES = 1_000;
const CHUNK = 200;

/** For so long after its own last entry a process may count on the list still being there. */
const SURELY_THERE_MS = 120_000;

/**
 * `apply` is called with every entry, one's own included. After a rest, and by a process that comes late, entries of
 * the last minutes are applied that were so before.
 */
export function createSharedLog(state: State, apply: (entry: string) => void, now: Clock): SharedLog {
  let segment = 0;
  /** Entries of this segment that were applied. */
  let applied = 0;
  let surelyThereUntil = Number.NEGATIVE_INFINITY;
  /** The segment that is known to be written down as the current one. */
  let noted = -1;
  let last: Promise<void> = Promise.resolve();

  /** One call at a time, so that entries are applied in order. */
  function alone(work: () => Promise<void>): Promise<void> {
    last = last.then(work, work);
    return last;
  }

  /** The segment where the log goes on, as far as it is written down. */
  async function current(): Promise<number> {
    const found = Number((await state.read(TURNS, "segment")) ?? 0);
    return Number.isSafeInteger(found) && found > 0 ? found : 0;
  }

  /** Goes to where the others are. What is before that is read and never added to: others would not look there. */
  async function join(): Promise<void> {
    noted = await current();
    const to = Math.max(segment, noted);
    applied = 0;
    // Whoever took a turn at the end of the one before may still have it.
    segment = Math.max(0, to - 1);
    if (segment < to) await applyRest();
    segment = to;
    applied = 0;
  }

  /** Everything of this segment that was not applied yet. */
  async function applyRest(): Promise<void> {
    for (;;) {
      const entries = await state.range(turnsSegment(segment), applied, applied + CHUNK - 1);
      const counting = entries.slice(0, SEGMENT_ENTRIES - applied);
      for (const entry of counting) apply(entry);
      applied += counting.length;
      if (entries.length < CHUNK || applied === SEGMENT_ENTRIES) return;
    }
  }

  async function applyUpTo(length: number): Promise<void> {
    while (applied < length) {
      const entries = await state.range(
        turnsSegment(segment),
        applied,
        Math.min(applied + CHUNK, length) - 1,
      );
      if (entries.length === 0) throw new ConnectorError("provider_garbled", GONE, { retryable: true });
      for (const entry of entries) apply(entry);
      applied += entries.length;
    }
  }

  /** For those who come later; who cannot do it now does it with the next entry. */
  async function note(): Promise<void> {
    try {
      if ((await current()) < segment) await state.write(TURNS, "segment", String(segment));
      noted = segment;
    } catch {
      noted = -1;
    }
  }

  async function append(entry: string): Promise<void> {
    if (now() > surelyThereUntil) await join();
    for (;;) {
      const length = await state.append(turnsSegment(segment), entry);
      surelyThereUntil = now() + SURELY_THERE_MS;
      // State has lost the list, which has begun anew.
      if (length <= applied) applied = 0;
      if (length <= SEGMENT_ENTRIES) {
        if (length === applied + 1) {
          applied = length;
          apply(entry);
        } else {
          await applyUpTo(length);
        }
        if (noted < segment) await note();
        return;
      }
      await applyUpTo(SEGMENT_ENTRIES);
      segment++;
      applied = 0;
    }
  }

  async function catchUp(): Promise<void> {
    await applyRest();
    while (applied === SEGMENT_ENTRIES) {
      segment++;
      applied = 0;
      await applyRest();
    }
  }

  return { append: (entry) => alone(() => append(entry)), catchUp: () => alone(catchUp) };
}

const GONE = "State's list is shorter than it said";
