import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ownPort } from "./ports.ts";

/** A connector in a process of its own that can be killed; `port` stays its own when it is started again. */
export interface Replica {
  url: string;
  port: number;
  isAlive(): boolean;
  /** SIGKILL: nothing of it is finished. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to how it ended. */
  stop(): Promise<string>;
  /** Highest resident size so far, in megabytes. */
  peakMegabytes(): Promise<number>;
}

const START_MS = 30_000;
const STOP_MS = 12_000;

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_/health`)).ok;
  } catch {
    return false;
  }
}

/** Should this process be ended, nothing that it started goes on. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** The built connector, writing to its log by itself: what it said last is there however it ended. */
function run(env: Record<string, string>, logFile: string, port: number) {
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, ["dist/main.js"], {
    env: { PATH: process.env["PATH"] ?? "", ...env, VCR_PORT: String(port) },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Starts the built connector; resolves once it is healthy. */
export async function startReplica(env: Record<string, string>, logFile: string, port = 0): Promise<Replica> {
  const own = port || (await ownPort());
  const url = `http://127.0.0.1:${own}`;
  const child = run(env, logFile, own);
  let ended: string | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = `${code ?? signal}`;
      resolve(ended);
    });
  });
  const end = async (signal: NodeJS.Signals) => {
    if (ended === undefined) child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    const how = await exited;
    clearTimeout(late);
    return how;
  };

  const deadline = Date.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (ended !== undefined) throw new Error(`the connector ended (${ended}), its log: ${logFile}`);
    if (Date.now() > deadline) {
      await end("SIGKILL");
      throw new Error(`the connector was not healthy in time, its log: ${logFile}`);
    }
    await sleep(25);
  }
  return {
    url,
    port: own,
    isAlive: () => ended === undefined,
    async kill() {
      await end("SIGKILL");
    },
    stop: () => end("SIGTERM"),
    async peakMegabytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
      return Math.round(Number(status.match(/^VmHWM:\s+(\d+) kB/m)?.[1] ?? 0) / 1024);
    },
  };
}
