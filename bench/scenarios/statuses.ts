import { setTimeout as sleep } from "node:timers/promises";
import { drained, statusFigures, watch } from "../measure.ts";
import { onStage, type Scenario } from "./scenario.ts";

const IN_HAND = 256;
const WARM_UP = 50;
/** At rest: whatever the one before left to be written is written. */
const LONE = 15;
const LONE_PAUSE_MS = 500;
const [ALONE, UNDER_LOAD] = ["alone", "under load"];
/** Enough for a second or two of statuses. */
const MESSAGES = { plain: 300, connector: 2_000, echo: 0 };

/** Statuses alone: one by one at rest, then as many as there is room for. */
export const statuses: Scenario = {
  name: "statuses",
  about: "a status, from its webhook to the platform's answer",
  subjects: ["plain", "connector"],
  run: (name, settings) =>
    onStage(name, settings, async ({ world, subject }) => {
      await world.holdStatuses();
      await world.keep(IN_HAND, "dispatched");
      while ((await world.held()) < MESSAGES[name]) await sleep(100);
      await world.stopLoad();
      await drained(world);
      // The first of them compile what they need.
      await world.tellOneByOne(0, WARM_UP, 0);
      const alone = await watch([subject.pid], world, () => world.tellOneByOne(WARM_UP, LONE, LONE_PAUSE_MS));
      const load = await watch([subject.pid], world, () => world.tellAll(WARM_UP + LONE, IN_HAND));
      return { [ALONE]: statusFigures(alone), [UNDER_LOAD]: statusFigures(load) };
    }),
  ratios: [
    {
      ...{ words: "a lone status, ms", part: ALONE, figure: "p50 ms", of: "connector" },
      goal: "the platform's answer, three of State and 5 ms",
    },
    {
      ...{ words: "plain / connector, CPU a status", part: UNDER_LOAD, figure: "CPU ms a status" },
      ...{ of: "plain", by: "connector", goal: "" },
    },
    {
      ...{ words: "report calls a status", part: UNDER_LOAD, figure: "report calls a status" },
      ...{ of: "connector", goal: "at most 0.1" },
    },
  ],
};
