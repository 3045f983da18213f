import { describe, expect, it } from "@jest/globals";
import { matchText } from "../../../src/core/template/match-text.ts";
import { fill } from "../../../src/core/template/template.ts";
import { createRandom } from "../../../src/sandbox/random.ts";

describe("matchText", () => {
  it.each<[string, string, Record<string, string>]>([
    ["Hello", "Hello", {}],
    ["Hello {{1}}", "Hello Ana", { 1: "Ana" }],
    ["{{1}}", "anything\nat all", { 1: "anything\nat all" }],
    ["{{2}} and {{1}}", "b and a", { 2: "b", 1: "a" }],
    ["{{name}} on {{ day }}.", "Ana on Monday.", { name: "Ana", day: "Monday" }],
    ["{{1}} is {{1}}", "a is a", { 1: "a" }],
    ["{{1}}, {{2}}", "a, b, c", { 1: "a", 2: "b, c" }],
    ["{{1}}{{2}}", "abc", { 1: "a", 2: "bc" }],
    ["a {{1}} c", "a a c c", { 1: "a c" }],
    ["a\r\n{{1}}", "a\nb\n", { 1: "b" }],
    ["50 % (off) {{1}}.*", "50 % (off) now.*", { 1: "now" }],
    ["{{__proto__}}", "x", Object.fromEntries([["__proto__", "x"]])],
  ])("reads %j out of %j", (template, text, values) => {
    const found = matchText(template, text);
    expect(found && Object.fromEntries(found)).toEqual(values);
  });

  it.each([
    ["Hello", "Hello!"],
    ["Hello {{1}}", "Hello "],
    ["Hello {{1}}", "Goodbye Ana"],
    ["{{1}} is {{1}}", "a is b"],
    ["{{1}}, thanks", "Ana, thank you"],
    ["{{1}}{{2}}", "a"],
  ])("finds that %j did not become %j", (template, text) => {
    expect(matchText(template, text)).toBeUndefined();
  });

  it("reads values that give back the same text, whatever they contain", () => {
    const random = createRandom(7);
    const words = ["a", "b", " ", ", ", "ab", "{", "}", ".", "\n", "é"];
    const phrase = () => Array.from({ length: random.between(1, 4) }, () => random.pick(words)).join("");
    for (let n = 0; n < 2_000; n++) {
      const template = `x${phrase()}{{1}}${phrase()}{{2}}${phrase()}{{3}}y`.replace(
        /\{(?!\{\d)|(?<!\d\})\}(?!\})/g,
        "",
      );
      const text = fill(template, () => `v${phrase()}v`);

      const values = matchText(template, text);

      expect({ template, text, again: values && fill(template, (name) => values.get(name) ?? "?") }).toEqual({
        template,
        text,
        again: text,
      });
    }
  });

  it("takes no longer than the texts are long", () => {
    const template = Array.from({ length: 60 }, (_, n) => `a{{${n + 1}}}`).join("");
    const started = performance.now();

    expect(matchText(`${template}b`, "a".repeat(100_000))).toBeUndefined();

    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
