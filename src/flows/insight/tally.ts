import type { Clock } from "../../lib/runtime.ts";
import { addFailure, type LatestFailures, removeFailure } from "./latest-failures.ts";
import { count, countCode, namesOf, rowIn, type Stage, type Sums } from "./sums.ts";

/** What a process has counted of the messages accepted in one hour. */
export interface HourSums {
  sums: Sums;
  isDirty: boolean;
  /** Where State has them, and how they stand there; undefined before the first time. */
  field?: string;
  written?: string;
}

/** Where a message is counted. */
export interface Place {
  /** Since the epoch. */
  hour: number;
  key: string;
}

export const HOUR_MS = 3_600_000;
export const hourOf = (at: number) => Math.floor(at / HOUR_MS);
const LONGEST_ID = 200;

/** What one process has counted, by the hour since the epoch, and the latest failures with it. */
export interface Tally {
  hours: Map<number, HourSums>;
  failures: LatestFailures;
  add(place: Place, stage: Stage, by?: 1 | -1): void;
  /** With its code, as a sample of it, and among the latest failures. */
  fail(place: Place, stage: Stage, code: string, id: string | undefined): void;
  /** As if it had never failed so. */
  unfail(place: Place, stage: Stage, code: string, id: string): void;
}

export function createTally(now: Clock): Tally {
  const hours = new Map<number, HourSums>();
  const failures: LatestFailures = new Map();

  function row({ hour, key }: Place) {
    const known = hours.get(hour) ?? { sums: new Map(), isDirty: true };
    hours.set(hour, known);
    known.isDirty = true;
    return rowIn(known.sums, key);
  }

  return {
    hours,
    failures,
    add: (place, stage, by) => count(row(place), stage, by),
    fail(place, stage, code, id) {
      const failed = row(place);
      const shortId = id?.slice(0, LONGEST_ID);
      count(failed, stage);
      countCode(failed, code, shortId === undefined ? [] : [shortId]);
      // Opting out is nobody's failure, and would drive those out that are.
      if (stage === "optedOut") return;
      const { tag, template } = namesOf(place.key);
      addFailure(failures, [now(), shortId ?? "", tag, template, code]);
    },
    unfail(place, stage, code, id) {
      const failed = row(place);
      const shortId = id.slice(0, LONGEST_ID);
      count(failed, stage, -1);
      countCode(failed, code, [], -1);
      const counted = failed.codes.get(code);
      if (counted) counted.ids = counted.ids.filter((sample) => sample !== shortId);
      removeFailure(failures, shortId, code);
    },
  };
}
