import { expect, it } from "@jest/globals";
import type { State } from "../../../src/core/ports.ts";
import { figuresDays } from "../../../src/core/state-keys.ts";
import { foldFigures, readDay, sumOf } from "../../../src/flows/insight/fold.ts";
import { createJournal } from "../../../src/flows/insight/journal.ts";
import { createRecorder } from "../../../src/flows/insight/recorder.ts";
import { addSums, countOf, type Sums } from "../../../src/flows/insight/sums.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import {
  createClock,
  createMemoryState,
  createRecordingLog,
  unavailable,
  whatsappMessage,
} from "../../support/ports.ts";

const MINUTE = 60_000;

/**
 * Processes that come and go, sleep for hours and go on, and fold each other's fields, over a State that refuses some
 * calls: in the end every message is counted, and once. None is killed before it has written what it counted.
 */
async function story(seed: number): Promise<{ seed: number; truth: number; counted: number }> {
  const random = createRandom(seed);
  const now = createClock();
  const memory = createMemoryState();
  let share = 0;
  const unless = <T>(call: () => Promise<T>): Promise<T> =>
    random.next() < share ? Promise.reject(unavailable()) : call();
  const state: State = {
    ...memory,
    write: (...given) => unless(() => memory.write(...given)),
    remove: (...given) => unless(() => memory.remove(...given)),
    increment: (...given) => unless(() => memory.increment(...given)),
  };
  let opened = 0;
  const open = () => {
    const self = `p${opened++}`;
    const recorder = createRecorder(now);
    const journal = createJournal({
      ...{
        counted: recorder.counted,
        state,
        self,
        runtime: { ...systemRuntime, now },
        log: createRecordingLog(),
      },
      describe: (isClosed) => JSON.stringify({ id: self, seenAt: now(), isClosed }),
      metrics: async () => "",
    });
    return { recorder, journal };
  };
  const total = async () => {
    const sums: Sums = new Map();
    for (const day of figuresDays(now()))
      for (const fields of (await readDay(memory, day)).values()) addSums(sums, sumOf(fields));
    return [...sums.values()].reduce((sum, row) => sum + countOf(row, "accepted"), 0);
  };

  const processes = [open(), open(), open()];
  let truth = 0;
  for (let step = 0; step < 120; step++) {
    const index = random.between(0, processes.length - 1);
    const process = processes[index];
    switch (random.between(0, 6)) {
      case 0:
      case 1:
        truth++;
        process?.recorder.accepted(
          whatsappMessage({ id: `m-${truth}`, acceptedAt: now() - random.between(0, 90) * MINUTE }),
        );
        break;
      case 2:
      case 3:
        await process?.journal.flush().catch(() => undefined);
        break;
      case 4:
        now.advance(random.pick([5_000, MINUTE, 20 * MINUTE, 90 * MINUTE]));
        share = random.pick([0, 0, 0.3, 1]);
        break;
      case 5:
        await foldFigures(step, { state, now }).catch(() => undefined);
        break;
      case 6:
        share = 0;
        await process?.journal.stop();
        processes[index] = open();
    }
  }
  share = 0;
  for (const { journal } of processes) await journal.flush();
  await foldFigures(1_000, { state, now });
  return { seed, truth, counted: await total() };
}

it("adds up, whoever comes and goes", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { truth, counted } = await story(seed);
    expect({ seed, counted }).toEqual({ seed, counted: truth });
  }
});
