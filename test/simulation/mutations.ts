/**
 * Takes one guarantee after another out of a copy of the connector, and counts the worlds until the simulation says
 * so: `npx tsx test/simulation/mutations.ts [name…] [--seeds 300]`. A checker that finds nothing proves nothing.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MUTATIONS } from "./guarantees.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "300" }, seed: { type: "string", default: "1" } },
});

async function run(folder: string): Promise<string> {
  const script = [
    "--import",
    "tsx",
    "test/simulation/main.ts",
    "--seed",
    values.seed,
    "--seeds",
    values.seeds,
  ];
  const child = spawn(process.execPath, [...script, "--first", "--no-shrink"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  await new Promise((done) => child.once("close", done));
  return said;
}

for (const [name, { file, from, to }] of Object.entries(MUTATIONS)) {
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
    const said = await run(folder);
    const found = said.match(/^ {2}.*$/m)?.[0].trim();
    const seed = said.match(/^seed (\d+) goes wrong/m)?.[1];
    console.log(`${name}: ${found ? `seed ${seed}: ${found}` : `not found in ${values.seeds} seeds`}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
