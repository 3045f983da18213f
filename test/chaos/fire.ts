import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { judge, settled, type Verdict } from "./judge.ts";
import { type ChaosWorld, startChaosWorld, type WorldOptions } from "./world.ts";

export interface Scenario extends Omit<WorldOptions, "seed"> {
  name: string;
  /** WhatsApp and SMS messages of the campaign, and how many a second. */
  whatsapp: number;
  sms?: number;
  rate: number;
  /** Share of the WhatsApp requests that the platform makes a second time. */
  repeatShare?: number;
  /** Makes the trouble while the campaign runs; resolves when it is over. */
  trouble(world: ChaosWorld, random: Random): Promise<void>;
  /** Parts of the words for what this fault makes unavoidable. */
  allowed?: string[];
  /** A channel whose reports the platform refuses. */
  deaf?: "whatsapp" | "sms";
  /** Checks of this scenario alone, in words what is wrong. */
  also?(world: ChaosWorld): string[] | Promise<string[]>;
  settleMs?: number;
}

export interface Result extends Verdict {
  name: string;
  recoverSeconds: number;
  logFile: string;
}

const SETTLE_MS = 60_000;

export async function underFire(scenario: Scenario, seed: number): Promise<Result> {
  const random = createRandom(seed);
  const world = await startChaosWorld({ ...scenario, seed });
  const { moengage } = world;
  try {
    const campaigns = Promise.all([
      moengage.campaign({ channel: "whatsapp", count: scenario.whatsapp, rate: scenario.rate, tries: 20 }),
      scenario.sms
        ? moengage.campaign({ channel: "sms", count: scenario.sms, rate: scenario.rate, tries: 20 })
        : undefined,
    ]);
    await scenario.trouble(world, random);
    const healedAt = Date.now();
    await campaigns;
    for (const message of [...moengage.sent.values()])
      if (random.chance(scenario.repeatShare ?? 0)) await moengage.send(message);
    const isSettled = await settled(world, scenario.settleMs ?? SETTLE_MS);
    const recoverSeconds = Math.round((Date.now() - healedAt) / 100) / 10;
    const extra = (await scenario.also?.(world)) ?? [];
    const verdict = await judge(world, isSettled, scenario);
    verdict.problems.push(...extra);
    return { name: scenario.name, recoverSeconds, logFile: world.logFile, ...verdict };
  } finally {
    await world.stop();
  }
}
