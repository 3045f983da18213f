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

const fileOf = (world: string) => `test/simulation/seeds/${world}.json`;

/** Runs worlds until one breaks that promise, and says which. */
async function run(folder: string, which: string[], about: string): Promise<string | undefined> {
  const how = ["--workers", "1", "--first", "--no-shrink", "--about", about];
  const script = ["--import", "tsx", "test/simulation/main.ts", ...which, ...how];
  const child = spawn(process.execPath, script, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  await new Promise((done) => child.once("close", done));
  const finding = new RegExp(`^  ${about}, at .*$`, "m");
  const world = said.split(/^(?=\S.* goes wrong:$)/m).find((one) => finding.test(one));
  return world && `${world.match(/^(.*) goes wrong/)?.[1]}:${world.match(finding)?.[0]}`;
}

for (const [name, { file, from, to, found, breaks }] of Object.entries(MUTATIONS)) {
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
    const before = typeof found === "number" ? ["--seed", String(found)] : ["--world", fileOf(found)];
    const again = await run(folder, before, breaks);
    const anew = again ? undefined : await run(folder, ["--seed", "1", "--seeds", values.seeds], breaks);
    console.log(
      `${name}: ${again ? "still" : "anew"} ${again ?? anew ?? `not found in ${values.seeds} seeds`}`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
