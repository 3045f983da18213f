import type { FailureEntry, FailuresAnswer } from "../../core/insight.ts";
import type { State } from "../../core/ports.ts";
import { DAY_MS, failuresBucket, failuresDays } from "../../core/state-keys.ts";
import { shownId } from "../../lib/log.ts";
import { asked } from "./asked.ts";
import type { Failure } from "./latest-failures.ts";
import type { ResultsPorts } from "./results.ts";
import { parsedJson } from "./sums.ts";

export interface FailuresQuery {
  /** Milliseconds since the epoch; a week back at the most. */
  from: number;
  code?: string;
  template?: string;
  /** 100 by default. */
  limit?: number;
}

const LIMIT = 100;

/** The failures that processes kept of those days, in no order. */
export async function readFailures(state: State, days: readonly number[]): Promise<Failure[]> {
  const ofDays = await Promise.all(
    days.map(async (day) => {
      const failures: Failure[] = [];
      for await (const [, text] of state.scan(failuresBucket(day))) failures.push(...parseFailures(text));
      return failures;
    }),
  );
  return ofDays.flat();
}

function parseFailures(text: string): Failure[] {
  const stored = parsedJson(text);
  const isFailure = (entry: unknown): entry is Failure =>
    Array.isArray(entry) &&
    typeof entry[0] === "number" &&
    entry.slice(1).every((word) => typeof word === "string");
  return Array.isArray(stored) ? stored.filter(isFailure) : [];
}

/** The latest failures and refusals, newest first. Rejects with ConnectorError `state_away` when nobody knows. */
export async function failures(query: FailuresQuery, ports: ResultsPorts): Promise<FailuresAnswer> {
  const { state, journal, runtime } = ports;
  const days = failuresDays(runtime.now()).filter((day) => day >= Math.floor(query.from / DAY_MS));
  const work = journal.flush().then(() => readFailures(state, days));
  const found = (await asked(work, runtime)).filter(
    ([at, , , template, code]) =>
      at >= query.from && (query.code ?? code) === code && (query.template ?? template) === template,
  );
  const newest = found.sort(([a], [b]) => b - a).slice(0, query.limit ?? LIMIT);
  return { failures: newest.map((failure) => toEntry(failure, ports)) };
}

function toEntry(
  [at, id, tag, template, code]: Failure,
  { ownerOf, dictionary }: ResultsPorts,
): FailureEntry {
  const { platform, channel } = ownerOf(tag) ?? { platform: tag, channel: "whatsapp" };
  const time = new Date(at).toISOString();
  return { at: time, id: shownId(id), platform, channel, template, code, ...dictionary(code) };
}
