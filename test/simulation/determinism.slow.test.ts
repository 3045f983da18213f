import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { MUTATIONS } from "./guarantees.ts";

/**
 * What crossed in the world of seed 3, as every version of Node has it. A change of what the connector says to anybody
 * changes it: then put in the one that `npx tsx test/simulation/traces.ts 3` prints.
 */
const TRACE = "26fc539256c45d4951109d10d7760a53";

/** A busy machine takes its time. */
const MOST_MS = 180_000;

/** In a process of its own. */
async function tracesOf(...seeds: number[]): Promise<string[]> {
  const script = ["--import", "tsx", "test/simulation/traces.ts", ...seeds.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, script, { cwd: process.cwd() });
  return JSON.parse(stdout);
}

it(
  "the same seed is the same world, to the byte",
  async () => {
    const [[first, other, again], [elsewhere]] = await Promise.all([tracesOf(3, 8, 3), tracesOf(8)]);
    expect({ first, again, elsewhere }).toEqual({ first: TRACE, again: TRACE, elsewhere: other });
    expect(other).not.toBe(first);
  },
  MOST_MS,
);

it(
  "what went wrong in a world once goes well",
  async () => {
    const script = ["--import", "tsx", "test/simulation/main.ts", "--kept", "--no-shrink"];
    const { stdout } = await promisify(execFile)(process.execPath, script).catch((error) => error);
    expect(stdout).toContain("\n0 of ");
  },
  MOST_MS,
);

it.each(Object.entries(MUTATIONS))("the guarantee can still be taken out: %s", async (_, { file, from }) => {
  expect((await readFile(file, "utf8")).split(from)).toHaveLength(2);
});
