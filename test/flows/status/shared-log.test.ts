import { describe, expect, it } from "@jest/globals";
import { TURNS } from "../../../src/core/state-keys.ts";
import { createSharedLog } from "../../../src/flows/status/shared-log.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import { createClock, createMemoryState } from "../../support/ports.ts";
import { createSimulation } from "./simulation.ts";

function createWorld() {
  const now = createClock();
  const state = createMemoryState(now);
  const open = () => {
    const seen: string[] = [];
    return { seen, ...createSharedLog(state, (entry) => seen.push(entry), now) };
  };
  return { now, state, open };
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => String(from + n));

describe("a shared log", () => {
  it("shows an entry to whoever appended it, after everything before it", async () => {
    const { open } = createWorld();
    const [one, other] = [open(), open()];
    await one.append("a");
    await other.append("b");
    await one.append("c");
    await other.catchUp();
    expect([one.seen, other.seen]).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
  });

  it("goes on across its parts in one order for all, one of whom comes late", async () => {
    const { open } = createWorld();
    const [one, other] = [open(), open()];
    for (const n of numbers(2_500)) await (Number(n) % 3 ? one : other).append(n);
    const late = open();
    await late.append("2500");
    for (const each of [one, other]) await each.catchUp();
    const all = numbers(2_501);
    expect([one.seen, other.seen]).toEqual([all, all]);
    // What may still matter: the current part, and the one before it.
    expect(late.seen).toEqual(all.slice(1_000));
  });

  it("is found again by a process that rested while the others went on and its part expired", async () => {
    const { now, open } = createWorld();
    const [resting, busy] = [open(), open()];
    await resting.append("0");
    for (const n of numbers(3_200, 1)) await busy.append(n);
    now.advance(140_000);
    await busy.append("3201");
    now.advance(100_000);
    await resting.append("x");
    await busy.append("y");
    await resting.catchUp();
    expect(resting.seen.slice(-2)).toEqual(["x", "y"]);
    expect(busy.seen.slice(-2)).toEqual(["x", "y"]);
  });

  it("begins anew for all when every part has expired", async () => {
    const { now, state, open } = createWorld();
    const [one, other] = [open(), open()];
    for (const n of numbers(1_200)) await one.append(n);
    await other.append("1200");
    now.advance(600_000);
    const third = open();
    await other.append("a");
    await third.append("b");
    await one.append("c");
    for (const each of [other, third]) await each.catchUp();
    for (const { seen } of [one, other, third]) expect(seen.slice(-3)).toEqual(["a", "b", "c"]);
    expect(state.hash(TURNS)).toEqual({ segment: "1" });
  });

  it("is the same for all who come late, after a rest in which its parts have expired", async () => {
    const { now, open } = createWorld();
    const old = open();
    for (const n of numbers(1_200)) await old.append(n);
    now.advance(600_000);
    const late = [open(), open(), open()];
    for (const each of [...late, old, ...late]) await each.append("x");
    for (const each of [...late, old]) await each.catchUp();
    for (const { seen } of [...late, old]) expect(seen.slice(-7)).toEqual(Array(7).fill("x"));
  });

  it("is noted with the next entry when that could not be done where a part began", async () => {
    const { now, state, open } = createWorld();
    const old = open();
    for (const n of numbers(1_000)) await old.append(n);
    state.down.add("write");
    await old.append("1000");
    state.down.clear();
    await old.append("1001");
    now.advance(600_000);
    const late = open();
    await late.append("a");
    await old.append("b");
    await late.catchUp();
    expect(late.seen).toEqual(["a", "b"]);
  });

  it("that State has lost begins anew", async () => {
    const { state, open } = createWorld();
    const [one, other] = [open(), open()];
    for (const n of numbers(20)) await one.append(n);
    await other.append("20");
    state.lists.clear();
    await one.append("a");
    await other.append("b");
    await one.catchUp();
    expect([one.seen.slice(-2), other.seen.slice(-2)]).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("is one order for all while calls fail and take their time", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createRandom(seed);
      const { process, run, now } = createSimulation(random, { callMs: 200, lost: 0.05 });
      const seen: string[][] = [[], [], []];
      const logs = seen.map((list) =>
        createSharedLog(process().state, (entry) => void list.push(entry), now),
      );
      for (const n of numbers(400)) {
        void random
          .pick(logs)
          .append(n)
          .catch(() => undefined);
        await run(random.between(0, 300));
      }
      await run(600_000);
      for (const log of logs)
        for (let tries = 0; tries < 5; tries++) void log.catchUp().catch(() => undefined);
      await run(600_000);
      expect({ seed, one: seen[1], other: seen[2] }).toEqual({ seed, one: seen[0], other: seen[0] });
      expect(seen[0]?.length).toBeGreaterThan(300);
    }
  });
});
