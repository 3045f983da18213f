import { describe, expect, it } from "@jest/globals";
import type { Bucket, State } from "../../../src/core/ports.ts";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { reportedBucket } from "../../../src/core/state-keys.ts";
import {
  createStatusLedger,
  type Entries,
  type Entry,
  judge,
} from "../../../src/flows/status/status-ledger.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import {
  createClock,
  createMemoryState,
  createRecordingLog,
  deliveryReport,
  patientRuntime,
  pauseOn,
  T0,
  unavailable,
} from "../../support/ports.ts";

const [REPORTED, UNWANTED]: Entry[] = [{ kind: "reported" }, { kind: "unwanted" }];
const announced = (ago: number, by = "other"): Entry => ({ kind: "announced", at: T0 - ago, by });
const seen = (ago?: number): Entry => ({ kind: "seen", at: ago === undefined ? undefined : T0 - ago });

describe("what becomes of a status", () => {
  it.each<[DeliveryStatus, Entries, string]>([
    ["sent", {}, "go"],
    ["delivered", {}, "go"],
    // Told, whatever else is known.
    ["sent", { sent: REPORTED }, "repeated"],
    ["delivered", { delivered: REPORTED, read: REPORTED }, "repeated"],
    ["failed", { failed: REPORTED, sent: announced(10) }, "repeated"],
    // Whatever the vendor has said after it, told or not.
    ["sent", { delivered: REPORTED }, "outdated"],
    ["sent", { read: seen() }, "outdated"],
    ["sent", { failed: announced(10) }, "outdated"],
    ["sent", { failed: announced(60_000) }, "outdated"],
    ["sent", { delivered: announced(10, "self") }, "outdated"],
    ["delivered", { read: announced(10) }, "outdated"],
    ["failed", { delivered: seen() }, "outdated"],
    ["failed", { read: REPORTED }, "outdated"],
    ["delivered", { read: announced(10), sent: announced(10) }, "outdated"],
    // Whatever comes before it, or is no news of it.
    ["delivered", { sent: REPORTED }, "go"],
    ["delivered", { sent: seen() }, "go"],
    ["delivered", { failed: REPORTED }, "go"],
    ["read", { sent: REPORTED, delivered: REPORTED, failed: REPORTED }, "go"],
    ["sent", { sent: seen() }, "go"],
    ["failed", { failed: seen(10) }, "go"],
    ["delivered", { read: UNWANTED }, "go"],
    ["read", { sent: UNWANTED }, "go"],
    // Another replica is telling what comes before it.
    ["delivered", { sent: announced(0) }, "wait"],
    ["delivered", { sent: announced(14_999) }, "wait"],
    ["delivered", { sent: announced(15_000) }, "go"],
    ["delivered", { failed: announced(10) }, "wait"],
    ["failed", { sent: announced(10) }, "wait"],
    ["read", { delivered: announced(10) }, "wait"],
    ["delivered", { sent: announced(10, "self") }, "go"],
    // It was announced and withdrawn: over an announcement of a replica that is telling it, perhaps.
    ["delivered", { sent: seen(999) }, "wait"],
    ["delivered", { sent: seen(1_000) }, "go"],
    // Another replica is telling the same.
    ["sent", { sent: announced(14_999) }, "wait"],
    ["sent", { sent: announced(15_000) }, "go"],
    ["sent", { sent: announced(10, "self") }, "go"],
  ])("%s, while %j is known: %s", (status, entries, verdict) => {
    expect(judge(status, entries, "self", T0)).toBe(verdict);
  });
});

/** Processes over one State, and how often each thing was asked of it. */
function createWorld() {
  const now = createClock();
  const [state, log] = [createMemoryState(), createRecordingLog()];
  const calls = { read: 0, write: 0 };
  const counting: State = {
    ...state,
    // Reads of one moment share a call.
    readAll(bucket, fields) {
      if (bucket.key === reportedBucket(now()).key) calls.read++;
      return state.readAll(bucket, fields);
    },
    write(bucket: Bucket, field: string, value: string) {
      calls.write++;
      return state.write(bucket, field, value);
    },
  };
  const open = (own: State = counting, runtime = patientRuntime) =>
    createStatusLedger({ state: own, pause: pauseOn(now), log, now, runtime });
  const field = (status: DeliveryStatus) => `mw:m-1#${status[0]}`;
  const stored = (status: DeliveryStatus) => state.hash(reportedBucket(now()))[field(status)];
  const leave = (status: DeliveryStatus, text: string) =>
    state.write(reportedBucket(now()), field(status), text);
  return { now, state, log, calls, open, stored, leave };
}
const [SENT, DELIVERED, FAILED] = (["sent", "delivered", "failed"] as const).map((status) =>
  deliveryReport({ status }),
) as [
  ReturnType<typeof deliveryReport>,
  ReturnType<typeof deliveryReport>,
  ReturnType<typeof deliveryReport>,
];

describe("the ledger of statuses", () => {
  it("asks State four times for a status that is told: looks, announces, looks, notes", async () => {
    const { open, calls, stored } = createWorld();
    const ledger = open();
    expect(await ledger.admit(DELIVERED)).toBe("go");
    expect(stored("delivered")).toMatch(new RegExp(`^announced ${T0} \\S+$`));
    ledger.reported(DELIVERED);
    expect({ calls, stored: stored("delivered") }).toEqual({
      calls: { read: 2, write: 2 },
      stored: `reported ${T0} ${T0}`,
    });
  });

  it("keeps the code of a failure", async () => {
    const { open, stored } = createWorld();
    open().reported({ ...FAILED, error: { code: "1022", description: "Invalid template" } });
    expect(stored("failed")).toBe(`reported ${T0} ${T0} 1022`);
  });

  it("asks State once for a status that nobody wants, and not at all when it comes again", async () => {
    const { open, calls, stored } = createWorld();
    const ledger = open();
    expect([ledger.unwanted(SENT), ledger.unwanted(SENT)]).toEqual([true, false]);
    expect({ calls, stored: stored("sent") }).toEqual({
      calls: { read: 0, write: 1 },
      stored: `unwanted ${T0} ${T0}`,
    });
    expect(await open().hasStatus("mw", "m-1")).toBe(true);
  });

  it("waits until another replica has told what comes before", async () => {
    const { open, now } = createWorld();
    const [one, other] = [open(), open()];
    await one.admit(SENT);
    const admitted = other.admit(DELIVERED);
    while (now() < T0 + 500) await new Promise((resolve) => setImmediate(resolve));
    one.reported(SENT);
    expect(await admitted).toBe("go");
    expect(now()).toBeLessThan(T0 + 1_000);
  });

  it("waits until another replica has told the same", async () => {
    const { open, now } = createWorld();
    const [one, other] = [open(), open()];
    await one.admit(SENT);
    const admitted = other.admit(SENT);
    while (now() < T0 + 500) await new Promise((resolve) => setImmediate(resolve));
    one.reported(SENT);
    expect(await admitted).toBe("repeated");
  });

  it("gives up after three seconds, and lets whoever died be after fifteen", async () => {
    const { open, now } = createWorld();
    await open().admit(SENT);
    const other = open();
    const outcomes: unknown[] = [];
    for (const at of [0, 8_000, 16_000]) {
      now.advance(T0 + at - now());
      outcomes.push(
        await other.admit(DELIVERED).catch(({ code, retryable }) => ({ code, retryable, at: now() - T0 })),
      );
    }
    const tooLong = { code: "status_under_way", retryable: true };
    expect(outcomes).toEqual([{ ...tooLong, at: 3_000 }, { ...tooLong, at: 11_000 }, "go"]);
  });

  it("withdraws its announcement when it is outdated after all, and nobody else's", async () => {
    const { open, state, stored, leave } = createWorld();
    // Another replica announces between the two looks of this one.
    const write: State["write"] = async (bucket, name, value) => {
      await state.write(bucket, name, value);
      await leave("delivered", `announced ${T0} other`);
    };
    expect(await open({ ...state, write }).admit(SENT)).toBe("outdated");
    expect(stored("sent")).toBe(`seen ${T0} ${T0}`);

    await leave("sent", `announced ${T0} other`);
    expect(await open().admit(SENT)).toBe("outdated");
    expect(stored("sent")).toBe(`announced ${T0} other`);
  });

  it("withdraws its announcement when it gives up", async () => {
    const { open, state, stored, leave } = createWorld();
    const write: State["write"] = async (bucket, name, value) => {
      await state.write(bucket, name, value);
      await leave("sent", `announced ${T0} other`);
    };
    await expect(open({ ...state, write }).admit(DELIVERED)).rejects.toMatchObject({
      code: "status_under_way",
    });
    expect(stored("delivered")).toBe(`seen ${T0} ${T0}`);
  });

  it("announces again what another replica has written over and then could not tell", async () => {
    const { open, state, stored, leave } = createWorld();
    let isFirst = true;
    const write: State["write"] = async (bucket, name, value) => {
      await state.write(bucket, name, value);
      if (isFirst) await leave("sent", `seen ${T0}`);
      isFirst = false;
    };
    expect(await open({ ...state, write }).admit(SENT)).toBe("go");
    expect(stored("sent")).toMatch(/^announced/);
  });

  it.each([
    ["fails", () => Promise.reject(unavailable())],
    ["does not answer in 2.5 s", () => new Promise<never>(() => undefined)],
  ])("lets a status pass when State %s, and does not ask it for a second", async (_, answer) => {
    const { open, state, now } = createWorld();
    let asked = 0;
    const read = () => {
      asked++;
      return answer();
    };
    // Deadlines pass at once, and take their time of the clock.
    const setTimeout = (work: () => void, ms: number) => {
      setImmediate(() => {
        now.advance(ms);
        work();
      });
      return { unref: () => undefined };
    };
    const ledger = open({ ...state, read }, { ...systemRuntime, setTimeout });
    expect(await ledger.admit(SENT)).toBe("go");
    const once = asked;
    expect(await ledger.admit(DELIVERED)).toBe("go");
    expect([await ledger.admit(SENT), asked]).toEqual(["outdated", once]);
    now.advance(1_000);
    await ledger.admit(DELIVERED);
    expect(asked).toBe(2 * once);
  });
});
