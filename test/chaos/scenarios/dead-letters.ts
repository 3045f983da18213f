import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../src/sandbox/random.ts";
import { until } from "../../support/ports.ts";
import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { TOLD_AGAIN } from "./deaths.ts";
import { unless } from "./looks.ts";

/** What the console answers; undefined where nobody waited for it, or nobody was there. */
async function consoleOf<T>(
  { url, credentials }: ChaosWorld,
  path: string,
  init: RequestInit = {},
): Promise<T | undefined> {
  const { accountId, accountSecret } = credentials;
  const authorization = `Basic ${Buffer.from(`${accountId}:${accountSecret}`).toString("base64")}`;
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${url}/console/api${path}`, { ...init, headers }).catch(() => undefined);
  return answer?.ok ? ((await answer.json().catch(() => undefined)) as T | undefined) : undefined;
}

const putBack = (world: ChaosWorld, waitMs: number) =>
  consoleOf<{ left: number }>(world, "/dead-letters/replay", {
    ...{ method: "POST", body: JSON.stringify({ all: true }) },
    signal: AbortSignal.timeout(waitMs),
  });

/** Puts everything back by hand, by somebody who loses patience some times, while the connector does the same. */
async function replay(world: ChaosWorld, random: Random): Promise<void> {
  for (let times = 0; times < 4; times++) await putBack(world, random.between(50, 300));
  await putBack(world, 30_000);
}

const sum = ({ vcr }: ChaosWorld, what: "accepted" | "dead") =>
  Object.values(vcr.records().queues).reduce((total, queue) => total + queue[what], 0);

/** The queue goes on counting those that were put back. */
const COUNTED = "dead letters in";

/**
 * The queue gives up after four waits of ten seconds, and here, where it waits for a second, after four. So long takes
 * an outage until nobody has a job in hand any more.
 */
const OUTAGE_MS = 14_000;

export const deadLetters: LoneScenario[] = [
  {
    name: "dead letters put back by the connector and by an operator who loses patience four times",
    whatsapp: 200,
    sms: 100,
    rate: 100,
    // Slower than the campaign, so that jobs are waiting when nobody is there to take them.
    world: { unreachableMs: 300, env: { DISPATCH_RATE_PER_SECOND: "40" } },
    async trouble(world, random) {
      await until(() => sum(world, "accepted") > 100, 20_000);
      await world.kill(0);
      await until(() => sum(world, "dead") > 20, 20_000);
      await Promise.all([world.revive(0), replay(world, random)]);
    },
    async also(world) {
      const held = await consoleOf<{ letters: unknown[] }>(world, "/dead-letters");
      return [
        ...unless(held?.letters.length === 0, `the console still has letters: ${JSON.stringify(held)}`),
        ...unless(
          Object.keys(world.vcr.records().queues).flatMap(world.vcr.deadLetters).length === 0,
          "dead letters that were put back are still there",
        ),
      ];
    },
    allowed: [TOLD_AGAIN, COUNTED],
  },
  {
    name: "queue and State away until the queue gives up, and nobody does anything",
    whatsapp: 60,
    sms: 30,
    rate: 60,
    // Slower than the campaign, so that jobs are waiting when the trouble begins.
    world: { callbackTimeoutMs: 1_000, env: { DISPATCH_RATE_PER_SECOND: "10" } },
    async trouble(world) {
      const { vcr } = world;
      const providers = ["queue-service", "client-persistence-api"] as const;
      await until(() => sum(world, "accepted") >= 90, 20_000);
      for (const provider of providers) vcr.setFault(provider, { down: true });
      await sleep(OUTAGE_MS);
      for (const provider of providers) vcr.setFault(provider, null);
    },
    // One that is paced for more than the queue's second dies once more, and is settled all the same.
    also: (world) => unless(sum(world, "dead") > 20, "hardly a job died"),
    allowed: [COUNTED],
  },
];
