import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll } from "@jest/globals";
import {
  type ConnectorProcess as SandboxProcess,
  spawnConnector,
  startConnector,
} from "../../src/sandbox/connector.ts";

export interface ConnectorProcess extends SandboxProcess {
  stderr(): string;
}

let built: Promise<string> | undefined;
const children = new Set<ChildProcess>();

/** The shipped bundle, built beside the checkout so that nobody's `dist` is disturbed. */
async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "connector-build-"));
  await symlink(resolve("src"), join(folder, "src"));
  const child = spawn(process.execPath, [resolve("build.mjs")], { cwd: folder, stdio: "inherit" });
  const code = await new Promise((done) => child.once("exit", done));
  if (code !== 0) throw new Error(`the build ended with ${code}`);
  return join(folder, "dist", "main.js");
}

export function program(): Promise<string> {
  built ??= build();
  return built;
}

afterAll(async () => {
  if (built) await rm(dirname(dirname(await built)), { recursive: true });
});

/** Starts a fresh build, and waits for nothing. */
export async function runMain(env: Record<string, string>): Promise<ChildProcess> {
  const child = spawnConnector({ env, program: await program(), output: () => undefined });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** Ends what `runMain` started and a failed test left behind. */
export function endProcesses(): void {
  for (const child of children) child.kill("SIGKILL");
}

/** Starts a fresh build and waits until it is healthy; its lines go to the log as they come. */
export async function startBuilt(
  env: Record<string, string>,
  log: { write(line: string): void },
): Promise<ConnectorProcess> {
  let errors = "";
  let rest = "";
  const connector = await startConnector({
    env,
    program: await program(),
    output(chunk, from) {
      if (from === "stderr") {
        errors += chunk;
        return;
      }
      const whole = `${rest}${chunk}`.split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) log.write(line);
    },
  });
  return { ...connector, stderr: () => errors };
}
