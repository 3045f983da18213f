import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const NEW_FILE = /^`([\w./-]+)`[^\n]*:\n\n```(?:ts|json)\n(.*?)^```$/gms;
const DIFF = /^```diff\n\+\+\+ (\S+)\n(.*?)^```$/gms;

export interface Step {
  path: string;
  /** The whole new file, or the change to one that is there, its parts divided by `@@`. */
  text: string;
  kind: "file" | "diff";
}

/** What a guide says to write and to change, in its order. */
export function stepsOf(guide: string): Step[] {
  const found = (pattern: RegExp, kind: Step["kind"]) =>
    [...guide.matchAll(pattern)].map(({ index, 1: path = "", 2: text = "" }) => ({
      index,
      path,
      text,
      kind,
    }));
  return [...found(NEW_FILE, "file"), ...found(DIFF, "diff")]
    .toSorted((a, b) => a.index - b.index)
    .map(({ path, text, kind }) => ({ path, text, kind }));
}

/** The text with the change in it. Throws where a part has no place, or more than one. */
export function changed(text: string, diff: string): string {
  let result = `\n${text}`;
  for (const part of diff.split(/^@@\n/m)) {
    const lines = part.split("\n").slice(0, -1);
    const side = (sign: string) =>
      lines
        .filter((line) => line === "" || line.startsWith(" ") || line.startsWith(sign))
        .map((line) => `\n${line.slice(1)}`);
    const [before, after] = [side("-").join(""), side("+").join("")];
    const places = before === "" ? 0 : result.split(`${before}\n`).length - 1;
    if (places !== 1) throw new Error(`${places} places for:\n${part}`);
    result = result.replace(`${before}\n`, () => `${after}\n`);
  }
  return result.slice(1);
}

const isOurs = (name: string) =>
  name === ".env.example" || !(name.startsWith(".") || ["node_modules", "dist", "coverage"].includes(name));

/** Does every step in a copy of the checkout, in this empty folder. */
export async function follow(steps: readonly Step[], folder: string): Promise<void> {
  const names = (await readdir(ROOT)).filter(isOurs);
  await Promise.all(names.map((name) => cp(join(ROOT, name), join(folder, name), { recursive: true })));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const { path, text, kind } of steps) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, kind === "file" ? text : changed(await readFile(file, "utf8"), text));
  }
}
