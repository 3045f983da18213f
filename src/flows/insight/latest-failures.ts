import type { ErrorCode } from "../../lib/errors.ts";

/** When in milliseconds since the epoch, message id, tag, template, code. */
export type Failure = [at: number, id: string, tag: string, template: string, code: string];

export interface FailuresOfDay {
  latest: Failure[];
  isDirty: boolean;
}

/** What a process knows of them, by the day since the epoch. */
export type LatestFailures = Map<number, FailuresOfDay>;

export const MOST_FAILURES = 200;
/** Sends that were turned away for the moment come by the thousand, all alike: so many of them at the most. */
const MOST_TURNED_AWAY = 50;
const TURNED_AWAY = new Set<string>([
  ...([
    "queue_unavailable",
    "backlog_full",
    "overloaded",
    "deadline",
    "stopping",
    "internal",
  ] satisfies ErrorCode[]),
]);
const DAY_MS = 24 * 3_600_000;

/** Keeps so many of a day; the oldest goes first, of those that were turned away where there are many. */
export function addFailure(failures: LatestFailures, failure: Failure): void {
  const day = Math.floor(failure[0] / DAY_MS);
  const ofDay = failures.get(day) ?? { latest: [], isDirty: true };
  failures.set(day, ofDay);
  ofDay.latest.push(failure);
  if (ofDay.latest.length > MOST_FAILURES) dropOne(ofDay.latest);
  ofDay.isDirty = true;
}

function dropOne(latest: Failure[]): void {
  const isTurnedAway = ([, , , , code]: Failure) => TURNED_AWAY.has(code);
  const many = latest.filter(isTurnedAway).length > MOST_TURNED_AWAY;
  latest.splice(many ? latest.findIndex(isTurnedAway) : 0, 1);
}

/** For a message that came through all the same. */
export function removeFailure(failures: LatestFailures, id: string, code: string): void {
  for (const ofDay of failures.values()) {
    const kept = ofDay.latest.filter(
      ([, failedId, , , failedCode]) => failedId !== id || failedCode !== code,
    );
    ofDay.isDirty ||= kept.length < ofDay.latest.length;
    ofDay.latest = kept;
  }
}
