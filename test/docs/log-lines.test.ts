import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import type { SendResult } from "../../src/core/ports.ts";

const guide = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

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
