import { setTimeout as sleep } from "node:timers/promises";
import { intakeFigures, watch } from "../measure.ts";
import { onStage, type Scenario } from "./scenario.ts";

const RATE = 1_000;
const CONNECTIONS = 64;
const [FIXED, SATURATED] = [`${RATE}/s`, "saturated"];
const PER_CPU = "requests per CPU second";
const WARM_UP_MS = 2_000;
const SETTLE_MS = 1_000;

/** A send until it is answered: credentials, checks, and the queue's acknowledgement. Nothing comes back from the queue. */
export const intake: Scenario = {
  name: "intake",
  about: "a send until it is answered",
  subjects: ["echo", "connector"],
  run: (name, settings) =>
    onStage(
      name,
      settings,
      async ({ world, subject }) => {
        await world.keep(CONNECTIONS, "answered");
        await sleep(WARM_UP_MS);
        const saturated = await watch([subject.pid], world, settings.seconds);
        await world.stopLoad();
        await sleep(SETTLE_MS);
        await world.fixed(RATE);
        await sleep(SETTLE_MS);
        const fixed = await watch([subject.pid], world, settings.seconds);
        return { [FIXED]: intakeFigures(fixed), [SATURATED]: intakeFigures(saturated) };
      },
      { connections: CONNECTIONS, callbacks: false },
    ),
  ratios: [
    {
      ...{ words: `connector / echo, CPU at ${RATE}/s`, part: FIXED, figure: "CPU ms a request" },
      ...{ of: "connector", by: "echo", goal: "at most 2.9" },
    },
    {
      ...{ words: "connector / echo, requests per CPU second", part: SATURATED, figure: PER_CPU },
      ...{ of: "connector", by: "echo", goal: "at least 0.25" },
    },
    {
      ...{ words: `connector / echo, p99 at ${RATE}/s`, part: FIXED, figure: "p99 ms" },
      ...{ of: "connector", by: "echo", goal: "at most 2, and the queue's own answer" },
    },
  ],
};
