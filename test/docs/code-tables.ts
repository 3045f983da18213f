import { MESSAGE_CODES } from "../../src/compose/dictionary.ts";
import type { CodeTable } from "../../src/core/codes.ts";
import { PLATFORM_CODES } from "../../src/platforms/registry.ts";

const TABLES: Record<string, CodeTable> = { ...MESSAGE_CODES, ...PLATFORM_CODES };

/** The guides that have tables of codes. */
export const GUIDES_WITH_CODES = ["codes.md", "troubleshooting.md"].map(
  (name) => new URL(`../../docs/${name}`, import.meta.url),
);

/**
 * A guide with its tables of codes as the dictionary has them: between `<!-- codes: <table> [<code> …] -->` and
 * `<!-- end of codes -->`. Without codes, the whole table.
 */
export const withCodeTables = (guide: string): string =>
  guide.replace(
    /(<!-- codes: (\S+)([^>]*?) -->\n).*?(<!-- end of codes -->)/gs,
    (_all, begin: string, name: string, codes: string, end: string) => {
      const table = TABLES[name];
      if (!table) throw new Error(`There is no table of codes "${name}"`);
      const chosen = codes.trim() === "" ? Object.keys(table) : codes.trim().split(/\s+/);
      return `${begin}\n| code | what it means | what to do |\n| --- | --- | --- |\n${chosen
        .map((code) => rowOf(code, table[code]))
        .join("")}\n${end}`;
    },
  );

function rowOf(code: string, words: readonly [string, string] | undefined): string {
  if (!words) throw new Error(`The dictionary has no code "${code}"`);
  return `| ${[code, ...words].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
