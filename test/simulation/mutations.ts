/**
 * Takes one guarantee after another out of a copy of the connector, and says whether the world that found it missing
 * before still does; where not, which one does: `npx tsx test/simulation/mutations.ts [name…] [--seeds 2000]`. A
 * checker that finds nothing proves nothing.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MUTATIONS } from "./guarantees.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "2000" } },
});

/** The first of these worlds that breaks that promise. */
async function run(folder: string, from: number, count: number, about: string): Promise<string> {
  const seeds = ["--seed", String(from), "--seeds", String(count), "--workers", "1"];
  const how = ["--first", "--no-shrink", "--about", about];
  const script = ["--import", "tsx", "test/simulation/main.ts", ...seeds, ...how];
  const child = spawn(process.execPath, script, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  await new Promise((done) => child.once("close", done));
  return said;
}

for (const [name, { file, from, to, seed, breaks }] of Object.entries(MUTATIONS)) {
  if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) continue;
  const folder = await mkdtemp(join(tmpdir(), "mutation-"));
  try {
    await cp("src", join(folder, "src"), { recursive: true });
    await cp("test/simulation", join(folder, "test/simulation"), { recursive: true });
    await cp("package.json", join(folder, "package.json"));
    await symlink(resolve("node_modules"), join(folder, "node_modules"));
    const text = await readFile(join(folder, file), "utf8");
    if (!text.includes(from)) throw new Error(`${name}: ${file} has no such text`);
    await writeFile(join(folder, file), text.replace(from, to));
    const find = (said: string) => {
      const worlds = said.split(/^(?=seed \d+ goes wrong)/m);
      const found = worlds.find((world) => world.includes(`\n  ${breaks}, at `));
      return (
        found && `${found.match(/\d+/)?.[0]}:${found.match(new RegExp(`^  ${breaks}, at .*$`, "m"))?.[0]}`
      );
    };
    const known = find(await run(folder, seed, 1, breaks));
    const found = known ?? find(await run(folder, 1, Number(values.seeds), breaks));
    const how = known ? "still found in seed" : found ? "found anew in seed" : "not found";
    console.log(`${name}: ${how} ${found ?? `in ${values.seeds} seeds`}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
