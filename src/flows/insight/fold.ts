import type { State } from "../../core/ports.ts";
import { figuresBucket, figuresDays, REPLICAS } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";
import { metricsField, readReplicas } from "./replicas.ts";
import { addSums, formatSums, parseSums, type StoredSums, type Sums } from "./sums.ts";

/** The field of an hour into which those of closed processes are folded. */
const FOLDED = "folded";
/** Twice as long as a process goes on with the fields it had when it was last heard of. */
const CLOSED_MS = 60 * 60_000;

/** `<hour>/<process>.<number>`, or `<hour>/folded`. */
export function parseField(field: string): { hour: number; process: string } {
  const [hour = "", name = ""] = field.split("/");
  return { hour: Number(hour), process: name.split(".")[0] ?? "" };
}

/** One hour's fields added up, without those that another one of them has taken in already. */
export function sumOf(fields: ReadonlyMap<string, StoredSums>): Sums {
  const folded = new Set([...fields.values()].flatMap(({ of }) => of));
  const sums: Sums = new Map();
  for (const [field, stored] of fields) if (!folded.has(field)) addSums(sums, stored.sums);
  return sums;
}

/** The fields of a day, by the hour. */
export async function readDay(state: State, day: number): Promise<Map<number, Map<string, StoredSums>>> {
  const hours = new Map<number, Map<string, StoredSums>>();
  for await (const [field, text] of state.scan(figuresBucket(day))) {
    const { hour } = parseField(field);
    const fields = hours.get(hour) ?? new Map<string, StoredSums>();
    hours.set(hour, fields.set(field, parseSums(text)));
  }
  return hours;
}

/**
 * Folds the fields of closed processes together, so that an hour stays small however often processes come and go. One
 * replica does it for each slot of an hour: the first to count up a key. Whoever dies in between leaves nothing that
 * counts twice: the folded field names what it has taken in, and that is removed only after it was written.
 */
export async function foldFigures(slot: number, { state, now }: { state: State; now: Clock }): Promise<void> {
  const lock = { key: `lock:figures ${slot}`, ttl: 2 * 3_600, scope: "instance" } as const;
  if ((await state.increment(lock, "owner")) !== 1) return;
  const replicas = await readReplicas(state);
  const isAlive = ({ seenAt }: { seenAt: number }) => now() - seenAt < CLOSED_MS;
  const alive = new Set(replicas.filter(isAlive).map(({ id }) => id));
  // Whatever comes late to an older day is rare enough for once a day.
  for (const day of figuresDays(now()).slice(0, slot % 24 === 0 ? undefined : 2))
    for (const [hour, fields] of await readDay(state, day)) await foldHour(day, hour, fields);
  for (const { id } of replicas.filter((replica) => !isAlive(replica))) {
    await state.remove(REPLICAS, metricsField(id));
    await state.remove(REPLICAS, id);
  }

  async function foldHour(day: number, hour: number, fields: Map<string, StoredSums>): Promise<void> {
    const name = `${hour}/${FOLDED}`;
    // What was taken in once stays so, also where its process was only asleep.
    const taken = new Set(fields.get(name)?.of);
    const isClosed = (field: string) => taken.has(field) || !alive.has(parseField(field).process);
    const closed = [...fields.keys()].filter((field) => field !== name && isClosed(field));
    if (closed.length < (fields.has(name) ? 1 : 2)) return;
    const parts = [...fields].filter(([field]) => field === name || closed.includes(field));
    const sums = sumOf(new Map(parts));
    await state.write(figuresBucket(day), name, formatSums(sums, closed));
    for (const field of closed) await state.remove(figuresBucket(day), field);
  }
}
