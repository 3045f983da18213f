import { describe, expect, it } from "@jest/globals";
import {
  type Consent,
  consentField,
  latest,
  parseConsentField,
  parseTime,
  saidBy,
  standing,
} from "../../src/core/consent.ts";

describe("what stands", () => {
  it.each([
    ["nothing was said", {}, undefined],
    ["stop alone", { out: 1_000 }, "out"],
    ["start alone", { in: 1_000 }, "in"],
    ["stop a millisecond later", { out: 1_001, in: 1_000 }, "out"],
    ["start a millisecond later", { out: 1_000, in: 1_001 }, "in"],
    ["both at once", { out: 1_000, in: 1_000 }, "out"],
    ["both at the beginning of time", { out: 0, in: 0 }, "out"],
  ] as [string, Consent, string | undefined][])("%s", (_, consent, expected) => {
    expect(standing(consent)).toBe(expected);
  });
});

it.each([
  ["none of none", [], {}],
  ["what one alone said", [{}, { out: 5 }], { out: 5 }],
  [
    "of each word the latest",
    [
      { out: 5, in: 9 },
      { out: 7, in: 8 },
    ],
    { out: 7, in: 9 },
  ],
] as [string, Consent[], Consent][])("of several names counts %s", (_, consents, expected) => {
  expect(latest(consents)).toEqual(expected);
});

describe("what is stored", () => {
  it.each(["447700900123", "US.13491208655302741918", "A name"])("is found under the name: %s", (name) => {
    for (const said of ["out", "in"] as const)
      expect(parseConsentField(consentField(said, name))).toEqual({ said, name });
  });

  it("is no word of anybody's when it is another field", () => {
    expect(["", "447700900123", "stopped 1", "stop"].map(parseConsentField)).toEqual(
      Array(4).fill(undefined),
    );
  });

  it.each([
    ["1768476600123", 1_768_476_600_123],
    ["0", 0],
    ...["", "yes", "out:1", "1 ", "-1", "1e3", "9".repeat(16)].map((text) => [text, undefined] as const),
    [null, undefined],
  ] as const)("%j is the time %j", (text, expected) => {
    expect(parseTime(text)).toBe(expected);
  });
});

it("a tap and a question say nothing of it", () => {
  expect((["opt_out", "opt_in", "button", "other"] as const).map(saidBy)).toEqual([
    "out",
    "in",
    undefined,
    undefined,
  ]);
});
