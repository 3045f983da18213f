import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../src/sandbox/random.ts";
import { until } from "../../support/ports.ts";
import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { TOLD_AGAIN } from "./deaths.ts";
import { unless } from "./looks.ts";

/** What the command said at first and last, by world. */
const said = new WeakMap<ChaosWorld, string>();

/** Resolves to the command's last line. */
const command = (world: ChaosWorld, args: string[], killAfterMs?: number) =>
  new Promise<string>((resolve, reject) => {
    const env = { PATH: process.env["PATH"] ?? "", ...world.env(world.port) };
    const child = spawn(process.execPath, ["dist/dead-letters.js", ...args], { env });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
      });
    child.once("error", reject);
    child.once("close", () => resolve(output.trim().split("\n").at(-1) ?? ""));
    if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });

/** Puts everything back with the command, which is killed some times on the way, while the connector does the same. */
async function replay(world: ChaosWorld, random: Random): Promise<void> {
  for (let times = 0; times < 4; times++) await command(world, ["replay", "--all"], random.between(350, 900));
  await command(world, ["replay", "--all"]);
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
    name: "dead letters put back by the connector and by a command that is killed four times",
    whatsapp: 200,
    sms: 100,
    rate: 100,
    // Slower than the campaign, so that jobs are waiting when nobody is there to take them.
    world: { unreachableMs: 300, env: { DISPATCH_RATE_PER_SECOND: "40" } },
    async trouble(world, random) {
      await until(() => sum(world, "accepted") > 100, 20_000);
      await world.kill(0);
      await until(() => sum(world, "dead") > 20, 20_000);
      said.set(world, await command(world, ["replay", "--all", "--dry-run"]));
      await Promise.all([world.revive(0), replay(world, random)]);
    },
    async also(world) {
      const words = `${said.get(world)}, then ${await command(world, ["list"])}`;
      return [
        ...unless(/^[1-9]\d* would be put back, then 0 waiting$/.test(words), words),
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
