import { createRandom, type Random } from "../../src/sandbox/random.ts";
import { judge, settled, type Verdict } from "./judge.ts";
import { broken, inWorld, isBad, NOTHING, type Result, secondsSince, type Tell } from "./result.ts";
import { type ChaosWorld, DISPATCH_RATE, type WorldOptions } from "./world.ts";

export interface Scenario {
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
  refusing?: "whatsapp" | "sms";
  /** Checks of this scenario alone, in words what is wrong. */
  also?(world: ChaosWorld): string[] | Promise<string[]>;
  settleMs?: number;
}

/** A scenario that has a world of its own, unlike those of a series; what is particular about that world. */
export type LoneScenario = Scenario & { world?: Series["world"] };

/** Scenarios that one world goes through in turn, each after the one before has settled. */
export interface Series {
  name: string;
  world?: Omit<WorldOptions, "seed">;
  scenarios: Scenario[];
}

/** How tasks are run. */
export interface Run {
  isWanted(name: string): boolean;
  seedOf(name: string): number;
  /** Does the work when the machine has room for that many messages a second. */
  loading<T>(load: number, work: () => Promise<T>): Promise<T>;
  tell: Tell;
}

export const seriesOf = ({ world, ...scenario }: LoneScenario): Series => ({
  name: scenario.name,
  ...(world ? { world } : {}),
  scenarios: [scenario],
});

/** Messages a second: what is offered faster than the connector sends waits in its queue. */
const loadOf = ({ rate, sms }: Scenario) => Math.min(rate, DISPATCH_RATE) * (sms ? 2 : 1);

const SETTLE_MS = 60_000;

/** The campaign with its trouble; resolves to when the trouble was over. */
async function campaign(world: ChaosWorld, scenario: Scenario, random: Random): Promise<number> {
  const { moengage } = world;
  const { whatsapp, sms, rate } = scenario;
  const before = new Set(moengage.sent.keys());
  const campaigns = Promise.all([
    moengage.campaign({ channel: "whatsapp", count: whatsapp, rate, tries: 20 }),
    sms ? moengage.campaign({ channel: "sms", count: sms, rate, tries: 20 }) : undefined,
  ]);
  await scenario.trouble(world, random);
  const healedAt = Date.now();
  await campaigns;
  for (const [id, message] of [...moengage.sent])
    if (!before.has(id) && random.chance(scenario.repeatShare ?? 0)) await moengage.send(message);
  return healedAt;
}

/** A world is judged as a whole: what a scenario adds is what was not there before it. */
async function play(world: ChaosWorld, scenario: Scenario, how: Run, before: Verdict): Promise<Result> {
  const { name } = scenario;
  const { logFile } = world;
  if (isBad(before)) return broken(name, "not run, for what went wrong before it", logFile);
  let startedAt = Date.now();
  try {
    const healedAt = await how.loading(loadOf(scenario), () => {
      startedAt = Date.now();
      return campaign(world, scenario, createRandom(how.seedOf(name)));
    });
    const isSettled = await settled(world, scenario.settleMs ?? SETTLE_MS);
    const recoverSeconds = secondsSince(healedAt);
    const extra = (await scenario.also?.(world)) ?? [];
    const verdict = await judge(world, isSettled, scenario);
    return {
      ...{ ...verdict, name, recoverSeconds, seconds: secondsSince(startedAt), logFile },
      messages: verdict.messages - before.messages,
      failed: verdict.failed - before.failed,
      problems: [...verdict.problems, ...extra],
    };
  } catch (error) {
    return broken(name, `the run itself failed: ${(error as Error).message}`, logFile);
  }
}

/** Goes through those scenarios of a series that are wanted. */
export function underFire({ name, world: options, scenarios }: Series, how: Run): Promise<void> {
  return inWorld({ ...options, seed: how.seedOf(name) }, how.tell, async (world, tell) => {
    const sum = { ...NOTHING, problems: [] as string[] };
    for (const scenario of scenarios.filter((one) => how.isWanted(one.name))) {
      const result = await play(world, scenario, how, sum);
      tell(result);
      sum.messages += result.messages;
      sum.failed += result.failed;
      sum.problems.push(...result.problems);
    }
  });
}
