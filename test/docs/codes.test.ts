import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { MESSAGE_CODES } from "../../src/compose/dictionary.ts";
import { PLATFORM_CODES } from "../../src/platforms/registry.ts";
import { GUIDES_WITH_CODES, withCodeTables } from "./code-tables.ts";

const [codes, troubleshooting] = GUIDES_WITH_CODES.map((guide) => readFileSync(guide, "utf8")) as [
  string,
  string,
];

describe("the guides' tables of codes", () => {
  it("say what the dictionary says (npx tsx test/docs/write-code-tables.ts)", () => {
    expect(withCodeTables(codes)).toBe(codes);
    expect(withCodeTables(troubleshooting)).toBe(troubleshooting);
  });

  it("are all there", () => {
    const tables = [...Object.values(MESSAGE_CODES), ...Object.values(PLATFORM_CODES)];
    const missing = tables.flatMap(Object.keys).filter((code) => !codes.includes(`\n| ${code} |`));
    expect(missing).toEqual([]);
    expect(troubleshooting.match(/<!-- codes: /g)?.length).toBe(3);
  });

  it("change with the dictionary", () => {
    const old = "<!-- codes: moengage 7002 -->\nold\n<!-- end of codes -->";
    expect(withCodeTables(old)).toContain("| 7002 | The recipient's number cannot be right |");
    expect(() => withCodeTables("<!-- codes: moengage 1 -->\n<!-- end of codes -->")).toThrow("no code");
  });
});
