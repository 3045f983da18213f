import "./globals.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Outcome } from "./run.ts";
import type { World } from "./world.ts";

// After the globals, which they keep.
const { run } = await import("./run.ts");
const { draw } = await import("./draw.ts");
const { shrink } = await import("./shrink.ts");
const { describeWorld, timelineOf } = await import("./story.ts");
const { createTally } = await import("./tally.ts");

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    hours: { type: "string" },
    replicas: { type: "string" },
    /** A file with a world in place of a seed. */
    world: { type: "string" },
    /** Those that went wrong once and were kept, in place of a seed. */
    kept: { type: "boolean", default: false },
    /** Everything that happens, of one world. */
    timeline: { type: "boolean", default: false },
    /** Stops at the first world that goes wrong. */
    first: { type: "boolean", default: false },
    /** With `first`: at the first that breaks this promise. */
    about: { type: "string" },
    /** Begins no world after so many seconds. */
    within: { type: "string" },
    /** Where to keep the shortest story of the first world that goes wrong, in `seeds/`. */
    save: { type: "string" },
    "no-shrink": { type: "boolean", default: false },
    workers: { type: "string" },
    /** One line of JSON for each world, for the process that started this one. */
    json: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const folder = join(import.meta.dirname, "seeds");
const kept = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
const files = values.world
  ? [values.world]
  : values.kept
    ? kept.map((name) => join(folder, name))
    : undefined;
const count = files?.length ?? Number(values.seeds);
const given = {
  hours: values.hours === undefined ? undefined : Number(values.hours),
  replicas: values.replicas === undefined ? undefined : Number(values.replicas),
};
type Told = Omit<Outcome, "timeline"> & { seed: number };
const tally = createTally();
const began = performance.now();
let wrong = 0;

async function worldOf(seed: number): Promise<World> {
  return files ? JSON.parse(await readFile(files[seed - first] as string, "utf8")) : draw(seed, given);
}

/** Runs these seeds, in this process or in another. */
async function* outcomes(seeds: readonly number[]): AsyncGenerator<Told> {
  const workers = Number(values.workers ?? (count >= 100 ? 2 : 1));
  if (workers > 1) return yield* merged(Array.from({ length: workers }, (_, n) => elsewhere(n, workers)));
  for (const seed of seeds) {
    if (performance.now() - began > Number(values.within ?? Number.POSITIVE_INFINITY) * 1_000) return;
    const { timeline, ...outcome } = await run(await worldOf(seed), { withTimeline: values.timeline });
    for (const { text } of timeline) console.log(text);
    yield { ...outcome, seed };
  }
}

/** Those that are not at their end when this process is. */
const children = new Set<ChildProcess>();

/** One of so many parts of the seeds, by another process. */
async function* elsewhere(offset: number, step: number): AsyncGenerator<Told> {
  const from = first + Math.floor((count * offset) / step);
  const to = first + Math.floor((count * (offset + 1)) / step);
  const flags = (["hours", "replicas", "within"] as const).flatMap((name) =>
    values[name] ? [`--${name}`, values[name]] : [],
  );
  const options = [
    "--seed",
    String(from),
    "--seeds",
    String(to - from),
    "--workers",
    "1",
    "--json",
    ...flags,
  ];
  const child = spawn(process.execPath, ["--import", "tsx", import.meta.filename, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface(child.stdout)) yield JSON.parse(line);
  const code = await ended;
  if (children.delete(child) && code !== 0) throw new Error(`a worker ended with ${code}`);
}

async function* merged(sources: AsyncGenerator<Told>[]): AsyncGenerator<Told> {
  const next = new Map(sources.map((source) => [source, source.next()]));
  while (next.size > 0) {
    const told = [...next].map(async ([source, result]) => ({ source, result: await result }));
    const { source, result } = await Promise.race(told);
    if (result.done) next.delete(source);
    else {
      next.set(source, source.next());
      yield result.value;
    }
  }
}

/** What went wrong, the shortest story of it, and how to see it again. */
async function explain({ seed, findings }: Told): Promise<void> {
  const world = await worldOf(seed);
  console.log(`\n${world.name ?? `seed ${seed}`} goes wrong:`);
  for (const { invariant, detail, at } of findings)
    console.log(`  ${invariant}, at ${((at - world.start) / 1_000).toFixed(1)} s: ${detail}`);
  const which = files ? `--world ${files[seed - first]}` : `--seed ${seed}`;
  console.log(`Again: npm run simulate -- ${which} --timeline`);
  if (values["no-shrink"]) return;
  const [{ invariant } = { invariant: "" }] = findings;
  const isWrong = async (candidate: World) =>
    (await run(candidate)).findings.some((finding) => finding.invariant === invariant);
  const short = await shrink(world, isWrong);
  console.log(`The shortest story of "${invariant}":\n${describeWorld(short)}`);
  for (const line of timelineOf(await run(short, { withTimeline: true }))) console.log(line);
  if (values.save === undefined) return;
  const file = join(folder, `${values.save}.json`);
  await writeFile(file, `${JSON.stringify({ name: values.save, ...short }, null, 2)}\n`);
  console.log(`Kept in ${file}: npm run simulate -- --world ${file} --timeline`);
}

for await (const told of outcomes(Array.from({ length: count }, (_, n) => first + n))) {
  if (values.json) {
    console.log(JSON.stringify(told));
    continue;
  }
  tally.add(told);
  if (count <= 20)
    console.log(
      `seed ${told.seed}: ${told.messages} sent in ${(told.ms / 60_000).toFixed(1)} min, ${told.exchanges} exchanges, trace ${told.trace} ${JSON.stringify(told.admitted)}`,
    );
  if (told.findings.length === 0) continue;
  wrong++;
  await explain(told);
  if (values.first && told.findings.some(({ invariant }) => invariant === (values.about ?? invariant))) break;
}
if (!values.json) {
  console.log(tally.text());
  console.log(
    `${wrong} of ${tally.worlds()} worlds went wrong, ${Math.round((performance.now() - began) / 1_000)} s`,
  );
}
for (const child of children) {
  children.delete(child);
  child.kill();
}
process.exitCode = wrong > 0 ? 1 : 0;
