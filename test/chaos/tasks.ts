import { createHash } from "node:crypto";
import { type Run, underFire } from "./fire.ts";
import { fuzz } from "./fuzz.ts";
import { slowLoris } from "./loris.ts";
import { SERIES } from "./scenarios/index.ts";

/** What is run in a world of its own. */
export interface Task {
  name: string;
  /** Of its rows. */
  names: string[];
  run(run: Run): Promise<void>;
}

/** A task of one row, which has its own way with a world. */
const single = (name: string, run: (name: string, run: Run) => Promise<void>): Task => ({
  ...{ name, names: [name] },
  run: (how) => run(name, how),
});

export const TASKS: Task[] = [
  single("slow loris: 200 dripping sockets", slowLoris),
  ...SERIES.map((series) => ({
    name: series.name,
    names: series.scenarios.map(({ name }) => name),
    run: (how: Run) => underFire(series, how),
  })),
  single("fuzz: 20,000 requests over all routes", fuzz),
];

/** `only`: parts of names, by commas. */
export const wantedBy = (only: string) => (name: string) =>
  only.split(",").some((word) => name.includes(word));

/** A scenario's own, whatever others are chosen or stand before it. */
export const seedsFrom = (seed: number) => (name: string) =>
  createHash("sha256").update(`${seed} ${name}`).digest().readUInt32BE();
