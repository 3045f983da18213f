import { describe, expect, it } from "@jest/globals";
import type { State } from "../../../src/core/ports.ts";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { failuresBucket, figuresBucket, REPLICAS, sentBucket } from "../../../src/core/state-keys.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { foldFigures, readDay, sumOf } from "../../../src/flows/insight/fold.ts";
import { createJournal } from "../../../src/flows/insight/journal.ts";
import { createRecorder } from "../../../src/flows/insight/recorder.ts";
import { countOf } from "../../../src/flows/insight/sums.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import {
  createClock,
  createMemoryState,
  createRecordingLog,
  HOUR,
  smsMessage,
  T0,
  whatsappMessage,
} from "../../support/ports.ts";

const DAY = Math.floor(T0 / (24 * HOUR));
const HOUR_OF_T0 = Math.floor(T0 / HOUR);
const MINUTE = 60_000;

function createWorld() {
  const now = createClock();
  const [state, log] = [createMemoryState(), createRecordingLog()];
  const calls: string[] = [];
  const counting: State = {
    ...state,
    write: (bucket, field, value) => {
      calls.push(bucket.key);
      return state.write(bucket, field, value);
    },
    read: (bucket, field) => {
      calls.push(`read ${bucket.key}`);
      return state.read(bucket, field);
    },
  };
  /** One process. */
  const open = (self: string) => {
    const recorder = createRecorder(now);
    const describe = (isClosed: boolean) => JSON.stringify({ id: self, seenAt: now(), isClosed });
    const runtime = { ...systemRuntime, now };
    const metrics = async () => "up 1\n";
    const journal = createJournal({
      ...{ counted: recorder.counted, state: counting, describe, metrics, self, runtime, log },
    });
    const heard = (status: DeliveryStatus, known: DeliveryStatus[] = [], id = "m-1", origin = "mw") =>
      recorder.status({ origin, id, status, known, sender: "14155550100", code: undefined, at: now() });
    return { self, recorder, journal, heard };
  };
  /** What all processes together have counted of one hour. */
  const total = async (hour = HOUR_OF_T0) => {
    const fields = (await readDay(state, Math.floor(hour / 24))).get(hour) ?? new Map();
    return [...sumOf(fields)].map(([key, row]) => ({
      row: key.split("\t").join(" ").trimEnd(),
      accepted: countOf(row, "accepted"),
      sent: countOf(row, "sent"),
      delivered: countOf(row, "delivered"),
    }));
  };
  const distinct = () => [...new Set(calls.splice(0))].sort();
  return { now, state, log, calls, open, total, distinct };
}

const ROW = "mw 14155550100 en welcome";

describe("a flush", () => {
  it("writes what changed, each process its own field, and nothing when nothing changed", async () => {
    const { open, total, distinct, now } = createWorld();
    const [a, b] = [open("a"), open("b")];
    a.recorder.accepted(whatsappMessage());
    b.recorder.sent(whatsappMessage(), 1, "out-1");
    await Promise.all([a.journal.flush(), b.journal.flush()]);
    expect(distinct()).toEqual([`figures:${DAY}`, "replicas"]);
    now.advance(5_000);
    await a.journal.flush();
    expect(distinct()).toEqual([]);
    a.recorder.accepted(whatsappMessage({ id: "m-2" }));
    await a.journal.flush();
    expect(distinct()).toEqual([`figures:${DAY}`]);
    expect(await total()).toEqual([{ row: ROW, accepted: 2, sent: 1, delivered: 0 }]);
  });

  it("goes on where State was away, and counts nothing twice", async () => {
    const { open, total, state } = createWorld();
    const { recorder, journal } = open("a");
    recorder.accepted(whatsappMessage());
    state.isDown(true);
    await expect(journal.flush()).rejects.toMatchObject({ retryable: true });
    recorder.accepted(whatsappMessage({ id: "m-2" }));
    state.isDown(false);
    await journal.flush();
    await journal.flush();
    expect(await total()).toEqual([{ row: ROW, accepted: 2, sent: 0, delivered: 0 }]);
  });

  it("is shared by all who ask before it begins", async () => {
    const { open, calls, state } = createWorld();
    const { recorder, journal } = open("a");
    recorder.accepted(whatsappMessage());
    state.isDown(true);
    const attempts = () => calls.splice(0).filter((key) => key === "replicas").length / 2;
    await Promise.allSettled(Array.from({ length: 10 }, () => journal.flush()));
    expect(attempts()).toBe(1);
    await journal.flush().catch(() => undefined);
    expect(attempts()).toBe(1);
  });

  it("counts a status where another process's record says that its message was accepted", async () => {
    const { open, total, state, now, log } = createWorld();
    createConversations(state, now, log).remember(whatsappMessage(), "out-1");
    const { journal, heard } = open("b");
    now.advance(26 * HOUR);
    heard("delivered");
    await journal.flush();
    expect(await total()).toEqual([{ row: ROW, accepted: 0, sent: 0, delivered: 1 }]);
  });

  it("looks twice for a record that is still being written, then counts without one", async () => {
    const { open, total, state, now, log } = createWorld();
    const { journal, heard } = open("b");
    heard("delivered");
    heard("delivered", [], "m-2");
    await journal.flush();
    createConversations(state, now, log).remember(whatsappMessage(), "out-1");
    await journal.flush();
    expect(await total()).toEqual([
      { row: ROW, accepted: 0, sent: 0, delivered: 1 },
      { row: "mw 14155550100", accepted: 0, sent: 0, delivered: 1 },
    ]);
  });

  it("takes along the records of SMS and the latest failures", async () => {
    const { open, state, distinct } = createWorld();
    const { recorder, journal } = open("a");
    recorder.sent(smsMessage(), 2, "out-9");
    recorder.notSent(smsMessage({ id: "s-2" }), "expired", 1);
    await journal.flush();
    expect(distinct()).toEqual([`failures:${DAY}`, `figures:${DAY}`, "replicas", `sent:${DAY}`]);
    expect(state.hash(sentBucket(T0))).toEqual({
      "ms:s-1": JSON.stringify([T0, T0, 2, "out-9", "Acme", "", ""]),
      "out-9": "ms - s-1",
    });
    expect(state.hash(failuresBucket(DAY))).toEqual({
      a: JSON.stringify([[T0, "s-2", "ms", "", "expired"]]),
    });
  });

  it("says that the process is there once a minute, and at the end that it is not", async () => {
    const { open, distinct, now, state } = createWorld();
    const { journal } = open("a");
    await journal.flush();
    now.advance(59_000);
    await journal.flush();
    expect(distinct()).toEqual(["replicas"]);
    now.advance(1_000);
    await journal.flush();
    expect(distinct()).toEqual(["replicas"]);
    await journal.stop();
    expect(state.hash(REPLICAS)).toEqual({
      a: JSON.stringify({ id: "a", seenAt: T0 + MINUTE, isClosed: true }),
      "metrics/a": "up 1\n",
    });
  });
});

describe("the fields of closed processes", () => {
  async function threeProcesses() {
    const world = createWorld();
    const processes = ["a", "b", "c"].map(world.open);
    for (const [index, { recorder, journal }] of processes.entries()) {
      recorder.accepted(whatsappMessage({ id: `m-${index}` }));
      await journal.flush();
    }
    const [, , c] = processes;
    const fields = () => Object.keys(world.state.hash(figuresBucket(DAY))).sort();
    return { ...world, processes, c: c!, fields };
  }
  const three = [{ row: ROW, accepted: 3, sent: 0, delivered: 0 }];

  it("are folded together by one of the others, once", async () => {
    const { now, state, c, fields, total } = await threeProcesses();
    now.advance(61 * MINUTE);
    await c.journal.flush();
    await Promise.all([foldFigures(1, { state, now }), foldFigures(1, { state, now })]);
    expect(fields()).toEqual([`${HOUR_OF_T0}/c.0`, `${HOUR_OF_T0}/folded`]);
    expect(Object.keys(state.hash(REPLICAS))).toEqual(["c", "metrics/c"]);
    expect(await total()).toEqual(three);
    await foldFigures(2, { state, now });
    expect(await total()).toEqual(three);
  });

  it("count once where the one that folds them dies at any step", async () => {
    for (let step = 1; step <= 4; step++) {
      const { now, state, c, total } = await threeProcesses();
      now.advance(61 * MINUTE);
      await c.journal.flush();
      let left = step;
      const dying: State = {
        ...state,
        write: (...given) => (left-- > 0 ? state.write(...given) : Promise.reject(new Error("dead"))),
        remove: (...given) => (left-- > 0 ? state.remove(...given) : Promise.reject(new Error("dead"))),
      };
      await foldFigures(1, { state: dying, now }).catch(() => undefined);
      expect({ step, total: await total() }).toEqual({ step, total: three });
      await foldFigures(2, { state, now });
      expect({ step, total: await total() }).toEqual({ step, total: three });
    }
  });

  it("are left alone by one that was asleep and goes on: it has new ones", async () => {
    const { now, state, processes, c, total } = await threeProcesses();
    const [a] = processes;
    now.advance(61 * MINUTE);
    await c.journal.flush();
    await foldFigures(1, { state, now });
    a?.recorder.accepted(whatsappMessage({ id: "m-9" }));
    await a?.journal.flush();
    expect(await total()).toEqual([{ row: ROW, accepted: 4, sent: 0, delivered: 0 }]);
  });
});
