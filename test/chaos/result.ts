import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Verdict } from "./judge.ts";
import { type ChaosWorld, startChaosWorld, type WorldOptions } from "./world.ts";

/** One row of the table. */
export interface Result extends Verdict {
  name: string;
  recoverSeconds: number;
  /** From start to end. */
  seconds: number;
  logFile: string;
}

export type Tell = (result: Result) => void;

export const NOTHING: Verdict = {
  messages: 0,
  lost: 0,
  doubled: 0,
  failed: 0,
  peakMegabytes: 0,
  problems: [],
};

export const isBad = ({ problems, lost, doubled }: Verdict) => problems.length + lost + doubled > 0;

/** What a run that came to no end is shown as. */
export const broken = (name: string, words: string, logFile = ""): Result => ({
  ...NOTHING,
  ...{ name, recoverSeconds: 0, seconds: 0, logFile, problems: [words] },
});

/** Since then, in tenths. */
export const secondsSince = (at: number) => Math.round((Date.now() - at) / 100) / 10;

/** Ends the world after its use, and keeps its log only for somebody to look at. */
export async function inWorld(
  options: WorldOptions,
  tell: Tell,
  use: (world: ChaosWorld, tell: Tell) => Promise<void>,
): Promise<void> {
  const world = await startChaosWorld(options);
  let isGood = false;
  try {
    const results: Result[] = [];
    await use(world, (result) => {
      results.push(result);
      tell(result);
    });
    isGood = !results.some(isBad);
  } finally {
    await world.stop();
    if (isGood) await rm(dirname(world.logFile), { recursive: true });
  }
}
