import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import type { SendResult } from "../../src/core/ports.ts";

const guide = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

const connectedSources = readFileSync(new URL("../../docs/connected-sources.md", import.meta.url), "utf8");

/** The compiler asks for each. */
const OUTCOMES: Record<SendResult["outcome"], true> = {
  accepted: true,
  refused: true,
  throttled: true,
  transient: true,
  account: true,
  unknown: true,
};

it("the guide explains every outcome of a send, and no other", () => {
  const [, section = ""] = guide.split("### What `outcome` says");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(rows.slice(1).toSorted()).toEqual(Object.keys(OUTCOMES).toSorted());
});

it.each([
  "Send not accepted: …",
  "Template sync not answered with a list: …",
  "Webhook not taken: …",
  "Job not done: …",
  "Request refused: not_found",
  "`neighbour_status`",
  "`counted`",
])("the guide has %s", (words) => {
  expect(guide).toContain(words);
});

/** What the source says at warn and error, by the longest part of it that is the same every time. */
function warningsAndErrors(): string[] {
  const root = new URL("../../src/", import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !/^(sandbox|cli)\//.test(file),
  );
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, root), "utf8");
    const calls = [...text.matchAll(/\blog(?:\.(?:warn|error)|\[[^\]]*\])\(/g)];
    return calls.flatMap(({ index, 0: start }) => lineOf(text.slice(index + start.length)));
  });
}

/** The text of a call, where it is written out in it. */
function lineOf(rest: string): string[] {
  let depth = 1;
  const end = [...rest].findIndex((c) => {
    depth += c === "(" ? 1 : c === ")" ? -1 : 0;
    return depth === 0;
  });
  const texts = [...rest.slice(0, end).matchAll(/"([^"]{8,})"|`([^`]{8,})`/g)];
  return texts.map(([, plain, template]) => {
    const parts = (plain ?? template ?? "").split(/\$\{[^}]*\}/);
    return parts.toSorted((a, b) => b.length - a.length)[0]?.trim() ?? "";
  });
}

/** A refusal's last words are said in the guide for all of them together. */
const ELSEWHERE = new Set([", again and again", "check the settings of its API"]);

it("the guide has every warning and every error of the log", () => {
  const lines = [...new Set(warningsAndErrors())].filter((line) => line && !ELSEWHERE.has(line));
  expect(lines.length).toBeGreaterThan(40);
  const guides = `${guide}${connectedSources}`;
  // A row has a line's beginning, or as much of it as stays the same.
  const rows = guides
    .split("\n")
    .flatMap((line) => [...line.matchAll(/`([^`]{6,})`/g)])
    .map(([, words]) => (words as string).replace(/ ?…$/, ""));
  expect(lines.filter((line) => !rows.some((row) => line.includes(row) || row.includes(line)))).toEqual([]);
});
