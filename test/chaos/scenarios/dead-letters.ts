import { spawn } from "node:child_process";
import type { Random } from "../../../src/sandbox/random.ts";
import { until } from "../../support/ports.ts";
import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { TOLD_AGAIN } from "./deaths.ts";
import { unless } from "./looks.ts";

/** What the command said at first and last, by world. */
const said = new WeakMap<ChaosWorld, string>();

/** Puts everything back with the command, which is killed some times on the way. */
async function replay(world: ChaosWorld, random: Random): Promise<string> {
  const run = (args: string[], killAfterMs?: number) =>
    new Promise<string>((resolve, reject) => {
      const env = { PATH: process.env["PATH"] ?? "", ...world.env(world.port) };
      const child = spawn(process.execPath, ["dist/dead-letters.js", ...args], { env });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => {
          output += chunk;
        });
      child.once("error", reject);
      child.once("close", () => resolve(output));
      if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    });
  const dryRun = await run(["replay", "--all", "--dry-run"]);
  for (let times = 0; times < 4; times++) await run(["replay", "--all"], random.between(350, 900));
  await run(["replay", "--all"]);
  return `${dryRun.trim().split("\n").at(-1)}, then ${(await run(["list"])).trim().split("\n").at(-1)}`;
}

export const deadLetters: LoneScenario[] = [
  {
    name: "dead letters put back, the command killed four times",
    whatsapp: 200,
    sms: 100,
    rate: 100,
    // Slower than the campaign, so that jobs are waiting when nobody is there to take them.
    world: { unreachableMs: 300, env: { DISPATCH_RATE_PER_SECOND: "40" } },
    async trouble(world, random) {
      const sum = (what: "accepted" | "dead") =>
        Object.values(world.vcr.records().queues).reduce((total, queue) => total + queue[what], 0);
      await until(() => sum("accepted") > 100, 20_000);
      await world.kill(0);
      await until(() => sum("dead") > 20, 20_000);
      await world.revive(0);
      said.set(world, await replay(world, random));
    },
    also(world) {
      const { vcr } = world;
      const words = said.get(world) ?? "nothing was said";
      return [
        ...unless(/^[1-9]\d* would be put back, then 0 waiting$/.test(words), words),
        ...unless(
          Object.keys(vcr.records().queues).flatMap(vcr.deadLetters).length === 0,
          "dead letters that were put back are still there",
        ),
      ];
    },
    // The queue goes on counting those that were put back.
    allowed: [TOLD_AGAIN, "dead letters in"],
  },
];
