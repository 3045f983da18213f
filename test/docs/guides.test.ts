import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { changed, stepsOf } from "./follow-guide.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const GUIDES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md") && name !== "CHANGELOG.md"),
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

describe("the guides", () => {
  it.each(GUIDES)("name only files that are there: %s", (guide) => {
    const named = [...read(guide).matchAll(/`((?:src|test|docs|bench)\/[\w./-]+)`/g)].map(([, path]) => path);
    // Acme is the example of a platform that is added.
    const missing = named.filter((path) => !path?.includes("acme") && !existsSync(join(ROOT, path ?? "")));

    expect(missing).toEqual([]);
  });

  it.each(GUIDES)("link only to what is there: %s", (guide) => {
    const links = [...read(guide).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !isThere(guide, target));
    expect(broken).toEqual([]);
  });
});

/** Whether a relative link has its file, and the heading behind its `#`. */
function isThere(guide: string, target: string): boolean {
  const [file = "", heading] = target.split("#");
  const path = file === "" ? guide : join(dirname(guide), file);
  if (!existsSync(join(ROOT, path))) return false;
  return heading === undefined || headingsOf(read(path)).includes(heading);
}

/** As GitHub makes anchors of them. */
const headingsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, words = ""]) =>
    words
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("how to add a platform", () => {
  const guide = read("docs/add-a-platform.md");
  const diffs = stepsOf(guide).filter(({ kind }) => kind === "diff");

  it("has a step for each block that is no command", () => {
    expect(stepsOf(guide)).toHaveLength(guide.match(/^```(?!sh$)\w+$/gm)?.length ?? 0);
  });

  it("changes each file that knows the platforms", () => {
    expect(new Set(diffs.map(({ path }) => path))).toEqual(
      new Set([
        ...["src/config/schema.ts", "src/platforms/registry.ts", "src/sandbox/platforms.ts"],
        ...["vcr.yml", ".env.example", "docs/marketplace-form.md"],
      ]),
    );
  });

  it.each(diffs)("finds the one place of each part in $path", ({ path, text }) => {
    expect(() => changed(read(path), text)).not.toThrow();
  });
});
