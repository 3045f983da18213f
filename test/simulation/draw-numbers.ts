import type { Random } from "../../src/sandbox/random.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** As likely between 10 and 100 as between 100 and 1,000. */
export const logBetween = (random: Random, least: number, most: number) =>
  Math.round(least * (most / least) ** random.next());
