import { describe, expect, it } from "@jest/globals";
import { filled, text } from "../../src/core/text.ts";

const MEASURED = { length: { toString: 1 } };

describe("a text from outside", () => {
  it.each([
    ["", false],
    ["a", true],
    ["abc", true],
    ["abcd", false],
    [7, false],
    [["a"], false],
    [MEASURED, false],
  ])("of at most three characters: %j", (value, isText) => {
    expect(text(3).safeParse(value).success).toBe(isText);
  });

  it.each([
    [" \n", false],
    [" a ", true],
    [null, false],
    [MEASURED, false],
  ])("that is not blank: %j", (value, isText) => {
    expect(filled.safeParse(value).success).toBe(isText);
  });
});
