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

export interface Collected {
  found: number;
  givenUp: HeldLetter[];
  /** Nothing was left with the queue. */
  isDone: boolean;
  /** What ended it early. */
  failure?: unknown;
}

/** Each letter has a key, by what tells one from another. */
export interface HeldLetters {
  /**
   * What waits, on the queue's side and in State; nothing is moved. Not whole where the queue has more than it can
   * list.
   */
  list(): Promise<{ letters: Map<string, HeldLetter>; isWhole: boolean }>;
  /**
   * Moves what the queue gave up on to State, some of it where there is very much. Never rejects. `goOn` is asked
   * before each step; whoever ends between two of them leaves each letter in one of the two places, or in both.
   */
  collect(goOn?: () => Promise<boolean>): Promise<Collected>;
  /** All that State has; while others write, one may come twice. */
  scan(): AsyncIterable<[key: string, letter: HeldLetter]>;
  /** Puts a letter on its queue, and remembers that then: dying in between makes a second copy, which does no harm. */
  putBack(key: string, letter: HeldLetter): Promise<void>;
  forget(key: string, letter: HeldLetter): Promise<void>;
  read(letter: HeldLetter): Reading;
}

const MINUTE_MS = 60_000;
/** After how long it is put back, by how often it was put back before. */
const DISTANCES_MS = [0, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS];
export const MOST_REPLAYS = DISTANCES_MS.length;

/** Letters that are taken off the queue, put back, or written, in one go. */
export const AT_ONCE = 50;
/** Ends a look while more and more letters come. */
const MOST_ROUNDS = 20;
/** The same where they cannot be listed: then those of one pop are nowhere else until they are written. */
const UNLISTED_AT_ONCE = 20;
const MOST_UNLISTED = 100;

/**
 * The dead letters of one queue. The provider has nothing but a list of all of them, which fails where they are too
 * many for one answer, and a pop, which takes some away for good; so each is written to State first where it can be
 * listed, and put back from there.
 */
export function openHeldLetters(purpose: QueuePurpose, ports: HeldLettersPorts): HeldLetters {
  const { queue, state, now } = ports;
  const bucketOf = ({ foundAt }: HeldLetter) => heldBucket(purpose, foundAt);
  const write = (key: string, letter: HeldLetter) =>
    state.write(bucketOf(letter), key, JSON.stringify(letter));
  /** Taken away while neither State nor the queue would have them. */
  const inHand: DeadLetter[] = [];

  async function* scan(): AsyncGenerator<[string, HeldLetter]> {
    for (const at of heldMonths(now())) {
      for await (const [key, text] of state.scan(heldBucket(purpose, at))) {
        const letter = parseLetter(text);
        if (letter) yield [key, letter];
      }
    }
  }

  async function knownAs(key: string): Promise<HeldLetter | undefined> {
    const texts = await Promise.all(heldMonths(now()).map((at) => state.read(heldBucket(purpose, at), key)));
    return texts.map(parseLetter).find((letter) => letter !== undefined);
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

  /** Resolves to those that may not be in State, and why; those that were not there before join `fresh`. */
  async function keepInState(letters: readonly DeadLetter[], fresh: HeldLetter[]) {
    const distinct = [...new Map(letters.map((letter) => [letter.key, letter])).values()];
    const writes = distinct.map(async ({ key, signed }) => {
      const known = await knownAs(key);
      const letter = found(known, signed);
      if (letter === known) return;
      await write(key, letter);
      fresh.push(letter);
    });
    const outcomes = await Promise.allSettled(writes);
    return {
      failed: distinct.filter((_, index) => outcomes[index]?.status === "rejected"),
      error: outcomes.find((outcome) => outcome.status === "rejected")?.reason as unknown,
    };
  }

  /**
   * What was taken away has to be in State: one that died after the list, or that another replica has put back
   * meanwhile, is not yet. Where State does not take it the queue has it again: a copy does no harm.
   */
  async function keep(taken: readonly DeadLetter[], fresh: HeldLetter[]): Promise<void> {
    const { failed, error } = await keepInState(taken, fresh);
    if (failed.length === 0) return;
    const outcomes = await Promise.allSettled(failed.map((letter) => queue.putBack(letter)));
    inHand.push(...failed.filter((_, index) => outcomes[index]?.status === "rejected"));
    throw error;
  }

  async function pop(count: number, fresh: HeldLetter[]): Promise<number> {
    const taken = await queue.pop(count);
    await keep(taken, fresh);
    return taken.length;
  }

  /** Undefined where the queue answers, and cannot list them. */
  async function listed(): Promise<DeadLetter[] | undefined> {
    try {
      return await queue.list().catch(() => queue.list());
    } catch (error) {
      await queue.ping().catch(() => {
        throw error;
      });
      return undefined;
    }
  }

  /** True once nothing lies with the queue any more. */
  async function move(fresh: HeldLetter[], goOn: () => Promise<boolean>): Promise<boolean> {
    await keep(inHand.splice(0), fresh);
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      const lying = await listed();
      if (!lying) return moveUnlisted(fresh, goOn);
      if (lying.length === 0) return true;
      for (let from = 0; from < lying.length; from += AT_ONCE) {
        if (!(await goOn())) return false;
        const { failed, error } = await keepInState(lying.slice(from, from + AT_ONCE), fresh);
        if (failed.length > 0) throw error;
      }
      for (let left = lying.length; left > 0; left -= AT_ONCE) {
        if (!(await goOn())) return false;
        await pop(Math.min(AT_ONCE, left), fresh);
      }
    }
    return false;
  }

  async function moveUnlisted(fresh: HeldLetter[], goOn: () => Promise<boolean>): Promise<boolean> {
    for (let pops = 0; pops < MOST_UNLISTED; pops++) {
      if (!(await goOn())) return false;
      // One alone is risked to find out whether a pop's answer arrives.
      if ((await pop(pops === 0 ? 1 : UNLISTED_AT_ONCE, fresh)) === 0) return true;
    }
    return false;
  }

  return {
    scan,
    async list() {
      const letters = new Map<string, HeldLetter>();
      for await (const [key, letter] of scan()) letters.set(key, letter);
      const lying = await listed();
      for (const { key, signed } of lying ?? []) letters.set(key, found(letters.get(key), signed));
      return {
        letters: new Map([...letters].filter(([, { is }]) => is !== "back")),
        isWhole: lying !== undefined,
      };
    },
    async collect(goOn = async () => true) {
      const fresh: HeldLetter[] = [];
      const outcome = await move(fresh, goOn).then(
        (isDone) => ({ isDone }),
        (failure: unknown) => ({ isDone: false, failure }),
      );
      return { found: fresh.length, givenUp: fresh.filter(({ is }) => is === "given-up"), ...outcome };
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
