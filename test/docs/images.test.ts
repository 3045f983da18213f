import { readdirSync, readFileSync, statSync } from "node:fs";
import { expect, it } from "@jest/globals";

const docs = new URL("../../docs/", import.meta.url);
const guides = readdirSync(docs)
  .filter((name) => name.endsWith(".md"))
  .map((name) => readFileSync(new URL(name, docs), "utf8"))
  .join("\n");
const images = readdirSync(new URL("images/", docs));

it.each(images)("%s is small, and a guide shows it with words for whoever cannot see it", (name) => {
  expect(statSync(new URL(`images/${name}`, docs)).size).toBeLessThan(60_000);
  expect(guides).toMatch(new RegExp(`!\\[[^\\]]{10,}\\]\\(images/${name}\\)`));
});

it("every picture that a guide shows is there", () => {
  const shown = Array.from(guides.matchAll(/\]\(images\/([^)]+)\)/g), ([, name]) => name as string);
  expect(shown.filter((name) => !images.includes(name))).toEqual([]);
});
