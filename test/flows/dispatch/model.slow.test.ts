import { describe, expect, it } from "@jest/globals";
import type { Claims } from "../../../src/flows/dispatch/claims.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import { type Chances, runModel } from "./model.ts";

/** A fault of the claims shows in a third of all stories; STORIES=1000 looks for rarer ones. */
const STORIES = Number(process.env["STORIES"] ?? 10);

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

function judge({ messages, accepted, failed, waiting }: Awaited<ReturnType<typeof runModel>>) {
  const known = new Set([...accepted, ...failed.map(({ id }) => id)]);
  return {
    twice: accepted.filter((id, index) => accepted.indexOf(id) !== index),
    forgotten: messages.filter((id) => !known.has(id)),
    waiting,
    // What was kept beside the queue is there until its message is settled.
    lost: failed.filter(({ error }) => error?.code === "content_lost").map(({ id }) => id),
  };
}

describe.each(["fail", "resend"] as const)("with policy %s and", (policy) => {
  it.each(WORLDS)("%s: nobody gets a message twice, and no message is forgotten", async (_, chances) => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const found = judge(await runModel(createRandom(seed), { ...chances, policy }));
      expect({ seed, ...found }).toEqual({ seed, twice: [], forgotten: [], waiting: [], lost: [] });
    }
  });
});

it("the model notices claims that everybody wins", async () => {
  const [, chances] = WORLDS.at(-1)!;
  const everybodyWins = (claims: Claims): Claims => ({ ...claims, claim: async () => ({ outcome: "won" }) });
  const twice: string[] = [];
  for (let seed = 1; seed <= STORIES; seed++)
    twice.push(
      ...judge(await runModel(createRandom(seed), { ...chances, policy: "fail" }, everybodyWins)).twice,
    );
  expect(twice).not.toEqual([]);
});

it("the model notices claims that look at one half day only", async () => {
  const [, chances] = WORLDS[2]!;
  const halfDay = 12 * 3_600_000;
  const inItsMiddle = (at: number) => (Math.floor(at / halfDay) + 0.5) * halfDay;
  const oneOnly = (claims: Claims): Claims => ({
    ...claims,
    claim: ({ message, ...attempt }) =>
      claims.claim({ ...attempt, message: { ...message, acceptedAt: inItsMiddle(message.acceptedAt) } }),
  });
  const twice: string[] = [];
  for (let seed = 1; seed <= 10; seed++)
    twice.push(...judge(await runModel(createRandom(seed), { ...chances, policy: "fail" }, oneOnly)).twice);
  expect(twice).not.toEqual([]);
});
