import type { Bucket } from "./ports.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Every key kept in State, with its lifetime in seconds. Long ids (`ref:`) and parked jobs (`job:`) are keys of their own. */

/** Claims and phases of the messages accepted in that hour; a message lives a day at the most, and is settled the day after. */
export const claimBucket = (acceptedAt: number): Bucket => ({
  key: `claims:${Math.floor(acceptedAt / HOUR_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});

/** The statuses that a platform has been told, by the day they were told. */
export const reportedBucket = (at: number): Bucket => ({
  key: `reported:${Math.floor(at / DAY_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});

/** A message's field in these buckets: ids are unique within a platform channel only. */
export const messageField = (origin: string, id: string) => `${origin}:${id}`;
