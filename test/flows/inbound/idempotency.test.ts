import { describe, expect, it } from "@jest/globals";
import { inboundBucket } from "../../../src/core/state-keys.ts";
import { createSingleFlight, readProgress } from "../../../src/flows/inbound/idempotency.ts";
import { createClock, createMemoryState, HOUR, T0, unavailable } from "../../support/ports.ts";

describe("the record of an inbound message", () => {
  const createWorld = () => {
    const [state, now] = [createMemoryState(), createClock()];
    const ran: string[] = [];
    const once = async (step: string, id = "in-1") =>
      (await readProgress({ state, now }, id)).once(step, async () => void ran.push(`${id} ${step}`));
    return { state, now, ran, once };
  };

  it("is one field, which says every step that was done", async () => {
    const { state, ran, once } = createWorld();
    for (const step of ["confirmed", "mw told", "confirmed", "done"]) await once(step);
    await once("done", "in-2");
    expect([ran, state.hash(inboundBucket(T0))]).toEqual([
      ["in-1 confirmed", "in-1 mw told", "in-1 done", "in-2 done"],
      { "in-1": "confirmed,mw told,done", "in-2": "done" },
    ]);
  });

  it("holds for a day at the least, and is carried over midnight by the next step", async () => {
    const { state, now, ran, once } = createWorld();
    await once("confirmed");
    now.advance(24 * HOUR);
    await once("confirmed");
    await once("mw told");
    now.advance(24 * HOUR);
    await once("confirmed");
    expect([ran, state.hash(inboundBucket(T0 + 24 * HOUR))]).toEqual([
      ["in-1 confirmed", "in-1 mw told"],
      { "in-1": "confirmed,mw told" },
    ]);
  });

  it("does not have a step that failed", async () => {
    const { state, now, ran, once } = createWorld();
    const progress = await readProgress({ state, now }, "in-1");
    await expect(progress.once("mw told", () => Promise.reject(unavailable()))).rejects.toThrow();
    expect(progress.isDone("mw told")).toBe(false);
    await once("mw told");
    expect(ran).toEqual(["in-1 mw told"]);
  });
});

it("runs of one id that overlap are one, and a later one runs again", async () => {
  const singleFlight = createSingleFlight<number>();
  let runs = 0;
  const run = async () => ++runs;
  const together = await Promise.all([
    singleFlight("a", run),
    singleFlight("a", run),
    singleFlight("b", run),
  ]);
  const failed = await Promise.allSettled(
    ["a", "a"].map((id) => singleFlight(id, () => Promise.reject(unavailable()))),
  );
  expect([together, failed.map(({ status }) => status), await singleFlight("a", run)]).toEqual([
    [1, 1, 2],
    ["rejected", "rejected"],
    3,
  ]);
});
