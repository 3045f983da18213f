import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { inWords } from "../../src/sandbox/command-line.ts";
import { isBad, type Result, secondsSince } from "./result.ts";
import { createRoom } from "./room.ts";
import { TASKS, wantedBy } from "./tasks.ts";
import { startWorker } from "./workers.ts";

const HELP = `Kills processes and breaks neighbours: about three minutes.

  npm run chaos -- [options]

  --only WORD     the rows whose name has this word (all)
  --seed N        of all chance (1)
  --parallel N    rows at a time (16)
`;

const { values } = readOptions();

function readOptions() {
  try {
    const read = parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        only: { type: "string", default: "" },
        parallel: { type: "string", default: "16" },
        help: { type: "boolean", default: false },
      },
    });
    if (!read.values.help) return read;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    const { sentence, code } = inWords(error);
    process.stderr.write(`${sentence}\n`);
    process.exit(code);
  }
}

/** Messages a second that are offered to all worlds together: the machine is to be busy, not swamped. */
const MOST_A_SECOND = 90 * availableParallelism();

const room = createRoom(MOST_A_SECOND);
const results: Result[] = [];
const workers = Array.from({ length: availableParallelism() }, () => startWorker(room, show));
const waiting = TASKS.filter(({ names }) => names.some(wantedBy(values.only)));

function show(result: Result): void {
  results.push(result);
  say(row(result));
  for (const problem of result.problems) say(`  PROBLEM ${problem}\n  its log: ${result.logFile}`);
}

async function runTasks(): Promise<void> {
  for (let task = waiting.shift(); task; task = waiting.shift()) {
    const [worker] = workers.toSorted((one, other) => one.busy() - other.busy());
    await worker?.run({ task: task.name, only: values.only, seed: Number(values.seed) });
  }
}

/** A script speaks to its terminal. */
const say = (text: string) => process.stdout.write(`${text}\n`);

const row = ({ name, messages, lost, doubled, failed, recoverSeconds, seconds, peakMegabytes }: Result) =>
  [name.padEnd(56), messages, lost, doubled, failed, recoverSeconds, seconds, peakMegabytes]
    .map((cell) => (typeof cell === "number" ? String(cell).padStart(10) : cell))
    .join("");

const HEAD = `${"fault".padEnd(56)}  messages      lost   doubled    failed recover s   whole s        MB`;

const startedAt = Date.now();
await Promise.all(Array.from({ length: Number(values.parallel) }, runTasks));
for (const worker of workers) worker.end();
const order = TASKS.flatMap(({ names }) => names);
const sorted = results.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
say(`\n${HEAD}\n${sorted.map(row).join("\n")}`);
const bad = results.filter(isBad);
say(`${results.length} runs in ${secondsSince(startedAt)} s, ${bad.length} with problems`);
process.exitCode = bad.length === 0 && results.length > 0 ? 0 : 1;
