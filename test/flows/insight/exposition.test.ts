import { expect, it } from "@jest/globals";
import { REPLICAS } from "../../../src/core/state-keys.ts";
import { exposition } from "../../../src/flows/insight/exposition.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createClock, createMemoryState, T0 } from "../../support/ports.ts";

const MINUTE = 60_000;
const up = (value: number) => `# HELP up Up\n# TYPE up gauge\nup ${value}\n`;

function createWorld() {
  const [state, now] = [createMemoryState(), createClock()];
  const leave = async (id: string, seenAt: number, value: number) => {
    await state.write(REPLICAS, id, JSON.stringify({ id, seenAt }));
    await state.write(REPLICAS, `metrics/${id}`, up(value));
  };
  let refreshed = 0;
  const scrape = () =>
    exposition({
      ...{ self: "a", own: async () => up(1), refresh: async () => void refreshed++, state },
      runtime: { ...systemRuntime, now },
    });
  return { state, now, leave, scrape, refreshed: () => refreshed };
}
const samples = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

it("any replica serves the figures of all that were heard of within five minutes, its own as they are", async () => {
  const { leave, scrape, refreshed } = createWorld();
  await leave("a", T0, 99);
  await leave("b", T0 - 4 * MINUTE, 2);
  await leave("c", T0 - 5 * MINUTE, 3);
  expect(samples(await scrape())).toEqual(['up{replica="a"} 1', 'up{replica="b"} 2']);
  expect(refreshed()).toBe(1);
});

it("while State is away, a replica serves its own", async () => {
  const { state, leave, scrape } = createWorld();
  await leave("b", T0, 2);
  state.isDown(true);
  expect(samples(await scrape())).toEqual(['up{replica="a"} 1']);
});
