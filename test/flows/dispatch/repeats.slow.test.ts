import { describe, expect, it } from "@jest/globals";
import { createMemoryState, HOUR, T0, unavailable, whatsappMessage } from "../../support/ports.ts";
import { createWorld, sendJob } from "./world.ts";

const MINUTE = 60_000;
const NOON = T0 + 30 * MINUTE;
const EDGES = [NOON, NOON + 12 * HOUR];

/** Every two copies that are up to 119 minutes apart, around each edge of the half days. */
const PAIRS = EDGES.flatMap((edge) =>
  [-119, -60, -1, 0, 60, 119, 120].flatMap((fromEdge) =>
    [0, 1, 61, 119].map((apart): [earlier: number, later: number] => [
      edge + fromEdge * MINUTE,
      edge + (fromEdge + apart) * MINUTE,
    ]),
  ),
);

/** Two replicas at one State. */
function createReplicas() {
  const state = createMemoryState();
  const replicas = [createWorld(undefined, state), createWorld(undefined, state)] as const;
  return { state, replicas, sent: () => replicas.flatMap(({ sender }) => sender.sent) };
}

const copy = (acceptedAt: number) =>
  sendJob(1, whatsappMessage({ acceptedAt, expiresAt: acceptedAt + 48 * HOUR }));

/** Whatever is on the queues, until nothing is left. */
async function runAll([first, second]: ReturnType<typeof createReplicas>["replicas"]): Promise<void> {
  const take = () => first.queue.jobs.shift() ?? second.queue.jobs.shift();
  for (let job = take(); job; job = take()) await first.run(job);
}

describe("a request that the platform repeats up to 119 minutes later, around every edge of the claims", () => {
  it.each([
    ["one after the other", false],
    ["the later one first", true],
  ])("is sent once: %s", async (_, isReversed) => {
    for (const pair of PAIRS) {
      const { replicas, sent } = createReplicas();
      const [first, second] = isReversed ? pair.toReversed() : pair;
      await replicas[0].run(copy(first!));
      await replicas[1].run(copy(second!));
      await replicas[0].run(copy(second!));
      expect({ pair, sent: sent() }).toEqual({ pair, sent: ["m-1"] });
    }
  });

  it("is sent once: both at the same time at two replicas", async () => {
    for (const pair of PAIRS) {
      const { replicas, sent } = createReplicas();
      await Promise.all(pair.map((at, index) => replicas[index]!.run(copy(at))));
      expect({ pair, sent: sent() }).toEqual({ pair, sent: ["m-1"] });
    }
  });

  it.each([1, 2, 3])("is sent once where State counts claim %i and its answer gets lost", async (lost) => {
    for (const pair of PAIRS) {
      const { state, replicas, sent } = createReplicas();
      const { increment } = state;
      let asked = 0;
      state.increment = async (...args) => {
        const sum = await increment(...args);
        asked++;
        if (asked === lost) throw unavailable();
        return sum;
      };
      await replicas[0].run(copy(pair[0]));
      await replicas[1].run(copy(pair[1]));
      await runAll(replicas);
      expect({ pair, sent: sent() }).toEqual({ pair, sent: ["m-1"] });
    }
  });

  it.each([1, 2])("is never sent twice when the process dies at its claim number %i", async (last) => {
    for (const pair of [...PAIRS, ...PAIRS.map(([one, other]): [number, number] => [other, one])]) {
      const { state, replicas, sent } = createReplicas();
      const { increment } = state;
      let asked = 0;
      state.increment = async (...args) => {
        const sum = await increment(...args);
        asked++;
        return asked === last ? new Promise<never>(() => undefined) : sum;
      };
      void replicas[0].run(copy(pair[0]));
      await new Promise((resolve) => setImmediate(resolve));
      state.increment = increment;
      // What the dead process had is delivered again, and so is everything else.
      for (const at of [pair[1], pair[0], pair[1]]) await replicas[1].run(copy(at));
      await runAll(replicas);
      expect({ pair, isTwice: sent().length > 1 }).toEqual({ pair, isTwice: false });
    }
  });

  it("is another message three hours later, where the half day is another", async () => {
    const { replicas, sent } = createReplicas();
    await replicas[0].run(copy(NOON - MINUTE));
    await replicas[0].run(copy(NOON + 3 * HOUR));
    expect(sent()).toEqual(["m-1", "m-1"]);
  });
});
