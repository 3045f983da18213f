import { describe, expect, it } from "@jest/globals";
import { mask } from "../../src/core/message.ts";

describe("mask", () => {
  it.each([
    ["447700900123", "********0123"],
    ["12345", "*2345"],
    ["1234", "****"],
    ["7", "****"],
    ["", "****"],
    ["US.13491208655302741918", "************1918"],
  ])("shows of %s no more than the last four characters", (value, masked) => {
    expect(mask(value)).toBe(masked);
  });
});
