import { createHash, randomBytes } from "node:crypto";
import type { State } from "../../core/ports.ts";
import { ConnectorError } from "../../lib/errors.ts";
import { twice } from "../../lib/retry.ts";
import type { Clock } from "../../lib/runtime.ts";
import { createSharedLog } from "./shared-log.ts";
import { createTurnLines, entryOf, markOf, SILENCE_MS, type Turn } from "./turn-lines.ts";

export interface TurnPorts {
  state: State;
  /** Milliseconds that only ever go forward. */
  now: Clock;
  pause(ms: number): Promise<unknown>;
}

/** Of all the processes that share State, one at a time has the turn of a name. */
export interface Turns {
  /**
   * Resolves, when it is this process's turn, to what ends it. Rejects, retryable: with the code `turn_taken` when
   * another process did not end its own in time, with another when State is down. Within one process turns of the
   * same name do not exclude each other.
   */
  take(name: string): Promise<() => void>;
  /** Resolves once the turns that have ended are known to be over, or cannot be told so. */
  drained(): Promise<void>;
}

export const TURN_TAKEN = "turn_taken";

/** Entries leave this far apart under load, so that each holds more; a lone one leaves at once. */
const SPACING_MS = 50;
const MOST_AT_ONCE = 1_000;
/** What is asked for longer than this, or behind so many, will not be in the log in time. */
const MOST_UNWRITTEN_MS = 2_500;
const MOST_WAITING = 20_000;
const POLL_MS = 100;
/** A webhook has ten seconds, and is told again after five. */
const MOST_WAIT_MS = 7_000;
/** Whoever has a turn is heard of this often. */
const BEAT_MS = 2_000;
const RETRY_MS = 500;

interface Taken {
  mark: string;
  askedAt: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Turns are taken in a log that all processes see in the same order: the first in it has the turn. That is one call
 * of State for all the turns taken and ended in the meantime, where a lock would be one for each.
 */
export function createTurns({ state, now, pause }: TurnPorts): Turns {
  const lines = createTurnLines();
  const log = createSharedLog(state, (entry) => lines.apply(entry, now()), now);
  /** Nothing that was in the log before this moment is unknown here. */
  let readAt = Number.NEGATIVE_INFINITY;
  let self = newSelf();
  let entries = 0;
  let count = 0;
  let held = 0;

  const takes: Taken[] = [];
  let ends: string[] = [];
  let beat = false;
  let failingSince: number | undefined;
  let writing: Promise<void> | undefined;
  let isBeating = false;
  let catchingUp: Promise<void> | undefined;

  function write(): void {
    writing ??= writeAll();
  }

  async function writeAll(): Promise<void> {
    // What is asked for in the same moment goes together.
    await Promise.resolve();
    while (takes.length + ends.length > 0 || beat) {
      refuseLate();
      const taken = takes.splice(0, MOST_AT_ONCE);
      const ended = ends.splice(0, MOST_AT_ONCE);
      beat = false;
      const marks = taken.map(({ mark }) => mark);
      const error = await writeEntry(entryOf(self, ++entries, ended, marks));
      if (!error) for (const { resolve } of taken) resolve();
      else fail(error, taken, ended);
      await pause(error ? RETRY_MS : SPACING_MS);
    }
    writing = undefined;
  }

  /** Resolves to what went wrong, if anything did. An entry that is in twice counts once. */
  async function writeEntry(entry: string): Promise<unknown> {
    const startedAt = now();
    try {
      await twice(() => log.append(entry), now);
      readAt = Math.max(readAt, startedAt);
      failingSince = undefined;
      lines.forgetTheDead(self, now());
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Nobody knows whether that entry is in: whatever it took is ended by the next. */
  function fail(error: unknown, taken: Taken[], ended: string[]): void {
    for (const { reject } of [...taken, ...takes.splice(0)]) reject(error);
    ends = [...ended, ...taken.map(({ mark }) => mark), ...ends];
    failingSince ??= now();
    if (now() - failingSince <= SILENCE_MS) return;
    // The others take this process for dead, so its turns are over: it goes on as a new one.
    self = newSelf();
    entries = 0;
    ends = [];
    failingSince = undefined;
  }

  function refuseLate(): void {
    const late = takes.findIndex(({ askedAt }) => now() - askedAt <= MOST_UNWRITTEN_MS);
    for (const { reject } of takes.splice(0, late < 0 ? takes.length : late)) reject(tooSlow());
  }

  async function stayAlive(): Promise<void> {
    if (isBeating) return;
    isBeating = true;
    while (held > 0) {
      await pause(BEAT_MS);
      beat = held > 0;
      if (beat) write();
    }
    isBeating = false;
  }

  /** A call that fails while somebody waits is made again soon. */
  function catchUp(): Promise<void> {
    const startedAt = now();
    catchingUp ??= log
      .catchUp()
      .then(
        () => {
          readAt = Math.max(readAt, startedAt);
        },
        () => undefined,
      )
      .finally(() => {
        catchingUp = undefined;
      });
    return catchingUp;
  }

  async function wait(name: string, turn: Turn, until: number): Promise<void> {
    while (!lines.isDue(name, turn, readAt)) {
      if (turn.by !== self) throw tooSlow();
      if (now() > until)
        throw new ConnectorError(TURN_TAKEN, "Another replica has it in hand", { retryable: true });
      await pause(POLL_MS);
      await catchUp();
    }
  }

  return {
    async take(name) {
      if (takes.length >= MOST_WAITING) throw tooSlow();
      const short = createHash("sha1").update(name).digest("base64url").slice(0, 12);
      const number = (++count).toString(36);
      const askedAt = now();
      await new Promise<void>((resolve, reject) => {
        takes.push({ mark: markOf(short, number), askedAt, resolve, reject });
        write();
      });
      const turn = { by: self, number };
      held++;
      void stayAlive();
      const end = () => {
        held--;
        // Taken under another name, it is over anyway.
        if (turn.by !== self) return;
        ends.push(markOf(short, number));
        write();
      };
      try {
        await wait(short, turn, askedAt + MOST_WAIT_MS);
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },
    async drained() {
      // Ends that follow a note just written are asked for in the next moment.
      await pause(0);
      await writing;
    },
  };
}

const newSelf = () => randomBytes(6).toString("base64url");

const tooSlow = () =>
  new ConnectorError("state_too_slow", "State does not take turns in time", { retryable: true });
