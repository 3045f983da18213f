import { setTimeout as sleep } from "node:timers/promises";
import { drained, lifeFigures, residentFigures, warmedUp, watch } from "../measure.ts";
import { onStage, type Scenario } from "./scenario.ts";

const IN_HAND = 256;
/** The last status comes 1.2 s after its send. */
const STEADY_MS = 2_000;

/** Accepted, queued, sent, told three times: as many as there is room for. */
export const life: Scenario = {
  name: "life",
  about: `the whole life of a message, ${IN_HAND} in hand`,
  subjects: ["plain", "connector"],
  run: (name, settings) =>
    onStage(name, settings, async ({ world, subject }) => {
      await world.keep(IN_HAND, "dispatched");
      await warmedUp(world);
      const window = await watch([subject.pid], world, settings.seconds);
      const resident = await residentFigures(subject.pid);
      return { [FULL]: { ...lifeFigures(window), ...resident } };
    }),
  ratios: [
    {
      ...{ words: "plain / connector, CPU a message", part: "full load", figure: "CPU ms a message" },
      ...{ of: "plain", by: "connector", goal: "at least 10, ambition 14" },
    },
    {
      ...{ words: "resident size", part: "full load", figure: "resident MB" },
      ...{ of: "connector", goal: "at most 180" },
    },
    {
      ...{ words: "State calls a message", part: "full load", figure: "State calls a message" },
      ...{ of: "connector", goal: "at most 1.3" },
    },
  ],
};

const FULL = "full load";

/** The same at so many messages a second; the plain build cannot do the most of them. */
export const fixed: Scenario = {
  name: "fixed",
  about: "the whole life of a message, at a fixed rate",
  subjects: ["plain", "connector"],
  async run(name, settings) {
    return onStage(name, settings, async ({ world, subject }) => {
      // What has run for a while is measured, as an instance has.
      await world.keep(IN_HAND, "dispatched");
      await warmedUp(world);
      await world.stopLoad();
      const rates = name === "plain" ? [100, 30] : [300, 100, 30];
      const parts: Awaited<ReturnType<Scenario["run"]>> = {};
      for (const rate of rates) {
        await drained(world);
        await world.fixed(rate);
        await sleep(STEADY_MS);
        parts[`${rate}/s`] = lifeFigures(await watch([subject.pid], world, settings.seconds));
        await world.stopLoad();
      }
      return parts;
    });
  },
  ratios: [
    {
      ...{ words: "plain / connector at 100/s", part: "100/s", figure: "CPU ms a message" },
      ...{ of: "plain", by: "connector", goal: "at least 4.5" },
    },
    {
      ...{ words: "plain / connector at 30/s", part: "30/s", figure: "CPU ms a message" },
      ...{ of: "plain", by: "connector", goal: "" },
    },
    {
      ...{ words: "State calls a message at 30/s", part: "30/s", figure: "State calls a message" },
      ...{ of: "connector", goal: "at most 3" },
    },
  ],
};
