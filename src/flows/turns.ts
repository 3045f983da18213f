import { createHash, randomBytes } from "node:crypto";
import type { Clock, State } from "../core/ports.ts";
import { ConnectorError } from "../errors.ts";
import { createSharedLog } from "./shared-log.ts";

export interface TurnPorts {
  state: State;
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
}

export const TURN_TAKEN = "turn_taken";

/** Entries leave this far apart under load, so that each holds more; a lone one leaves at once. */
const SPACING_MS = 50;
const MOST_AT_ONCE = 500;
const POLL_MS = 100;
/** A webhook has ten seconds, and is told again after five. */
const MOST_WAIT_MS = 7_000;
/** Whoever has a turn is heard of this often; after so much silence it is dead, and its turns are over. */
const BEAT_MS = 2_000;
const SILENCE_MS = 6_000;
const FORGOTTEN_MS = 60_000;

/**
 * Turns are taken in a log that all processes see in the same order: the first in it has the turn. That is one call
 * of State for all the turns taken and ended in the meantime, where a lock would be one for each.
 */
export function createTurns({ state, now, pause }: TurnPorts): Turns {
  const log = createSharedLog(state, apply, now);
  /** By name, the processes that have taken a turn and not ended it, each with the number of that turn. */
  const lines = new Map<string, { by: string; number: string }[]>();
  const heardOf = new Map<string, number>();
  let self = newSelf();
  let count = 0;
  let held = 0;

  const takes: { mark: string; resolve(): void; reject(error: unknown): void }[] = [];
  let ends: string[] = [];
  let beat = false;
  let isWriting = false;
  let isBeating = false;
  let catchingUp: Promise<void> | undefined;

  /** An entry: who wrote it, `+name.number` for each turn taken, `-name.number` for each that ended. */
  function apply(entry: string): void {
    const [by = "", ...marks] = entry.split(" ");
    heardOf.set(by, now());
    for (const mark of marks) {
      const [name = "", number = ""] = mark.slice(1).split(".");
      const line = lines.get(name) ?? [];
      if (mark.startsWith("+")) lines.set(name, [...line, { by, number }]);
      else
        setLine(
          name,
          line.filter((turn) => turn.by !== by || turn.number !== number),
        );
    }
  }

  function setLine(name: string, line: { by: string; number: string }[]): void {
    if (line.length === 0) lines.delete(name);
    else lines.set(name, line);
  }

  const isDead = (by: string) => by !== self && now() - (heardOf.get(by) ?? 0) > SILENCE_MS;

  /** Whether every other process has ended the turns it took before this one. */
  function isDue(name: string, number: string): boolean {
    const line = (lines.get(name) ?? []).filter(({ by }) => !isDead(by));
    setLine(name, line);
    const own = line.findIndex((turn) => turn.by === self && turn.number === number);
    const before = own < 0 ? line : line.slice(0, own);
    return before.every(({ by }) => by === self);
  }

  /** What a process left behind that died: nobody may ever ask for those names again. */
  function forgetTheDead(): void {
    for (const [by, at] of heardOf) {
      if (by === self || now() - at < FORGOTTEN_MS) continue;
      heardOf.delete(by);
      for (const [name, line] of lines)
        setLine(
          name,
          line.filter((turn) => turn.by !== by),
        );
    }
  }

  async function write(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    // What is asked for in the same moment goes together.
    await Promise.resolve();
    while (takes.length + ends.length > 0 || beat) {
      const taken = takes.splice(0, MOST_AT_ONCE);
      const ended = ends.splice(0, MOST_AT_ONCE);
      beat = false;
      try {
        await log.append(
          [self, ...ended.map((mark) => `-${mark}`), ...taken.map(({ mark }) => `+${mark}`)].join(" "),
        );
        for (const { resolve } of taken) resolve();
        forgetTheDead();
      } catch (error) {
        startAnew();
        for (const { reject } of [...taken, ...takes.splice(0)]) reject(error);
      }
      await pause(SPACING_MS);
    }
    isWriting = false;
  }

  /** Nobody knows whether that entry is in. Under another name, whatever it took is over once the old one is silent. */
  function startAnew(): void {
    heardOf.delete(self);
    self = newSelf();
    ends = [];
  }

  async function stayAlive(): Promise<void> {
    if (isBeating) return;
    isBeating = true;
    while (held > 0) {
      await pause(BEAT_MS);
      beat = held > 0;
      if (beat) void write();
    }
    isBeating = false;
  }

  function catchUp(): Promise<void> {
    catchingUp ??= log.catchUp().finally(() => {
      catchingUp = undefined;
    });
    return catchingUp;
  }

  return {
    async take(name) {
      const short = createHash("sha1").update(name).digest("base64url").slice(0, 12);
      const number = (++count).toString(36);
      const mark = `${short}.${number}`;
      await new Promise<void>((resolve, reject) => {
        takes.push({ mark, resolve, reject });
        void write();
      });
      const by = self;
      held++;
      void stayAlive();
      const end = () => {
        held--;
        // Taken under another name, it is over anyway.
        if (by !== self) return;
        ends.push(mark);
        void write();
      };
      const giveUpAt = now() + MOST_WAIT_MS;
      try {
        while (!isDue(short, number)) {
          if (now() > giveUpAt) {
            throw new ConnectorError(TURN_TAKEN, "Another process is busy with the same", {
              retryable: true,
            });
          }
          await pause(POLL_MS);
          await catchUp();
        }
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },
  };
}

const newSelf = () => randomBytes(6).toString("base64url");
