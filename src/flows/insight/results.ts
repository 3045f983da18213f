import type { Dictionary, Reason, ResultRow, ResultsAnswer, ResultsQuery } from "../../core/insight.ts";
import type { Channel } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { figuresDays } from "../../core/state-keys.ts";
import { shownId } from "../../lib/log.ts";
import type { Runtime } from "../../lib/runtime.ts";
import { asked } from "./asked.ts";
import { readDay, sumOf } from "./fold.ts";
import type { Journal } from "./journal.ts";
import { addSums, countOf, namesOf, type Row, type Sums } from "./sums.ts";
import { HOUR_MS } from "./tally.ts";

/** Whose channel a tag is; undefined for one that this version does not know. */
export type OwnerOf = (tag: string) => { platform: string; channel: Channel } | undefined;

export interface ResultsPorts {
  state: State;
  journal: Pick<Journal, "flush">;
  ownerOf: OwnerOf;
  dictionary: Dictionary;
  runtime: Pick<Runtime, "now" | "setTimeout" | "clearTimeout">;
}

/** The sums of every process for the hours from that of `from` to the last one that begins before `to`, milliseconds since the epoch. */
export async function readSums(from: number, to: number, { state, runtime }: ResultsPorts): Promise<Sums> {
  const [first, last] = [Math.floor(from / HOUR_MS), Math.ceil(to / HOUR_MS) - 1];
  const days = figuresDays(runtime.now()).filter((day) => day >= Math.floor(first / 24) && day * 24 <= last);
  const hours = (await Promise.all(days.map((day) => readDay(state, day)))).flatMap((day) => [...day]);
  const sums: Sums = new Map();
  for (const [hour, fields] of hours) if (hour >= first && hour <= last) addSums(sums, sumOf(fields));
  return sums;
}

/**
 * What became of the messages that were accepted in that time, by template: what other processes counted up to their
 * last flush, a few seconds ago. Rejects with ConnectorError `state_away` when nobody knows.
 */
export async function results(query: ResultsQuery, ports: ResultsPorts): Promise<ResultsAnswer> {
  const { journal, runtime } = ports;
  const work = journal.flush().then(() => readSums(query.from, query.to, ports));
  const sums = await asked(work, runtime);
  const rows = [...sums]
    .map(([key, row]) => toRow(key, row, ports))
    .filter(
      ({ platform, channel, template }) =>
        (query.platform ?? platform) === platform &&
        (query.channel ?? channel) === channel &&
        (query.template ?? template) === template,
    )
    .sort((a, b) => b.accepted - a.accepted || (a.template < b.template ? -1 : 1));
  const from = Math.floor(query.from / HOUR_MS) * HOUR_MS;
  return { from: new Date(from).toISOString(), to: new Date(query.to).toISOString(), rows };
}

function toRow(key: string, row: Row, { ownerOf, dictionary }: ResultsPorts): ResultRow {
  const { tag, sender, language, template } = namesOf(key);
  const { platform, channel } = ownerOf(tag) ?? { platform: tag, channel: "whatsapp" };
  const [accepted, optedOut, sent] = [
    countOf(row, "accepted"),
    countOf(row, "optedOut"),
    countOf(row, "sent"),
  ];
  const reasons = [...row.codes].map(
    ([code, { count, ids }]): Reason => ({ code, ...dictionary(code), count, samples: ids.map(shownId) }),
  );
  return {
    ...{ platform, channel, sender, template, language, accepted, refused: countOf(row, "refused") },
    ...{ optedOut, sent, delivered: countOf(row, "delivered"), read: countOf(row, "read") },
    failed: countOf(row, "failed"),
    // A process that was killed may have counted the one and not the other.
    waiting: Math.max(0, accepted - optedOut - sent - countOf(row, "unsent")),
    reasons: reasons.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count),
  };
}

/** Messages of which nobody knows whether they were sent: an answer is waited for two days at the most. */
export async function inDoubt(ports: ResultsPorts): Promise<number> {
  const to = ports.runtime.now();
  const rows = [...(await readSums(to - 2 * 24 * HOUR_MS, to, ports)).values()];
  const left = rows.map((row) => Math.max(0, countOf(row, "doubted") - countOf(row, "settled")));
  return left.reduce((sum, count) => sum + count, 0);
}
