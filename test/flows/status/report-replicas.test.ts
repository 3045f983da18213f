import { describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { createReporter } from "../../../src/flows/status/report.ts";
import { createTurns } from "../../../src/flows/status/turns.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import {
  createFakeChannel,
  createMemoryQueue,
  createRecordingLog,
  deliveryReport,
  unavailable,
} from "../../support/ports.ts";
import { createSimulation } from "./simulation.ts";

const STORIES = Number(process.env["STORIES"] ?? 20);
const MESSAGES = 12;
const LIVES: DeliveryStatus[][] = [
  ["sent", "delivered", "read"],
  ["sent", "delivered"],
  ["sent", "failed"],
  ["failed", "delivered", "read"],
];

interface World {
  /** Chance of a replica to die while it handles a status. */
  death: number;
  /** Chance of a post not to be taken. */
  away: number;
  /** Share of the calls of State that fail. */
  lost?: number;
}

/**
 * The statuses of a message come within moments of each other, some twice, each to whatever replica is next; what
 * is not taken comes again, as Vonage does it.
 */
async function runStory(random: Random, { death, away, lost = 0 }: World) {
  const { now, process, run } = createSimulation(random, { callMs: 60, lost });
  const told: { id: string; status: DeliveryStatus }[] = [];
  let deaths = 0;
  let open = 0;

  const start = () => {
    const own = process();
    const channel = createFakeChannel("mw");
    channel.reports.post = async (reports) => {
      await own.pause(random.between(0, 400));
      if (random.chance(away)) throw unavailable("platform_unavailable");
      for (const { id, status } of reports) told.push({ id, status });
      await own.pause(random.between(0, 100));
    };
    const reporter = createReporter({
      ...{ channels: [channel], queue: createMemoryQueue(), state: own.state },
      ...{ turns: createTurns({ ...own, now }), log: createRecordingLog(), now },
    });
    return { process: own, reporter };
  };
  const replicas = [start(), start(), start()];
  const vonage = process();

  async function deliver(id: string, status: DeliveryStatus, after: number): Promise<void> {
    open++;
    await vonage.pause(after);
    for (let wait = 5_000; ; wait *= 2) {
      const index = random.between(0, replicas.length - 1);
      const { process: own, reporter } = replicas[index] as (typeof replicas)[number];
      const answer = reporter.report(deliveryReport({ id, status })).then(
        () => true,
        () => false,
      );
      if (random.chance(death)) {
        await vonage.pause(random.between(0, 600));
        own.die();
        deaths++;
        replicas[index] = start();
      }
      // A dead replica never answers.
      const late = vonage.pause(15_000).then(() => false);
      if (await Promise.race([answer, late])) break;
      await vonage.pause(wait);
    }
    open--;
  }

  for (let n = 0; n < MESSAGES; n++) {
    let after = random.between(0, 2_000);
    for (const status of random.pick(LIVES)) {
      after += random.between(0, 300);
      void deliver(`m-${n}`, status, after);
      if (random.chance(0.3)) void deliver(`m-${n}`, status, after + random.between(0, 50));
    }
  }
  await run(3_600_000);

  const RANK: Record<DeliveryStatus, number> = { sent: 0, failed: 1, delivered: 2, read: 3 };
  const [backwards, twice] = [[] as string[], [] as string[]];
  for (let n = 0; n < MESSAGES; n++) {
    const statuses = told.filter(({ id }) => id === `m-${n}`).map(({ status }) => status);
    statuses.forEach((status, index) => {
      if (statuses.indexOf(status) < index) twice.push(`m-${n} ${status}`);
      else if (statuses.slice(0, index).some((before) => RANK[before] > RANK[status]))
        backwards.push(`m-${n} ${statuses}`);
    });
  }
  return { open, backwards, twice, deaths, told: told.length };
}

describe("the reports of replicas that share the statuses of a message", () => {
  it.each<[string, World]>([
    ["that are well", { death: 0, away: 0 }],
    ["whose platform is away now and then", { death: 0, away: 0.2 }],
    ["whose State loses a call now and then", { death: 0, away: 0, lost: 0.0005 }],
  ])("%s: never a step back, nothing twice", async (_, world) => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const { open, backwards, twice, told } = await runStory(createRandom(seed), world);
      expect({ seed, open, backwards, twice }).toEqual({ seed, open: 0, backwards: [], twice: [] });
      expect(told).toBeGreaterThan(MESSAGES);
    }
  });

  it("that die: never a step back, and twice only what a dying one may have told", async () => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const world = { death: 0.05, away: 0.1 };
      const { open, backwards, twice, deaths } = await runStory(createRandom(seed), world);
      expect({ seed, open, backwards }).toEqual({ seed, open: 0, backwards: [] });
      expect(twice.length).toBeLessThanOrEqual(deaths * 3);
    }
  });
});
