import { closeSync, openSync } from "node:fs";
import { ended, SUBJECT_CORE, spawnNode } from "./processes.ts";
import { freePort } from "./world/network.ts";

/** What is measured, as whoever runs it would start it. */
export const SUBJECTS = {
  connector: ["dist/main.js"],
  plain: ["--import", "./bench/subjects/hosts.mjs", "bench/subjects/plain.mjs"],
  echo: ["bench/subjects/echo.mjs"],
} as const;

export type SubjectName = keyof typeof SUBJECTS;

export interface Subject {
  name: SubjectName;
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  env?: Record<string, string>;
  /** Its log; nowhere by default, which costs it the same. */
  log?: string | undefined;
  cores?: string;
  /** Of Node, before the program. */
  flags?: readonly string[];
}

const START_MS = 20_000;
const LOOK_MS = 20;

export async function startSubject(
  name: SubjectName,
  { env = {}, log = "/dev/null", cores = SUBJECT_CORE, flags = [] }: StartOptions,
): Promise<Subject> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const output = openSync(log, "a");
  const child = spawnNode([...flags, ...SUBJECTS[name]], {
    ...{ cores, env: { ...env, VCR_PORT: String(port), VCR_INSTANCE_PUBLIC_URL: url } },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const deadline = Date.now() + START_MS;
  const isUp = () =>
    fetch(`${url}/_/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not start: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return {
    ...{ name, url, pid: child.pid as number },
    async stop() {
      child.kill("SIGKILL");
      await ended(child);
    },
  };
}
