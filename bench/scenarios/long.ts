import { setTimeout as sleep } from "node:timers/promises";
import { drained, type Figures, faultsOf, lifeFigures, warmedUp, watch } from "../measure.ts";
import { residentMegabytes } from "../processes.ts";
import { startSubject } from "../subject.ts";
import { onStage, type Scenario } from "./scenario.ts";

const IN_HAND = 256;
const LOOKS = [100_000, 250_000, 500_000, 1_000_000];

/** Resident size as messages go by. */
export const memory: Scenario = {
  name: "memory",
  about: "resident size from 100 thousand to 1 million messages; half an hour or more",
  subjects: ["connector"],
  isLong: true,
  isOnce: true,
  run: (name, settings) =>
    onStage(name, settings, async ({ world, subject }) => {
      const parts: Record<string, Figures> = {};
      await world.keep(IN_HAND, "dispatched");
      for (const lives of LOOKS) {
        let counts = await world.counts();
        while (counts.reports / 3 < lives) {
          await sleep(2_000);
          counts = await world.counts();
        }
        const { now, most } = await residentMegabytes(subject.pid);
        parts[`${lives} messages`] = { "resident MB": now, "most MB": most, ...faultsOf(counts) };
        console.error(`memory: ${lives} messages, ${Math.round(now)} MB`);
      }
      return parts;
    }),
};

const [ONE, TWO] = ["one process", "two processes"];

/** Two that share the queues and State, against one. */
export const replicas: Scenario = {
  name: "replicas",
  about: "two processes that share a queue, against one",
  subjects: ["connector"],
  run: (name, settings) =>
    onStage(name, settings, async ({ world, subject, env }) => {
      const parts: Record<string, Figures> = {};
      const measure = async (pids: readonly number[]) => {
        await world.keep(IN_HAND, "dispatched");
        await sleep(2_000);
        const figures = lifeFigures(await watch(pids, world, settings.seconds));
        await world.stopLoad();
        await drained(world);
        return figures;
      };
      await world.keep(IN_HAND, "dispatched");
      await warmedUp(world);
      parts[ONE] = await measure([subject.pid]);
      const second = await startSubject(name, { env });
      try {
        await world.setApps([subject.url, second.url]);
        await world.keep(IN_HAND, "dispatched");
        await warmedUp(world);
        parts[TWO] = await measure([subject.pid, second.pid]);
      } finally {
        await second.stop();
      }
      const [one, two] = [ONE, TWO].map((part) => parts[part]?.["CPU ms a message"] ?? Number.NaN);
      parts["two against one"] = { "CPU a message": (two as number) / (one as number) };
      return parts;
    }),
  ratios: [
    {
      ...{ words: "CPU a message of two / of one", part: "two against one", figure: "CPU a message" },
      ...{ of: "connector", goal: "at most 1.15" },
    },
  ],
};
