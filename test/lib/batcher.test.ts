import { describe, expect, it } from "@jest/globals";
import { type BatchOptions, createBatcher } from "../../src/lib/batcher.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Call {
  items: string[];
  succeed(results?: string[]): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A batcher over calls that end when the test says so. */
function createSubject(options: Partial<BatchOptions<string>> = {}) {
  const calls: Call[] = [];
  const clock = { now: 1_000 };
  const add = createBatcher<string, string>(
    (items) =>
      new Promise((resolve, reject) => {
        calls.push({
          items,
          succeed: (results = items.map((item) => `${item}!`)) => {
            resolve(results);
            return turn();
          },
          fail: (error) => {
            reject(error);
            return turn();
          },
        });
      }),
    {
      maxItems: 3,
      maxInflight: 2,
      partialInflight: 1,
      maxWaiting: 100,
      maxWaitMs: 4_000,
      ...options,
    },
    { ...systemRuntime, now: () => clock.now },
  );
  const addAll = (...items: string[]) => {
    const results = Promise.allSettled(items.map(add));
    return results.then((settled) =>
      settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason.message)),
    );
  };
  return { add, addAll, calls, clock, sent: () => calls.map(({ items }) => items.join("")) };
}

describe("createBatcher", () => {
  it("lets a lone item leave at once", async () => {
    const { add, calls, sent } = createSubject();

    const result = add("a");
    await turn();

    expect(sent()).toEqual(["a"]);
    await calls[0]?.succeed();
    await expect(result).resolves.toBe("a!");
  });

  it("sends together what arrives in one turn", async () => {
    const { addAll, calls, sent } = createSubject();

    const results = addAll("a", "b");
    await turn();

    expect(sent()).toEqual(["ab"]);
    await calls[0]?.succeed();
    await expect(results).resolves.toEqual(["a!", "b!"]);
  });

  it("gathers what arrives during a call for the next one", async () => {
    const { addAll, calls, sent } = createSubject();
    const first = addAll("a");
    await turn();
    const second = addAll("b");
    await turn();
    const third = addAll("c");
    await turn();
    expect(sent()).toEqual(["a"]);

    await calls[0]?.succeed();

    expect(sent()).toEqual(["a", "bc"]);
    await calls[1]?.succeed();
    await expect(Promise.all([first, second, third])).resolves.toEqual([["a!"], ["b!"], ["c!"]]);
  });

  it("sends a full batch beside a call in flight, and a partial one only after it", async () => {
    const { addAll, calls, sent } = createSubject();
    const first = addAll("a");
    await turn();

    const rest = addAll("b", "c", "d", "e");
    await turn();
    expect(sent()).toEqual(["a", "bcd"]);

    await calls[0]?.succeed();
    expect(sent()).toEqual(["a", "bcd"]);
    await calls[1]?.succeed();
    expect(sent()).toEqual(["a", "bcd", "e"]);
    await calls[2]?.succeed();
    await expect(first).resolves.toEqual(["a!"]);
    await expect(rest).resolves.toEqual(["b!", "c!", "d!", "e!"]);
  });

  it("never has more calls in flight than allowed", async () => {
    const { addAll, calls, sent } = createSubject({ maxItems: 1 });

    const results = addAll("a", "b", "c");
    await turn();
    expect(sent()).toEqual(["a", "b"]);

    await calls[1]?.succeed();
    expect(sent()).toEqual(["a", "b", "c"]);
    await calls[0]?.succeed();
    await calls[2]?.succeed();
    await expect(results).resolves.toEqual(["a!", "b!", "c!"]);
  });

  it("keeps a call under the limit of bytes", async () => {
    const bytes = { maxBytes: 10, sizeOf: (item: string) => item.length };
    const { addAll, calls, sent } = createSubject({ ...bytes, maxItems: 100, maxInflight: 9 });

    const results = addAll("aaaa", "bbbbbb", "c", "ddddddddddddd", "e");
    await turn();

    expect(sent()).toEqual(["aaaabbbbbb", "c", "ddddddddddddd"]);
    for (const call of calls) await call.succeed();
    expect(sent()).toEqual(["aaaabbbbbb", "c", "ddddddddddddd", "e"]);
    await calls[3]?.succeed();
    await expect(results).resolves.toEqual(["aaaa!", "bbbbbb!", "c!", "ddddddddddddd!", "e!"]);
  });

  it("gives each caller its own result, whichever call ends first", async () => {
    const { addAll, calls } = createSubject({ maxItems: 2 });
    const results = addAll("a", "b", "c", "d");
    await turn();

    await calls[1]?.succeed(["C", "D"]);
    await calls[0]?.succeed(["A", "B"]);

    await expect(results).resolves.toEqual(["A", "B", "C", "D"]);
  });

  it("fails every item of a failed call, and no other", async () => {
    const { addAll, calls } = createSubject({ maxItems: 2 });
    const results = addAll("a", "b", "c", "d");
    await turn();

    await calls[0]?.fail(new Error("queue is away"));
    await calls[1]?.succeed();

    await expect(results).resolves.toEqual(["queue is away", "queue is away", "c!", "d!"]);
  });

  it("goes on after a failed call", async () => {
    const { addAll, calls, sent } = createSubject();
    const failed = addAll("a");
    await turn();
    const next = addAll("b");
    await turn();

    await calls[0]?.fail(new Error("queue is away"));

    expect(sent()).toEqual(["a", "b"]);
    await calls[1]?.succeed();
    await expect(Promise.all([failed, next])).resolves.toEqual([["queue is away"], ["b!"]]);
  });

  it("spaces partial batches under load, and lets a few leave at once after a rest", async () => {
    const timers: { work: () => void; ms: number }[] = [];
    const clock = { now: 1_000 };
    const calls: string[][] = [];
    const add = createBatcher<string, string>(
      async (items) => {
        calls.push(items);
        return items;
      },
      {
        ...{ maxItems: 10, maxInflight: 2, partialInflight: 1, maxWaiting: 100, maxWaitMs: 4_000 },
        ...{ spacingMs: 70, burst: 2 },
      },
      {
        ...systemRuntime,
        now: () => clock.now,
        setTimeout(work, ms) {
          timers.push({ work, ms });
          return { unref: () => undefined };
        },
        clearTimeout: () => undefined,
      },
    );
    for (const item of ["a", "b"]) await add(item);
    expect([calls, timers]).toEqual([[["a"], ["b"]], []]);
    const waiting = Promise.all(["c", "d"].map(add));
    await turn();
    expect(timers.map(({ ms }) => ms)).toEqual([70]);
    clock.now += 70;
    timers[0]?.work();
    await waiting;
    expect(calls.slice(2)).toEqual([["c", "d"]]);
    // Rested for long, and still no more than two at once.
    clock.now += 60_000;
    for (const item of ["e", "f"]) await add(item);
    void add("g");
    await turn();
    expect([calls.length, timers.map(({ ms }) => ms)]).toEqual([5, [70, 70]]);
  });

  it("goes on when the call throws at once", async () => {
    const add = createBatcher<string, string>(
      () => {
        throw new Error("broken");
      },
      { maxItems: 1, maxInflight: 1, partialInflight: 1, maxWaiting: 9, maxWaitMs: 9 },
      { ...systemRuntime, now: () => 0 },
    );

    await expect(add("a")).rejects.toThrow("broken");
    await expect(add("b")).rejects.toThrow("broken");
  });

  it("refuses at once, retryable, when too many wait", async () => {
    const { add, addAll, calls } = createSubject({ maxWaiting: 2 });
    const waiting = addAll("a", "b");

    await expect(add("c")).rejects.toMatchObject({
      code: "overloaded",
      message: "Too many requests are waiting",
      retryable: true,
      httpStatus: 503,
    });

    await turn();
    const later = addAll("d");
    await calls[0]?.succeed();
    await calls[1]?.succeed();
    await expect(waiting).resolves.toEqual(["a!", "b!"]);
    await expect(later).resolves.toEqual(["d!"]);
  });

  it("refuses who waited too long, and sends the others", async () => {
    const { add, addAll, calls, clock, sent } = createSubject();
    const first = addAll("a");
    await turn();
    const late = add("b").catch((error) => error);
    clock.now += 3_000;
    const inTime = addAll("c");
    clock.now += 1_001;

    await calls[0]?.succeed();

    expect(sent()).toEqual(["a", "c"]);
    await expect(late).resolves.toMatchObject({
      code: "overloaded",
      message: "Waited too long for its turn",
      retryable: true,
    });
    await calls[1]?.succeed();
    await expect(Promise.all([first, inTime])).resolves.toEqual([["a!"], ["c!"]]);
  });

  it("makes no call when all who wait have waited too long", async () => {
    const { addAll, calls, clock, sent } = createSubject();
    const first = addAll("a");
    await turn();
    const late = addAll("b", "c");
    await turn();
    clock.now += 4_001;

    await calls[0]?.succeed();

    await expect(late).resolves.toEqual(["Waited too long for its turn", "Waited too long for its turn"]);
    await expect(first).resolves.toEqual(["a!"]);
    expect(sent()).toEqual(["a"]);
  });

  it("loses and mixes up nothing under load", async () => {
    const ended: string[] = [];
    const add = createBatcher<string, string>(
      async (items) => {
        await turn();
        ended.push(...items);
        return items.map((item) => `${item}!`);
      },
      { maxItems: 7, maxInflight: 3, partialInflight: 2, maxWaiting: 5_000, maxWaitMs: 9 },
      { ...systemRuntime, now: () => 0 },
    );
    const items = Array.from({ length: 5_000 }, (_, index) => String(index));

    const results = await Promise.all(items.map(add));

    expect(results).toEqual(items.map((item) => `${item}!`));
    expect(ended.length).toBe(5_000);
  });
});
