import { describe, expect, it } from "@jest/globals";
import {
  type Consent,
  contradicts,
  formatConsent,
  isLater,
  latestOf,
  parseConsent,
  saidBy,
} from "../../src/core/consent.ts";

const consent = (said: "out" | "in", at: number): Consent => ({ said, at });

describe("what is stored", () => {
  it.each([consent("out", 0), consent("in", 1_768_476_600_123)])("is read as it was written: %j", (one) => {
    expect(parseConsent(formatConsent(one))).toEqual(one);
  });

  it.each([null, "", "yes", "out", "out:", "out:soon", "OUT:1", "out:1 ", "stop:1", "out:-1"])(
    "says nothing when it is %j",
    (text) => {
      expect(parseConsent(text)).toBeUndefined();
    },
  );
});

describe("what was said later", () => {
  it.each([
    ["nothing", undefined, 1_000, false],
    ["the second before", consent("in", 999), 1_000, false],
    ["the same second, at its end", consent("in", 1_999), 1_000, false],
    ["the next second", consent("in", 2_000), 1_999, true],
  ])("%s", (_, known, at, expected) => {
    expect(isLater(known, at)).toBe(expected);
  });

  it.each([
    ["the same again, later", consent("out", 9_000), false],
    ["the opposite, later", consent("in", 9_000), true],
    ["the opposite, earlier", consent("in", 1_000), false],
    ["nothing", undefined, false],
  ])("contradicts only as the opposite: %s", (_, known, expected) => {
    expect(contradicts(known, consent("out", 5_000))).toBe(expected);
  });
});

it.each([
  ["none of none", [], undefined],
  ["none of names that said nothing", [undefined, undefined], undefined],
  ["the one", [undefined, consent("in", 5)], consent("in", 5)],
  ["the later one, to the millisecond", [consent("in", 5), consent("out", 6)], consent("out", 6)],
  ["the first of two at once", [consent("in", 5), consent("out", 5)], consent("in", 5)],
])("of several names counts %s", (_, consents, expected) => {
  expect(latestOf(consents)).toEqual(expected);
});

it("a tap and a question say nothing of it", () => {
  expect((["opt_out", "opt_in", "button", "other"] as const).map(saidBy)).toEqual([
    "out",
    "in",
    undefined,
    undefined,
  ]);
});
