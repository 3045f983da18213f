import { describe, expect, it } from "@jest/globals";
import { difference, faultsOf, lifeFigures } from "../../bench/measure.ts";
import { linesOf, ratioOf } from "../../bench/report.ts";
import { median, medians, percentile } from "../../bench/stats.ts";
import { createBook, idOf } from "../../bench/world/book.ts";
import type { Counts } from "../../bench/world/world.ts";

describe("medians and percentiles", () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
    [[], Number.NaN],
  ])("of %j the middle one is %d", (values, middle) => expect(median(values)).toBe(middle));

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])("a share of %d of 1 to 100 is at most %d", (share, value) =>
    expect(
      percentile(
        Array.from({ length: 100 }, (_, n) => 100 - n),
        share,
      ),
    ).toBe(value),
  );

  it("of several measurements is taken figure by figure", () =>
    expect(
      medians([
        { a: 1, b: 9 },
        { a: 3, b: 7 },
        { a: 2, b: 8 },
      ]),
    ).toEqual({ a: 2, b: 8 }));
});

const before = { accepted: 100, reports: 240, answers: { "200": 100 }, sent: 90 };
const after = { accepted: 300, reports: 840, answers: { "200": 300, "503": 4 }, sent: 290 };

it("counts what happened between two looks", () =>
  expect(difference(after, before)).toEqual({
    accepted: 200,
    reports: 600,
    answers: { "200": 200, "503": 4 },
    sent: 200,
  }));

it("divides by the messages that went all the way", () => {
  const counted = {
    ...{ accepted: 200, sent: 200, reports: 600, reportCalls: 30, enqueueCalls: 20, stateCalls: 100 },
    ...{ sentTwice: 1, toldTwice: 2, toldBackwards: 3, wrong: 4, dead: 5 },
  } as Counts;
  const figures = lifeFigures({
    ...{ seconds: 2, cpuMs: 500, worldCpuMs: 1_000, counted, sends: [4, 6, 5], webhooks: [10, 30, 20] },
  });
  expect(figures).toEqual({
    "CPU ms a message": 2.5,
    "messages/s": 100,
    "CPU share of one core": 0.25,
    "enqueue calls a message": 0.1,
    "State calls a message": 0.5,
    "report calls a status": 0.05,
    "send p50 ms": 5,
    "send p99 ms": 6,
    "webhook p50 ms": 20,
    "webhook p99 ms": 30,
    "world's CPU share": 0.5,
    faults: 15,
  });
  expect(faultsOf({ ...counted, dead: 0 } as Counts)).toEqual({ faults: 10 });
});

it("compares two subjects, and says when one of them was not measured", () => {
  const ratio = {
    words: "twice",
    part: "all",
    figure: "ms",
    of: "plain",
    by: "connector",
    goal: "2",
  } as const;
  const result = { plain: { all: { ms: 8 } }, connector: { all: { ms: 2 } } };
  expect(ratioOf(ratio, result)).toBe(4);
  expect(ratioOf({ ...ratio, by: "echo" }, result)).toBeNaN();
  expect(linesOf({ name: "x", about: "y" }, result, [{ ...ratio, value: 4 }]).slice(1)).toEqual([
    "x: y",
    "",
    "  all                                plain   connector",
    "  ms                                  8.00        2.00",
    "",
    "  twice                                         4.00   (2)",
  ]);
});

describe("the world's book", () => {
  it("notices what is sent or told twice, told backwards, or missing", () => {
    const book = createBook();
    book.counts.offered = 3;
    book.answered(0, "200");
    book.answered(1, "200");
    book.answered(2, "503");
    book.sent(`m1w-${idOf(0)}`);
    book.told(idOf(0), "delivered");
    book.told(idOf(0), "sent");
    book.told(idOf(0), "delivered");
    book.sent(idOf(0));
    expect(book.counts).toMatchObject({
      ...{ answers: { "200": 2, "503": 1 }, accepted: 2, sent: 2, sentTwice: 1 },
      ...{ reports: 3, toldTwice: 1, toldBackwards: 1, wrong: 0 },
    });
    expect(book.missing()).toEqual({ unsent: 1, untold: 2 });
    book.told("something else", "read");
    expect(book.counts.wrong).toBe(1);
  });
});
