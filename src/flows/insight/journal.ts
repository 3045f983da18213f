import type { State } from "../../core/ports.ts";
import {
  failuresBucket,
  figuresBucket,
  messageField,
  REPLICAS,
  replyDays,
  sentBucket,
} from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Runtime, Timer } from "../../lib/runtime.ts";
import { foldFigures } from "./fold.ts";
import type { Counted, HeardStatus } from "./recorder.ts";
import { metricsField } from "./replicas.ts";
import { parseSent, type SentRecord } from "./sent-record.ts";
import { addSums, formatSums, parseSums } from "./sums.ts";
import { HOUR_MS, type HourSums } from "./tally.ts";

export interface JournalPorts {
  counted: Counted;
  state: State;
  /** What the others may know of this process, as one text; at the end, that it has stopped. */
  describe(isClosed: boolean): string;
  /** This process's figures for whoever scrapes another one. */
  metrics(): Promise<string>;
  /** This process's id: random, another one for every start. */
  self: string;
  runtime: Runtime;
  log: Log;
}

/**
 * Brings what was counted into State every few seconds: each process rewrites fields of its own, and whoever reads
 * adds the fields up, so that nothing is lost between processes. What was counted since the last time is lost with a
 * process that is killed.
 */
export interface Journal {
  start(): void;
  /** Resolves once everything counted so far is in State; rejects when State is down. */
  flush(): Promise<void>;
  /** The last flush. */
  stop(): Promise<void>;
}

const FLUSH_MS = 5_000;
/** Says that the process is there: so often while it works, and where nothing happens. */
const SEEN_MS = { busy: 15_000, idle: 60_000 };
/** A process that was not heard of for so long counts as closed for the others after twice the time. */
export const SILENT_MS = 30 * 60_000;
/** Hours that nothing comes for any more leave the memory. */
const KEPT_HOURS = 72;

export function createJournal({
  counted,
  state,
  describe,
  metrics,
  self,
  runtime,
  log,
}: JournalPorts): Journal {
  const { now } = runtime;
  let fields = 0;
  let seenAt = Number.NEGATIVE_INFINITY;
  let foldedSlot = Math.floor(now() / HOUR_MS);
  let timer: Timer | undefined;
  let isStopped = false;
  let current: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  /** Their records may still have been on their way: they are looked for once more. */
  let looked = new Set<HeardStatus>();

  const dirtyHours = () => [...counted.hours].filter(([, { isDirty }]) => isDirty);
  const dirtyDays = () => [...counted.failures].filter(([, { isDirty }]) => isDirty);
  const isBusy = () => dirtyHours().length + dirtyDays().length + counted.pending.length > 0;

  /** Asleep or cut off for so long, it may count as closed, and its fields may be part of another one by now. */
  function openNewFields(): void {
    for (const hour of counted.hours.values()) {
      if (hour.written === undefined) continue;
      addSums(hour.sums, parseSums(hour.written).sums, -1);
      hour.field = undefined;
      hour.written = undefined;
    }
  }

  async function writeSeen(): Promise<void> {
    const at = now();
    if (!isStopped && at - seenAt < (isBusy() ? SEEN_MS.busy : SEEN_MS.idle)) return;
    if (at - seenAt > SILENT_MS) openNewFields();
    const figures = await metrics();
    await Promise.all([
      state.write(REPLICAS, self, describe(isStopped)),
      state.write(REPLICAS, metricsField(self), figures),
    ]);
    seenAt = at;
  }

  /** One call for so many messages; a day further back only for those that were not found. */
  async function findRecords(fields: readonly string[]): Promise<Map<string, SentRecord>> {
    const found = new Map<string, SentRecord>();
    for (const day of replyDays(now())) {
      const missing = fields.filter((field) => !found.has(field));
      const records = await Promise.all(missing.map((field) => state.read(sentBucket(day), field)));
      for (const [index, text] of records.entries()) {
        const record = parseSent(text);
        if (record) found.set(missing[index] as string, record);
      }
    }
    return found;
  }

  async function placePending(): Promise<void> {
    const statuses = counted.pending.splice(0);
    if (statuses.length === 0) return;
    const fieldOf = ({ origin, id }: (typeof statuses)[number]) => messageField(origin, id);
    try {
      const found = await findRecords([...new Set(statuses.map(fieldOf))]);
      for (const status of statuses) {
        const record = found.get(fieldOf(status));
        if (record || looked.has(status)) counted.place(status, record);
      }
      looked = new Set(statuses.filter((status) => !found.has(fieldOf(status)) && !looked.has(status)));
      counted.pending.unshift(...looked);
    } catch (error) {
      counted.pending.unshift(...statuses);
      throw error;
    }
  }

  async function writeHour(hour: number, entry: HourSums): Promise<void> {
    entry.isDirty = false;
    entry.field ??= `${hour}/${self}.${fields++}`;
    const text = formatSums(entry.sums);
    try {
      await state.write(figuresBucket(Math.floor(hour / 24)), entry.field, text);
      entry.written = text;
    } catch (error) {
      entry.isDirty = true;
      throw error;
    }
  }

  async function writeFailures(day: number): Promise<void> {
    const ofDay = counted.failures.get(day);
    if (!ofDay) return;
    ofDay.isDirty = false;
    try {
      await state.write(failuresBucket(day), self, JSON.stringify(ofDay.latest));
    } catch (error) {
      ofDay.isDirty = true;
      throw error;
    }
  }

  async function writeNotes(): Promise<void> {
    const notes = counted.notes.splice(0);
    const bucket = sentBucket(now());
    const written = await Promise.allSettled(
      notes.map(([field, record]) => state.write(bucket, field, record)),
    );
    const failed = notes.filter((_, index) => written[index]?.status === "rejected");
    counted.notes.unshift(...failed);
  }

  function forgetOld(): void {
    const oldest = Math.floor(now() / HOUR_MS) - KEPT_HOURS;
    for (const [hour, { isDirty }] of counted.hours)
      if (hour < oldest && !isDirty) counted.hours.delete(hour);
    const today = Math.floor(now() / (24 * HOUR_MS));
    for (const [day, { isDirty }] of counted.failures)
      if (day < today && !isDirty) counted.failures.delete(day);
  }

  async function write(): Promise<void> {
    // First: a process of which nobody has heard counts as closed.
    await writeSeen();
    await placePending();
    await Promise.all([
      ...dirtyHours().map(([hour, entry]) => writeHour(hour, entry)),
      ...dirtyDays().map(([day]) => writeFailures(day)),
      writeNotes(),
    ]);
    forgetOld();
  }

  /** One at a time; everybody who comes while one is under way has the next. */
  function flush(): Promise<void> {
    waiting ??= current
      .catch(() => undefined)
      .then(() => {
        waiting = undefined;
        current = write();
        return current;
      });
    return waiting;
  }

  async function foldOnceAnHour(): Promise<void> {
    const slot = Math.floor(now() / HOUR_MS);
    if (slot === foldedSlot) return;
    foldedSlot = slot;
    await foldFigures(slot, { state, now });
  }

  async function tick(): Promise<void> {
    try {
      await flush();
      await foldOnceAnHour();
    } catch (error) {
      log.debug(loggableError(error), "Figures are not written yet");
    }
  }

  return {
    flush,
    start() {
      timer = runtime.setInterval(() => void tick(), FLUSH_MS);
      timer.unref();
    },
    async stop() {
      runtime.clearInterval(timer);
      isStopped = true;
      await flush();
    },
  };
}
