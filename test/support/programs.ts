import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { afterAll } from "@jest/globals";
import { build } from "esbuild";

export interface Ended {
  code: unknown;
  out: string;
  err: string;
}

const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
const folders: string[] = [];

/** For programs to run in processes of their own. Built once: translating at every start costs ten times as much. */
export async function buildPrograms(programs: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "programs-"));
  folders.push(folder);
  await build({
    entryPoints: programs,
    ...{ outdir: folder, outbase: ".", bundle: true, splitting: true, banner: { js: REQUIRE } },
    ...{ platform: "node", target: "node20.19", format: "esm", logLevel: "warning" },
  });
  return {
    folder,
    /** Of the built program. */
    path(program: string) {
      const { dir, name } = parse(program);
      return join(folder, dir, `${name}.js`);
    },
  };
}

/** Runs these to their end as somebody types them, where there is no .env. */
export async function openPrograms(programs: string[]) {
  const { folder, path } = await buildPrograms(programs);
  return (program: string, args: string[], env: Record<string, string> = {}) =>
    new Promise<Ended>((done) => {
      const options = { cwd: folder, env: { PATH: process.env["PATH"] ?? "", ...env } };
      execFile(process.execPath, [path(program), ...args], options, (error, out, err) =>
        done({ code: error?.code ?? 0, out, err }),
      );
    });
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));
