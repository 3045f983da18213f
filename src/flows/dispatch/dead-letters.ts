import { idOf, perQueue, QUEUE_PURPOSES, type QueuePurpose } from "../../core/job.ts";
import type { State } from "../../core/ports.ts";
import { DAY_MS, DEAD_LETTERS } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Runtime, Timer } from "../../lib/runtime.ts";
import {
  AT_ONCE,
  deadlineOf,
  type HeldLetter,
  type HeldLetters,
  MOST_REPLAYS,
  type Reading,
} from "./held-letters.ts";

export interface DeadLettersPorts {
  held: Record<QueuePurpose, HeldLetters>;
  state: State;
  runtime: Runtime;
  log: Log;
}

/** Puts back what the queues gave up on, without anybody's hand. */
export interface DeadLetters {
  /** The first look, and from then on one every few minutes. */
  start(): void;
  /** A delivery of a queue was answered 5xx: its job may be dead by now, so there is a look soon and until one is clean. */
  deliveryFailed(): void;
  /** How many letters wait, as far as the last look of any replica tells. */
  waiting(purpose: QueuePurpose): number;
  /** Resolves when the look that is under way has ended. */
  stop(): Promise<void>;
}

/** At the most; a little less now and then, so that replicas do not keep step. */
const PERIOD_MS = 5 * 60_000;
/** While letters may be outstanding. */
const ASK_MS = 5_000;
/** What another replica left behind is found after this long, where nothing of one's own is due before. */
const REREAD_MS = PERIOD_MS / 2;
/** A replica that died in a look blocks the others for so long. */
const LEASE_MS = 30_000;
/** A job that is back on its queue is dispatched or dead again by then. */
const REMEMBERED_MS = 3 * DAY_MS;

interface Lease {
  by: string;
  until: number;
  waiting: Record<QueuePurpose, number>;
}

/**
 * One replica looks at a time, by a lease which is read and then written: two may look together where they ask in the
 * same moment. That costs a second copy of a letter now and then, and of two copies one is sent.
 */
export function createDeadLetters({ held, state, runtime, log }: DeadLettersPorts): DeadLetters {
  const { now } = runtime;
  const self = runtime.uuid();
  let waiting: Lease["waiting"] = perQueue(() => 0);
  const lastRead = new Map<QueuePurpose, Held>();
  let failures = 0;
  let timer: { handle: Timer; at: number } | undefined;
  let isStopped = false;
  let isFirst = true;
  let isFailing = false;
  let current = Promise.resolve();

  function schedule(ms: number): void {
    const at = now() + ms;
    if (isStopped || (timer && timer.at <= at)) return;
    runtime.clearTimeout(timer?.handle);
    const handle = runtime.setTimeout(() => {
      timer = undefined;
      current = current.then(run);
    }, ms);
    handle.unref();
    timer = { handle, at };
  }

  const period = () => PERIOD_MS * (0.8 + runtime.random() / 5);

  async function run(): Promise<void> {
    const failuresBefore = failures;
    try {
      const next = await lookAtAll();
      isFailing = false;
      if (next.isClean && failures === failuresBefore) failures = 0;
      schedule(failures > 0 ? ASK_MS : Math.min(period(), Math.max(ASK_MS, next.at - now())));
    } catch (error) {
      if (!isFailing) log.warn(loggableError(error), "Dead letters cannot be looked at now: trying again");
      isFailing = true;
      schedule(ASK_MS);
    }
  }

  /** `isClean`: this replica looked, and nothing was there. */
  async function lookAtAll(): Promise<{ isClean: boolean; at: number }> {
    const lease = parseLease(await state.read(DEAD_LETTERS, "lease"));
    if (lease) waiting = lease.waiting;
    if (lease && lease.by !== self && lease.until > now())
      return { isClean: false, at: Number.POSITIVE_INFINITY };
    let until = 0;
    /** False when the connector stops; else the lease is good for the next step. */
    const goOn = async () => {
      if (!isStopped && until - now() < LEASE_MS / 2) {
        until = now() + LEASE_MS;
        await writeLease(until);
      }
      return !isStopped;
    };
    await goOn();
    const looks: Look[] = [];
    const failed: unknown[] = [];
    for (const purpose of QUEUE_PURPOSES) {
      if (isStopped) break;
      // One queue that cannot be looked at must not keep the others waiting.
      await look(purpose, goOn).then(
        (done) => looks.push(done),
        (error) => failed.push(error),
      );
    }
    await writeLease(0);
    if (failed.length > 0) throw failed[0];
    isFirst = false;
    const isClean = looks.every(({ found, putBack }) => found + putBack === 0);
    return { isClean, at: Math.min(...looks.map(({ nextAt }) => nextAt)) };
  }

  const writeLease = (until: number) =>
    state.write(DEAD_LETTERS, "lease", JSON.stringify({ by: self, until, waiting } satisfies Lease));

  /** Puts back what State holds and is due, whether or not there was more to collect. */
  async function look(purpose: QueuePurpose, goOn: () => Promise<boolean>): Promise<Look> {
    const queue = held[purpose];
    const { found, givenUp, isDone, failure } = await queue.collect(goOn);
    for (const letter of givenUp) {
      log.error(
        { queue: purpose, ...about(queue.read(letter)), replays: letter.replays },
        "A job died again and again: it is put back no more. The console's page Held shows it, and puts it back once its cause is gone",
      );
    }
    const { putBack, left, unread, nextAt, ...due } = await putBackDue(purpose, found > 0, goOn);
    if (due.failure === undefined) waiting = { ...waiting, [purpose]: left };
    if (found > 0 || putBack > 0 || (isFirst && left > 0)) {
      log[unread > 0 ? "warn" : "info"](
        { queue: purpose, found, put_back: putBack, held: left, refused: unread },
        "The queue had given up on jobs: those that can be done are put back",
      );
    }
    if ((failure ?? due.failure) !== undefined) throw failure ?? due.failure;
    return { found, putBack, nextAt: isDone ? nextAt : now() };
  }

  /** All that State holds is read only where something may be due: `isMore` than there was before. */
  async function putBackDue(
    purpose: QueuePurpose,
    isMore: boolean,
    goOn: () => Promise<boolean>,
  ): Promise<Held> {
    const queue = held[purpose];
    const before = lastRead.get(purpose);
    if (before && !isMore && now() < Math.min(before.nextAt, before.readAt + REREAD_MS))
      return { ...before, putBack: 0 };
    lastRead.delete(purpose);
    const sum: Held = {
      ...{ putBack: 0, left: 0, unread: 0 },
      ...{ nextAt: Number.POSITIVE_INFINITY, readAt: now() },
    };
    const steps: (() => Promise<void>)[] = [];
    async function takeSteps(): Promise<boolean> {
      if (steps.length > 0 && !(await goOn())) return false;
      const outcomes = await Promise.allSettled(steps.splice(0).map((step) => step()));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      return true;
    }
    // What went well before is told as well.
    try {
      for await (const [key, letter] of queue.scan()) {
        if (letter.is === "back") {
          if (letter.at < now() - REMEMBERED_MS) steps.push(() => queue.forget(key, letter));
        } else {
          const reading = queue.read(letter);
          const at = dueAt(letter, reading);
          if (at <= now()) {
            steps.push(() => queue.putBack(key, letter).then(() => void sum.putBack++));
          } else {
            sum.left++;
            if (typeof reading === "string") sum.unread++;
            sum.nextAt = Math.min(sum.nextAt, at);
          }
        }
        if (steps.length === AT_ONCE && !(await takeSteps())) return sum;
      }
      if (await takeSteps()) lastRead.set(purpose, sum);
    } catch (failure) {
      sum.failure = failure;
    }
    return sum;
  }

  return {
    start: () => schedule(0),
    deliveryFailed() {
      failures++;
      schedule(ASK_MS);
    },
    waiting: (purpose) => waiting[purpose],
    stop() {
      isStopped = true;
      runtime.clearTimeout(timer?.handle);
      return current;
    },
  };
}

/** What State holds of one queue. */
interface Held {
  putBack: number;
  left: number;
  /** Of those that are left. */
  unread: number;
  /** When a letter is due that was not yet; infinite where none ever will be. */
  nextAt: number;
  readAt: number;
  /** It stopped there: the rest is not counted. */
  failure?: unknown;
}

type Look = Pick<Held, "putBack" | "nextAt"> & { found: number };

/** When it is put back. */
function dueAt(letter: HeldLetter, reading: Reading): number {
  if (typeof reading === "string") return Number.POSITIVE_INFINITY;
  if (letter.is === "held") return letter.at;
  // Once more, so that it is reported expired.
  return letter.replays === MOST_REPLAYS ? deadlineOf(reading, letter) : Number.POSITIVE_INFINITY;
}

const about = (reading: Reading) =>
  typeof reading === "string"
    ? { why: reading }
    : { msg_id: idOf(reading), kind: reading.kind, attempt: reading.attempt };

function parseLease(text: string | null): Lease | undefined {
  try {
    return (JSON.parse(text ?? "null") as Lease | null) ?? undefined;
  } catch {
    return undefined;
  }
}
