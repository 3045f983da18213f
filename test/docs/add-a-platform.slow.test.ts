import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { follow, type Step, stepsOf } from "./follow-guide.ts";

const GUIDE = join(import.meta.dirname, "../../docs/add-a-platform.md");
/** What knows of every platform, beside the platform's own tests. */
const TESTS = ["test/platforms/acme", "test/platforms/registry", "test/docs/variables", "test/docs/guides"];

// Nobody can follow it twice.
const isFollowed = existsSync(join(import.meta.dirname, "../../src/platforms/acme"));

(isFollowed ? describe.skip : describe)(
  "a checkout in which somebody followed the guide to a platform",
  () => {
    let steps: Step[];
    let folder: string;

    /** Resolves to what a tool complains of; an empty text when all is well. */
    async function complaint(tool: string, ...args: string[]): Promise<string> {
      const options = { cwd: folder, env: { PATH: process.env["PATH"] ?? "" } };
      const run = promisify(execFile)(process.execPath, [...tool.split(" "), ...args], options);
      return run.then(
        () => "",
        ({ message, stdout }) => `${message}\n${stdout}`,
      );
    }

    beforeAll(async () => {
      steps = stepsOf(await readFile(GUIDE, "utf8"));
      folder = await mkdtemp(join(tmpdir(), "guide-"));
      await follow(steps, folder);
    });
    afterAll(() => rm(folder, { recursive: true }));

    it("has types that fit", async () => {
      expect(await complaint("node_modules/typescript/bin/tsc", "-p", "test")).toBe("");
    });

    it("passes the linter, formatted as it stands", async () => {
      const files = steps.map(({ path }) => path).filter((path) => /\.(ts|json)$/.test(path));

      expect(
        await complaint("node_modules/@biomejs/biome/bin/biome", "check", "--vcs-enabled=false", ...files),
      ).toBe("");
    });

    it("passes the shared suite, and what holds platforms and variables together", async () => {
      const runJest = "--experimental-vm-modules node_modules/jest/bin/jest.js --runInBand";

      expect(await complaint(runJest, "--cacheDirectory=node_modules.cache", ...TESTS)).toBe("");
    });
  },
);
