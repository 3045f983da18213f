import { parseArgs } from "node:util";
import { type Result, underFire } from "./fire.ts";
import { fuzz, slowLoris } from "./fuzz.ts";
import { SCENARIOS } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    parallel: { type: "string", default: "4" },
    /** What failed is run once more, alone: a starved machine fails a scenario now and then, a bug does it again. */
    again: { type: "boolean", default: false },
  },
});

interface Task {
  name: string;
  run(seed: number): Promise<Result>;
}

const TASKS: Task[] = [
  { name: "slow loris", run: slowLoris },
  ...SCENARIOS.map((scenario) => ({
    name: scenario.name,
    run: (seed: number) => underFire(scenario, seed),
  })),
  { name: "fuzz", run: fuzz },
];

const chosen = TASKS.filter(({ name }) => values.only.split(",").some((word) => name.includes(word)));
const results: Result[] = [];
let next = 0;

async function run(index: number): Promise<void> {
  const task = chosen[index] as Task;
  const result = await task.run(Number(values.seed) + index).catch(
    (error: Error): Result => ({
      ...{ name: task.name, messages: 0, lost: 0, doubled: 0, failed: 0, peakMegabytes: 0 },
      ...{ recoverSeconds: 0, logFile: "", problems: [`the run itself failed: ${error.message}`] },
    }),
  );
  results[index] = result;
  say(row(result));
  for (const problem of result.problems) say(`  PROBLEM ${problem}\n  its log: ${result.logFile}`);
}

async function worker(): Promise<void> {
  while (next < chosen.length) await run(next++);
}

/** A script speaks to its terminal. */
const say = (text: string) => process.stdout.write(`${text}\n`);

const row = ({ name, messages, lost, doubled, failed, recoverSeconds, peakMegabytes }: Result) =>
  [name.padEnd(44), messages, lost, doubled, failed, recoverSeconds, peakMegabytes]
    .map((cell) => (typeof cell === "number" ? String(cell).padStart(9) : cell))
    .join("");

const HEAD = `${"fault".padEnd(44)} messages     lost  doubled   failed recover s      MB`;

const startedAt = Date.now();
await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
if (values.again) {
  for (const [index, { name, problems }] of [...results.entries()]) {
    if (problems.length === 0) continue;
    say(`again, alone: ${name}`);
    await run(index);
  }
}
say(`\n${HEAD}\n${results.map(row).join("\n")}`);
const bad = results.filter(({ problems, lost, doubled }) => problems.length + lost + doubled > 0);
say(
  `${results.length} runs in ${Math.round((Date.now() - startedAt) / 1000)} s, ${bad.length} with problems`,
);
process.exitCode = bad.length === 0 ? 0 : 1;
