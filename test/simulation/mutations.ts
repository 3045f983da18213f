/**
 * Takes one guarantee after another out of a copy of the connector, and counts the worlds until the simulation says
 * so: `npx tsx test/simulation/mutations.ts [name…] [--seeds 300]`. A checker that finds nothing proves nothing.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

interface Mutation {
  file: string;
  from: string;
  to: string;
}

const MUTATIONS: Record<string, Mutation> = {
  "no claim": {
    file: "src/flows/dispatch/send.ts",
    from: "return { refusal, claim: await claims.claim(job) };",
    to: 'return { refusal, claim: { outcome: "won" } };',
  },
  "claim after the send": {
    file: "src/flows/dispatch/send.ts",
    from: "return { refusal, claim: await claims.claim(job) };",
    to: 'void new Promise((r) => setTimeout(r, 500)).then(() => claims.claim(job)); return { refusal, claim: { outcome: "won" } };',
  },
  "no look at opt-outs": {
    file: "src/flows/dispatch/send.ts",
    from: 'if (!refusal && purpose !== "confirmation") {',
    to: "if (false as boolean) {",
  },
  "an answer before the queue's": {
    file: "src/flows/intake/accept.ts",
    from: "const { url } = await queue.put(",
    to: 'const url = ""; void queue.put(',
  },
  "no look at the half day before": {
    file: "src/flows/dispatch/claims.ts",
    from: "const bucketsOf = ({ acceptedAt }: QueuedMessage) => claimBuckets(acceptedAt);",
    to: "const bucketsOf = ({ acceptedAt }: QueuedMessage) => claimBuckets(acceptedAt).slice(-1);",
  },
  "no order of reports": {
    file: "src/flows/status/status-ledger.ts",
    from: 'if (OUTDATED_BY[status].some(isKnown)) return "outdated";',
    to: "",
  },
  "dead letters stay": {
    file: "src/compose.ts",
    from: "queuesReady.then(deadLetters.start),",
    to: "",
  },
  "an emptied State is not noticed": {
    file: "src/compose/vcr.ts",
    from: "createState(session, runtime, stateMarks.used)",
    to: "createState(session, runtime)",
  },
  "reports of a lost variable are ignored": {
    file: "src/flows/status/receive-status.ts",
    from: "if (lost) {",
    to: "if (lost && (false as boolean)) {",
  },
  "doubt is taken for sent": {
    file: "src/flows/dispatch/send.ts",
    from: "return awaitOutcome(job, ports);",
    to: "return;",
  },
  "doubt is sent again": {
    file: "src/vonage/client.ts",
    from: 'code === "not_sent" ? "transient" : "unknown"',
    to: '"transient"',
  },
};

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
  const child = spawn(process.execPath, [...script, "--first"], {
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
    const seed = [...said.matchAll(/^seed (\d+):/gm)].at(-1)?.[1];
    console.log(`${name}: ${found ? `seed ${seed}: ${found}` : `not found in ${values.seeds} seeds`}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
