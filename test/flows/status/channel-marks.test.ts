import { expect, it } from "@jest/globals";
import { createChannelMarks } from "../../../src/flows/status/channel-marks.ts";
import { createClock, createMemoryState, createRecordingLog, HOUR } from "../../support/ports.ts";

/** One process that runs for so many pauses; every pause passes at once. */
function createProcess(pauses: number) {
  const now = createClock();
  const state = createMemoryState();
  const waits: number[] = [];
  const marks = createChannelMarks({
    ...{ state, now, log: createRecordingLog() },
    isStopping: () => waits.length >= pauses,
    async pause(ms) {
      waits.push(ms);
      now.advance(ms);
      state.isDown(false);
    },
  });
  return { now, state, waits, ...marks };
}

it("a channel that is on is noted at once and every hour; it was on lately for two days from then", async () => {
  const { keep, wasOnLately, waits, now } = createProcess(5);
  await keep(["mw", "ms"]);
  expect(waits).toEqual([HOUR, HOUR, HOUR, HOUR, HOUR]);
  expect(await Promise.all(["mw", "ms", "ww"].map(wasOnLately))).toEqual([true, true, false]);
  now.advance(46 * HOUR);
  expect(await wasOnLately("mw")).toBe(true);
  now.advance(2 * HOUR);
  expect(await wasOnLately("mw")).toBe(false);
});

it("what State does not take is tried again soon, and what it does not tell nobody knows", async () => {
  const { keep, wasOnLately, waits, state } = createProcess(2);
  state.isDown(true);
  await keep(["mw"]);
  expect(waits).toEqual([30_000, HOUR]);
  expect(await wasOnLately("mw")).toBe(true);
  state.isDown(true);
  await expect(wasOnLately("mw")).rejects.toMatchObject({ retryable: true });
});
