import { TURNS, turnsSegment } from "../core/keys.ts";
import type { Clock, State } from "../core/ports.ts";
import { ConnectorError } from "../errors.ts";

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

/** `apply` is called with every entry, also with one's own; after a long rest, with some a second time. */
export function createSharedLog(state: State, apply: (entry: string) => void, now: Clock): SharedLog {
  let segment = 0;
  /** Entries of this segment that were applied. */
  let applied = 0;
  let surelyThereUntil = 0;
  let last: Promise<void> = Promise.resolve();

  /** One call at a time, so that entries are applied in order. */
  function alone(work: () => Promise<void>): Promise<void> {
    last = last.then(work, work);
    return last;
  }

  function moveTo(next: number): void {
    segment = next;
    applied = 0;
  }

  /** The segment where the log goes on, as far as it is written down. */
  async function current(): Promise<number> {
    const noted = Number((await state.read(TURNS, "segment")) ?? 0);
    return Number.isSafeInteger(noted) && noted > 0 ? noted : 0;
  }

  async function applyUpTo(length: number, own?: string): Promise<void> {
    if (own !== undefined && length === applied + 1) {
      applied = length;
      apply(own);
      return;
    }
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

  async function append(entry: string): Promise<void> {
    // The one before is read as well: whoever took a turn at its end may still have it.
    if (now() > surelyThereUntil) moveTo(Math.max(segment, (await current()) - 1));
    for (;;) {
      const length = await state.append(turnsSegment(segment), entry);
      if (length === 1) {
        const elsewhere = await current();
        if (elsewhere > segment) {
          moveTo(Math.max(segment + 1, elsewhere - 1));
          continue;
        }
        await state.write(TURNS, "segment", String(segment));
      }
      // State has lost the list, which has begun anew.
      if (length <= applied) applied = 0;
      surelyThereUntil = now() + SURELY_THERE_MS;
      if (length <= SEGMENT_ENTRIES) return applyUpTo(length, entry);
      await applyUpTo(SEGMENT_ENTRIES);
      moveTo(segment + 1);
    }
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      const entries = await state.range(turnsSegment(segment), applied, applied + CHUNK - 1);
      const counting = entries.slice(0, SEGMENT_ENTRIES - applied);
      for (const entry of counting) apply(entry);
      applied += counting.length;
      if (applied === SEGMENT_ENTRIES) moveTo(segment + 1);
      else if (entries.length < CHUNK) return;
    }
  }

  return { append: (entry) => alone(() => append(entry)), catchUp: () => alone(catchUp) };
}

const GONE = "State's list is shorter than it said";
