import { describe, expect, it } from "@jest/globals";
import { createTurns, type Turns } from "../../../src/flows/status/turns.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { createMemoryState, createQuickTurns, T0, until } from "../../support/ports.ts";
import { createSimulation, type SimulatedProcess } from "./simulation.ts";

const STORIES = Number(process.env["STORIES"] ?? 20);

interface World {
  callMs: number;
  /** Chance of a turn to be a process's last. */
  death: number;
  /** Longest that a turn lasts. */
  turnMs: number;
  /** Share of the calls of State that fail, before or after they took effect. */
  lost?: number;
}

interface Replica {
  process: SimulatedProcess;
  turns: Turns;
  /** What it is in the middle of. */
  busy: { count: number };
}

const NAMES = ["m-1", "m-2", "m-3"];

/** Three replicas take turns of three names in their own time; some die in the middle of one and are replaced. */
async function runStory(random: Random, { callMs, death, turnMs, lost = 0 }: World) {
  const { now, process, run } = createSimulation(random, { callMs, lost });
  const holders = new Map<string, SimulatedProcess[]>();
  const [overlaps, refused] = [[] as string[], [] as string[]];
  let done = 0;
  let longest = 0;

  const start = (): Replica => {
    const own = process();
    return { process: own, turns: createTurns({ ...own, now }), busy: { count: 0 } };
  };

  async function takeOne({ process: own, turns, busy }: Replica): Promise<void> {
    const name = random.pick(NAMES);
    busy.count++;
    const asked = now();
    try {
      const end = await turns.take(name);
      longest = Math.max(longest, now() - asked);
      const present = (holders.get(name) ?? []).filter((ackDelay) => ackDelay.isAlive());
      if (present.some((ackDelay) => ackDelay !== own)) overlaps.push(`${name} at ${now() - T0}`);
      holders.set(name, [...present, own]);
      await own.pause(random.between(0, turnMs));
      if (random.chance(death)) own.die();
      await own.pause(0);
      holders.get(name)?.splice(holders.get(name)?.indexOf(own) ?? 0, 1);
      end();
      done++;
    } catch (error) {
      refused.push((error as { code: string }).code);
    }
    busy.count--;
  }

  const replicas = [start(), start(), start()];
  for (let round = 0; round < 60; round++) {
    replicas.forEach((replica, index) => {
      if (!replica.process.isAlive()) replicas[index] = start();
    });
    void takeOne(random.pick(replicas));
    await run(random.between(0, 1_500));
  }
  await run(60_000);
  const stuck = replicas.filter((replica) => replica.process.isAlive() && replica.busy.count > 0).length;
  return { overlaps, refused: new Set(refused), stuck, done, longest };
}

describe("turns", () => {
  it.each<[string, World, string[]]>([
    ["quick turns", { callMs: 20, death: 0, turnMs: 50 }, []],
    ["a slow State", { callMs: 700, death: 0, turnMs: 50 }, ["turn_taken", "state_too_slow"]],
    ["turns longer than a silence", { callMs: 20, death: 0, turnMs: 9_000 }, ["turn_taken"]],
    ["processes that die in the middle", { callMs: 20, death: 0.1, turnMs: 200 }, ["turn_taken"]],
    [
      "calls that fail",
      { callMs: 20, death: 0, turnMs: 9_000, lost: 0.02 },
      ["turn_taken", "state_too_slow", "provider_refused"],
    ],
    [
      "all of it",
      { callMs: 200, death: 0.1, turnMs: 3_000, lost: 0.01 },
      ["turn_taken", "state_too_slow", "provider_refused"],
    ],
  ])("%s: never two processes at a time, and nobody waits for ever", async (_, world, mayFail) => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const { overlaps, refused, stuck, done } = await runStory(createRandom(seed), world);
      expect({ seed, overlaps, stuck }).toEqual({ seed, overlaps: [], stuck: 0 });
      expect(mayFail).toEqual(expect.arrayContaining([...refused]));
      expect(done).toBeGreaterThan(10);
    }
  });

  it("that are refused are told apart from a State that is down", async () => {
    const state = createMemoryState();
    let at = T0;
    const now = () => at;
    const [one, other] = [createQuickTurns(state, now), createQuickTurns(state, now)];
    const end = await one.take("m-1");
    const busy = other.take("m-1");
    // Beats of the one that has it come in between.
    for (let n = 0; n < 9; n++) {
      at += 1_000;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await expect(busy).rejects.toMatchObject({ code: "turn_taken", retryable: true });
    end();
    (await other.take("m-1"))();
    state.isDown(true);
    await expect(other.take("m-2")).rejects.toMatchObject({ code: "provider_refused", retryable: true });
  });

  it("of the same moment share one call, and so do those that end", async () => {
    const state = createMemoryState();
    let calls = 0;
    const counting = {
      ...state,
      append: (...args: Parameters<typeof state.append>) => {
        calls++;
        return state.append(...args);
      },
    };
    const turns = createQuickTurns(counting, () => T0);
    const ends = await Promise.all(Array.from({ length: 300 }, (_, n) => turns.take(`m-${n}`)));
    for (const end of ends) end();
    await until(() => calls === 2);
    (await createQuickTurns(state, () => T0).take("m-7"))();
  });
});
