import { describe, expect, it } from "@jest/globals";
import { createRandom } from "../../../src/sandbox/random.ts";
import { type Chances, runModel } from "./model.ts";

const STORIES = Number(process.env["STORIES"] ?? 20);

const CALM = { crash: 0, redeliver: 0, repeat: 0, stateDown: 0, queueDown: 0, platformAway: 0 };
const WORLDS: [string, Omit<Chances, "policy">][] = [
  ["sends that fail in every way", CALM],
  ["processes that die at any step", { ...CALM, crash: 0.03 }],
  ["jobs delivered twice and requests repeated", { ...CALM, redeliver: 0.4, repeat: 0.05 }],
  ["State going down", { ...CALM, stateDown: 0.1 }],
  ["a queue that forgets to say it took a job", { ...CALM, queueDown: 0.1 }],
  ["a platform that is away", { ...CALM, platformAway: 0.5 }],
  [
    "all of it at once",
    { crash: 0.01, redeliver: 0.2, repeat: 0.03, stateDown: 0.05, queueDown: 0.05, platformAway: 0.2 },
  ],
];

describe.each(["fail", "resend"] as const)("with policy %s and", (policy) => {
  it.each(WORLDS)("%s: nobody gets a message twice, and no message is forgotten", async (_, chances) => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const { messages, accepted, failed, waiting } = await runModel(createRandom(seed), {
        ...chances,
        policy,
      });
      const twice = accepted.filter((id, index) => accepted.indexOf(id) !== index);
      const known = new Set([...accepted, ...failed.map(({ id }) => id)]);
      const forgotten = messages.filter((id) => !known.has(id));
      expect({ seed, twice, forgotten, waiting }).toEqual({ seed, twice: [], forgotten: [], waiting: [] });
    }
  });
});
