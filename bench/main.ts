import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Figures } from "./measure.ts";
import { CAN_PIN } from "./processes.ts";
import { linesOf, ratioOf } from "./report.ts";
import { intake } from "./scenarios/intake.ts";
import { fixed, life } from "./scenarios/life.ts";
import { memory, replicas } from "./scenarios/long.ts";
import { overload } from "./scenarios/overload.ts";
import type { Scenario, Settings } from "./scenarios/scenario.ts";
import { start } from "./scenarios/start.ts";
import { statuses } from "./scenarios/statuses.ts";
import { medians } from "./stats.ts";

const SCENARIOS: readonly Scenario[] = [life, fixed, intake, statuses, overload, start, replicas, memory];

const HELP = `Measures the built connector against a plain build on the same SDKs, and against a bare node:http echo.

  npm run bench -- [options]

  --scenario NAMES    some of them, separated by commas; by default all that are not long
  --rounds N          of each, interleaved; the median is shown (3)
  --seconds S         of each window that is measured (6)
  --overload-seconds S  for how long too much is offered (20)
  --queue MS          how long the queue takes for an answer (2)
  --state MS          State (1)
  --messages MS       the Messages API (20)
  --platform MS       the platform's URL for reports (10)
  --flags=FLAGS       of Node, for the connector: --flags=--max-semi-space-size=32
  --log FILE          keep each subject's log, as FILE.<subject>
  --json              print one JSON document instead of tables

${SCENARIOS.map(({ name, about, isLong }) => `  ${name.padEnd(12)} ${about}${isLong ? " (long)" : ""}`).join("\n")}
`;

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "6" },
    "overload-seconds": { type: "string", default: "20" },
    queue: { type: "string", default: "2" },
    state: { type: "string", default: "1" },
    messages: { type: "string", default: "20" },
    platform: { type: "string", default: "10" },
    flags: { type: "string", default: "" },
    log: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function wrong(words: string): never {
  console.error(words);
  process.exit(2);
}

type Numbers = "rounds" | "seconds" | "overload-seconds" | "queue" | "state" | "messages" | "platform";

function number(name: Numbers): number {
  const value = Number(values[name]);
  return value >= 0 && values[name] !== "" ? value : wrong(`--${name} must be a number`);
}

function chosen(): readonly Scenario[] {
  if (!values.scenario) return SCENARIOS.filter(({ isLong }) => !isLong);
  return values.scenario.split(",").map((wanted) => {
    const found = SCENARIOS.find(({ name }) => name === wanted);
    return found ?? wrong(`There is no scenario ${wanted}: ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  });
}

type Result = Record<string, Record<string, Figures>>;

/** Every subject in turn, round after round; of each figure the median. */
async function measure(scenario: Scenario, settings: Settings, rounds: number): Promise<Result> {
  const runs: Record<string, Record<string, Figures>[]> = {};
  for (let round = 1; round <= (scenario.isOnce ? 1 : rounds); round++)
    for (const subject of scenario.subjects) {
      console.error(`${scenario.name}: ${subject}, round ${round}`);
      runs[subject] ??= [];
      runs[subject].push(await scenario.run(subject, settings));
    }
  return Object.fromEntries(
    Object.entries(runs).map(([subject, all]) => [
      subject,
      Object.fromEntries(
        Object.keys(all[0] ?? {}).map((part) => [part, medians(all.map((run) => run[part] ?? {}))]),
      ),
    ]),
  );
}

async function main(): Promise<void> {
  if (values.help) return console.log(HELP);
  if (!existsSync("dist/main.js")) wrong("There is no dist/main.js: npm run build");
  if (!CAN_PIN) console.error("There is no taskset, or one core only: ratios will be less certain");
  const settings: Settings = {
    seconds: number("seconds"),
    overloadSeconds: number("overload-seconds"),
    times: {
      ...{ queue: number("queue"), state: number("state") },
      ...{ messages: number("messages"), platform: number("platform") },
    },
    flags: values.flags.split(" ").filter(Boolean),
    log: values.log,
  };
  const report = [];
  for (const scenario of chosen()) {
    const result = await measure(scenario, settings, number("rounds"));
    const ratios = (scenario.ratios ?? []).map((ratio) => ({ ...ratio, value: ratioOf(ratio, result) }));
    report.push({ scenario: scenario.name, result, ratios });
    if (!values.json) console.log(linesOf(scenario, result, ratios).join("\n"));
  }
  if (values.json) console.log(JSON.stringify({ node: process.version, settings, report }, null, 2));
}

await main();
