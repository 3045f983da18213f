import { type ChildProcess, execFileSync, type StdioOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";

/** Where `taskset` and a second core are missing, processes share what there is, and ratios become less certain. */
export const CAN_PIN = existsSync("/usr/bin/taskset") && availableParallelism() > 1;
/** What is measured has this core for itself; the world and the driver have the others. */
export const SUBJECT_CORE = "0";
export const WORLD_CORES = `1-${availableParallelism() - 1}`;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts Node with these arguments on these cores. It is ended with this process at the latest. */
export function spawnNode(
  args: readonly string[],
  { cores, env, stdio }: { cores: string; env: Record<string, string>; stdio: StdioOptions },
): ChildProcess {
  const [command, all] = CAN_PIN
    ? ["taskset", ["-c", cores, process.execPath, ...args]]
    : [process.execPath, args];
  const child = spawn(command, all, { env: { PATH: process.env["PATH"] ?? "", ...env }, stdio });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

/** Milliseconds of processor time so far, of all threads. */
export async function cpuMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => undefined);
  if (!tasks) return psCpuMs(pid);
  const times = await Promise.all(
    tasks.map(async (task) => {
      // A thread may end between the two looks.
      const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0");
      return Number(text.split(" ")[0]);
    }),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** Where there is no /proc: `ps`, in hundredths of a second or worse. */
function psCpuMs(pid: number): number {
  const parts = execFileSync("ps", ["-o", "time=", "-p", String(pid)], { encoding: "utf8" })
    .trim()
    .split(":");
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000;
}

/** Resident size now, and the highest so far, in megabytes. */
export async function residentMegabytes(pid: number): Promise<{ now: number; most: number }> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1_024;
  return { now: of("VmRSS"), most: of("VmHWM") };
}
