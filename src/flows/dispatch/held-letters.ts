import { expiryOf, type Job, type QueuePurpose } from "../../core/job.ts";
import type { DeadLetter, DeadLetterQueue, State } from "../../core/ports.ts";
import { DAY_MS, heldBucket, heldMonths } from "../../core/state-keys.ts";
import { asConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";

/** What a queue gave up on, as State keeps it. Times are milliseconds since the epoch. */
export interface HeldLetter {
  /**
   * `held`: waits to be put back; for ever where it cannot be read. `back`: on its queue again, which has its content.
   * `given-up`: died once too often.
   */
  is: "held" | "back" | "given-up";
  foundAt: number;
  /** How often it was put back. */
  replays: number;
  /** Held: not put back before. Back: put back then. */
  at: number;
  /** The job in its signed envelope; left out where it is on its queue. */
  signed?: unknown;
}

/** By what tells one letter from another. */
export type Letters = Map<string, HeldLetter>;

export type Reading = Job | Unread;

/** The one is never put back; of the other, a version of the connector that can read it does. */
export type Unread = "not signed by this application" | "not readable by this version of the connector";

export interface HeldLettersPorts {
  queue: DeadLetterQueue;
  state: State;
  /** The job inside. Throws as `JobSigner.verify` does. */
  verify(signed: unknown): Job;
  now: Clock;
}

export interface HeldLetters {
  /** What waits, on the queue's side and in State; nothing is moved. */
  list(): Promise<Letters>;
  /**
   * Moves what the queue gave up on to State, where nothing is lost, and resolves to all that State has then. Whoever
   * dies on the way leaves each letter in one of the two places, or in both.
   */
  collect(): Promise<{ letters: Letters; found: number; givenUp: HeldLetter[] }>;
  /** Puts a letter on its queue, and remembers that then: dying in between makes a second copy, which does no harm. */
  putBack(key: string, letter: HeldLetter): Promise<void>;
  forget(key: string, letter: HeldLetter): Promise<void>;
  read(letter: HeldLetter): Reading;
}

const MINUTE_MS = 60_000;
/** After how long it is put back, by how often it was put back before. */
const DISTANCES_MS = [0, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS];
export const MOST_REPLAYS = DISTANCES_MS.length;

/** Letters that are taken off the queue, or written, in one go. */
const AT_ONCE = 50;
/** Ends a look while more and more letters come. */
const MOST_ROUNDS = 20;

/**
 * The dead letters of one queue. The provider has nothing but a list of them and a pop, which takes some away for good;
 * so each is written to State first, and put back from there.
 */
export function openHeldLetters(purpose: QueuePurpose, ports: HeldLettersPorts): HeldLetters {
  const { queue, state, now } = ports;
  const bucketOf = ({ foundAt }: HeldLetter) => heldBucket(purpose, foundAt);
  const write = (key: string, letter: HeldLetter) =>
    state.write(bucketOf(letter), key, JSON.stringify(letter));

  async function readAll(): Promise<Letters> {
    const months = await Promise.all(heldMonths(now()).map((at) => state.scan(heldBucket(purpose, at))));
    const letters: Letters = new Map();
    for (const [key, text] of months.flatMap((month) => [...month])) {
      const letter = parseLetter(text);
      if (letter) letters.set(key, letter);
    }
    return letters;
  }

  /** What a letter that lies with the queue becomes in State; the same where State has it already. */
  function found(known: HeldLetter | undefined, signed: unknown): HeldLetter {
    if (known && known.is !== "back") return known;
    const { replays, foundAt } = known ?? { replays: 0, foundAt: now() };
    const distance = DISTANCES_MS[replays];
    return distance === undefined
      ? { is: "given-up", foundAt, replays, at: now(), signed }
      : { is: "held", foundAt, replays, at: now() + distance, signed };
  }

  /** Resolves, once all of them are in State, to those that were not. */
  async function hold(lying: readonly DeadLetter[], letters: Letters): Promise<HeldLetter[]> {
    const fresh: HeldLetter[] = [];
    for (let from = 0; from < lying.length; from += AT_ONCE) {
      const writes = lying.slice(from, from + AT_ONCE).map(async ({ key, signed }) => {
        const known = letters.get(key);
        const letter = found(known, signed);
        if (letter === known) return;
        letters.set(key, letter);
        fresh.push(letter);
        await write(key, letter);
      });
      await Promise.all(writes);
    }
    return fresh;
  }

  /**
   * What was taken away has to be in State: one that died after the look, or that another replica has put back
   * meanwhile, is not yet.
   */
  async function holdTaken(taken: readonly DeadLetter[], letters: Letters): Promise<HeldLetter[]> {
    const reads = taken.map(async ({ key }) => {
      const known = letters.get(key);
      if (!known) return;
      const letter = parseLetter(await state.read(bucketOf(known), key));
      if (letter) letters.set(key, letter);
      else letters.delete(key);
    });
    await Promise.all(reads);
    return hold(taken, letters);
  }

  return {
    async list() {
      const [letters, lying] = [await readAll(), await queue.list()];
      for (const { key, signed } of lying) letters.set(key, found(letters.get(key), signed));
      return new Map([...letters].filter(([, { is }]) => is !== "back"));
    },
    async collect() {
      const letters = await readAll();
      const fresh: HeldLetter[] = [];
      for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
        const lying = await queue.list();
        if (lying.length === 0) break;
        fresh.push(...(await hold(lying, letters)));
        for (let left = lying.length; left > 0; left -= AT_ONCE) {
          const taken = await queue.pop(Math.min(AT_ONCE, left));
          fresh.push(...(await holdTaken(taken, letters)));
        }
      }
      return { letters, found: fresh.length, givenUp: fresh.filter(({ is }) => is === "given-up") };
    },
    async putBack(key, letter) {
      await queue.putBack({ key, signed: letter.signed });
      const { foundAt, replays } = letter;
      await write(key, { is: "back", foundAt, replays: replays + 1, at: now() });
    },
    forget: (key, letter) => state.remove(bucketOf(letter), key),
    read(letter) {
      try {
        return ports.verify(letter.signed);
      } catch (error) {
        return asConnectorError(error).retryable
          ? "not readable by this version of the connector"
          : "not signed by this application";
      }
    },
  };
}

/** Undefined for nothing, and for what another version may have written there. */
function parseLetter(text: string | null): HeldLetter | undefined {
  try {
    const letter = JSON.parse(text ?? "null") as HeldLetter | null;
    return letter && ["held", "back", "given-up"].includes(letter.is) ? letter : undefined;
  } catch {
    return undefined;
  }
}

/** One that died too often is put back once more when its job is past this: it is reported expired then. */
export function deadlineOf(job: Job, { foundAt }: HeldLetter): number {
  return job.kind === "offloaded" ? foundAt + DAY_MS : expiryOf(job);
}
