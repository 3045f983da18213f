import { expect, it } from "@jest/globals";
import { createReadiness } from "../../../src/flows/insight/readiness.ts";
import { createNeighbours } from "../../../src/lib/neighbours.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createClock, unavailable } from "../../support/ports.ts";

function createWorld(setTimeout = systemRuntime.setTimeout) {
  const now = createClock();
  const neighbours = createNeighbours(now);
  const asked = { queue: 0, state: 0 };
  const down = new Set<string>();
  const ask = (name: keyof typeof asked) => async () => {
    asked[name]++;
    if (down.has(name)) throw unavailable();
  };
  const readiness = createReadiness({
    ...{ ask: { queue: ask("queue"), state: ask("state") }, neighbours, watched: ["vonage", "acme"] },
    runtime: { ...systemRuntime, setTimeout, now },
  });
  return { ...readiness, now, neighbours, asked, down };
}

it("is ready while all are there, and asks them once in two seconds however often it is asked", async () => {
  const { ready, asked, now } = createWorld();
  const answers = await Promise.all(Array.from({ length: 50 }, ready));
  expect(answers[0]).toEqual({ isReady: true, away: [], isDraining: false });
  now.advance(1_999);
  await ready();
  expect(asked).toEqual({ queue: 1, state: 1 });
  now.advance(1);
  await ready();
  expect(asked).toEqual({ queue: 2, state: 2 });
});

it("names what is away: what it asked, and those to whom requests went in vain", async () => {
  const { ready, down, neighbours } = createWorld();
  down.add("state");
  for (let times = 0; times < 3; times++) neighbours.failed("acme", "it does not answer");
  expect(await ready()).toEqual({ isReady: false, away: ["state", "acme"], isDraining: false });
});

it("does not wait for one that hangs", async () => {
  const waits: number[] = [];
  const { ready } = createWorld((work, ms) => {
    waits.push(ms);
    work();
    return { unref: () => undefined };
  });
  expect((await ready()).away).toEqual(["queue", "state"]);
  expect(waits).toEqual([1_000, 1_000]);
});

it("is not ready any more once the process stops", async () => {
  const { ready, drain } = createWorld();
  drain();
  expect(await ready()).toEqual({ isReady: false, away: [], isDraining: true });
});
