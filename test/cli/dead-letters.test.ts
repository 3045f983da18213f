import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { expect, it } from "@jest/globals";

/** As an operator runs it, without an environment. */
const run = (...args: string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((done) => {
    const command = [resolve("node_modules/tsx/dist/cli.mjs"), resolve("src/cli/dead-letters.ts"), ...args];
    execFile(process.execPath, command, { cwd: tmpdir(), env: {} }, (error, out, err) =>
      done({ code: error?.code ?? 0, out, err }),
    );
  });
const USAGE = expect.stringContaining("node dist/dead-letters.js");

it.each([
  [["--help"], 0, ""],
  [[], 2, ""],
  [["replay"], 2, ""],
  [["replay", "--al"], 2, expect.stringContaining("'--al'")],
])(
  "%j shows the usage and ends with %i",
  async (args, code, err) => {
    expect(await run(...args)).toEqual({ code, out: USAGE, err });
  },
  20_000,
);

it("says what is missing, and not that nothing was lost", async () => {
  const { code, out, err } = await run("list");
  expect([code, out, err]).toEqual([1, "", expect.stringContaining("VCR_PRIVATE_KEY is missing")]);
}, 20_000);
