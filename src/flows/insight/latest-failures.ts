/** When in milliseconds since the epoch, message id, tag, template, code. */
export type Failure = [at: number, id: string, tag: string, template: string, code: string];

export interface FailuresOfDay {
  latest: Failure[];
  isDirty: boolean;
}

/** What a process knows of them, by the day since the epoch. */
export type LatestFailures = Map<number, FailuresOfDay>;

export const MOST_FAILURES = 200;
const DAY_MS = 24 * 3_600_000;

/** Keeps so many of a day; the oldest goes first. */
export function addFailure(failures: LatestFailures, failure: Failure): void {
  const day = Math.floor(failure[0] / DAY_MS);
  const ofDay = failures.get(day) ?? { latest: [], isDirty: true };
  failures.set(day, ofDay);
  ofDay.latest.push(failure);
  if (ofDay.latest.length > MOST_FAILURES) ofDay.latest.shift();
  ofDay.isDirty = true;
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
