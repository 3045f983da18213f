/**
 * What is counted of the messages accepted in one hour, by row: platform channel, sender, language and template.
 * `unsent`: failed without having been sent, part of `failed`. `doubted` and `settled`: their outcome was unknown, and
 * is not any more.
 */
export const STAGES = [
  "accepted",
  "refused",
  "optedOut",
  "sent",
  "delivered",
  "read",
  "failed",
  "unsent",
  "doubted",
  "settled",
] as const;
export type Stage = (typeof STAGES)[number];

const INDEX = Object.fromEntries(STAGES.map((stage, index) => [stage, index])) as Record<Stage, number>;

/** How often a code was the reason, and the ids of the latest messages that it happened to. */
export interface CodeCount {
  count: number;
  ids: string[];
}

export interface Row {
  counts: number[];
  codes: Map<string, CodeCount>;
}

/** By the row's key. */
export type Sums = Map<string, Row>;

/** Templates of one hour that have a row of their own; further ones share the last. */
export const MOST_ROWS = 200;
const MOST_CODES = 20;
const MOST_SAMPLES = 3;
export const OTHER = "other";

export interface RowNames {
  tag: string;
  sender: string;
  language: string;
  template: string;
}

const SEPARATOR = "\t";
const LONGEST_NAME = 128;
const plain = (text: string) =>
  text.length > LONGEST_NAME || text.includes(SEPARATOR)
    ? text.replaceAll(SEPARATOR, " ").slice(0, LONGEST_NAME)
    : text;

export const keyOf = ({ tag, sender, language, template }: RowNames): string =>
  tag + SEPARATOR + plain(sender) + SEPARATOR + plain(language) + SEPARATOR + plain(template);

const split = new Map<string, RowNames>();
const MOST_SPLIT = 1_000;

export function namesOf(key: string): RowNames {
  const known = split.get(key);
  if (known) return known;
  const [tag = "", sender = "", language = "", template = ""] = key.split(SEPARATOR);
  const names = { tag, sender, language, template };
  if (split.size >= MOST_SPLIT) split.clear();
  split.set(key, names);
  return names;
}

/** A sender may be any name that a platform gives an SMS: past so many, those share a row as well. */
const otherKey = (key: string, rows: number) => {
  const { tag, sender } = namesOf(key);
  return keyOf({ tag, sender: rows < 2 * MOST_ROWS ? sender : OTHER, language: "", template: OTHER });
};

/** The row of that key; past so many, the one that the others of its channel and sender share. */
export function rowIn(sums: Sums, key: string): Row {
  const known = sums.get(key) ?? (sums.size < MOST_ROWS ? undefined : sums.get(otherKey(key, 0)));
  if (known) return known;
  const ownKey = sums.size < MOST_ROWS ? key : otherKey(key, sums.size);
  const row = sums.get(ownKey) ?? { counts: STAGES.map(() => 0), codes: new Map() };
  sums.set(ownKey, row);
  return row;
}

export function count(row: Row, stage: Stage, by = 1): void {
  row.counts[INDEX[stage]] = (row.counts[INDEX[stage]] ?? 0) + by;
}

export function countCode(row: Row, code: string, ids: readonly string[], by = 1): void {
  const known = row.codes.get(code) ?? row.codes.get(row.codes.size < MOST_CODES ? code : OTHER);
  if (!known) {
    const name = row.codes.size < MOST_CODES ? code : OTHER;
    row.codes.set(name, { count: by, ids: ids.slice(-MOST_SAMPLES) });
    return;
  }
  known.count += by;
  known.ids.push(...ids);
  if (known.ids.length > MOST_SAMPLES) known.ids.splice(0, known.ids.length - MOST_SAMPLES);
}

export const countOf = (row: Row, stage: Stage): number => row.counts[INDEX[stage]] ?? 0;

/** Adds, or with -1 takes away again, what another process or an earlier moment has counted. */
export function addSums(to: Sums, from: Sums, sign: 1 | -1 = 1): void {
  for (const [key, { counts, codes }] of from) {
    const row = rowIn(to, key);
    for (const [index, value] of counts.entries())
      row.counts[index] = (row.counts[index] ?? 0) + sign * value;
    for (const [code, known] of codes) countCode(row, code, sign === 1 ? known.ids : [], sign * known.count);
  }
}

/** One process's sums as its field in State has them. `of` names the fields whose sums were added to this one. */
export interface StoredSums {
  sums: Sums;
  of: readonly string[];
}

export function formatSums(sums: Sums, of: readonly string[] = []): string {
  const rows = [...sums].map(([key, { counts, codes }]) => [
    key,
    counts,
    Object.fromEntries([...codes].map(([code, { count, ids }]) => [code, [count, ids]])),
  ]);
  return JSON.stringify(of.length === 0 ? { rows } : { rows, of });
}

/** Of what is none, or another version's, nothing: a page is shown without it. */
export function parseSums(text: string | null): StoredSums {
  const { rows, of } = (parsedJson(text) ?? {}) as { rows?: unknown; of?: unknown };
  return {
    sums: new Map((Array.isArray(rows) ? rows : []).flatMap(parseRow)),
    of: Array.isArray(of) ? of.map(String) : [],
  };
}

function parseRow(stored: unknown): [string, Row][] {
  const [key, counts, codes] = Array.isArray(stored) ? (stored as unknown[]) : [];
  if (typeof key !== "string" || !Array.isArray(counts)) return [];
  const entries = Object.entries((codes ?? {}) as Record<string, unknown>).flatMap(([code, known]) => {
    const [times, ids] = Array.isArray(known) ? (known as unknown[]) : [];
    if (typeof times !== "number" || !Array.isArray(ids)) return [];
    return [[code, { count: times, ids: ids.map(String) }] as const];
  });
  return [[key, { counts: STAGES.map((_, index) => Number(counts[index] ?? 0)), codes: new Map(entries) }]];
}

/** Undefined for what is not JSON. */
export function parsedJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
