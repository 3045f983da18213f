import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createReadableLog } from "./readable-log.ts";

/** A connector that runs, wherever it does. */
export interface Connector {
  url: string;
  /** Lets it finish what it has in hand. */
  stop(): Promise<unknown>;
  /** Where it can end by itself or be killed. */
  isAlive?(): boolean;
}

/** How a process ended: its exit code, or the signal that ended it. */
export type Exit = number | string;

export interface ConnectorProcess extends Connector {
  port: number;
  process: ChildProcess;
  exited: Promise<Exit>;
  isAlive(): boolean;
  /** SIGTERM, and SIGKILL if it does not obey within twelve seconds. */
  stop(): Promise<Exit>;
  /** SIGKILL: nothing of it is finished. */
  kill(): Promise<Exit>;
  /** Highest resident size so far, in megabytes; 0 when it has ended. */
  peakMegabytes(): Promise<number>;
}

/**
 * Where a process's words go: to this terminal; to the end of a file, written by the process itself, so that what
 * it said last is there however it ended; or to a function.
 */
export type Output = "screen" | { file: string } | ((chunk: Buffer, from: "stdout" | "stderr") => void);

export interface ProcessOptions {
  /** The whole environment, VCR_PORT included; PATH is added. */
  env: Record<string, string>;
  output: Output;
  /** The built program, `dist/main.js` by default. */
  program?: string | undefined;
}

const START_MS = 30_000;
const STOP_MS = 12_000;
const LOOK_MS = 25;
/** Of what a process said, kept and shown when it does not start. */
const LAST_WORDS = 4_000;
const LAST_LINES = 10;

/** Should this process end before them, nothing that it started goes on. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the built connector with this environment and nothing else, and waits for nothing. */
export function spawnConnector({ env, output, program = "dist/main.js" }: ProcessOptions): ChildProcess {
  const file = typeof output === "object" ? openSync(output.file, "a") : undefined;
  const target = file ?? (output === "screen" ? "inherit" : "pipe");
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", target, target],
  });
  if (file !== undefined) closeSync(file);
  if (typeof output === "function")
    for (const from of ["stdout", "stderr"] as const)
      child[from]?.on("data", (chunk: Buffer) => output(chunk, from));
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_/health`)).status === 200;
  } catch {
    return false;
  }
}

/** Its end, as people read it. */
function inWords(log: string): string {
  const lines: string[] = [];
  const show = createReadableLog((line) => lines.push(line), false);
  show(log.endsWith("\n") ? log : `${log}\n`);
  return lines.slice(-LAST_LINES).join("");
}

/** The output, and what was last said through it. */
function withLastWords(output: Output): { output: Output; lastWords(): Promise<string> } {
  if (output === "screen") return { output, lastWords: async () => "" };
  if (typeof output === "object") {
    const read = () => readFile(output.file, "utf8").catch(() => "");
    return {
      output,
      lastWords: async () => `. Its log, ${output.file}, ends with\n${inWords(await read())}`,
    };
  }
  let said = "";
  return {
    output(chunk, from) {
      said = `${said}${chunk}`.slice(-LAST_WORDS);
      output(chunk, from);
    },
    lastWords: async () => `. It said last\n${inWords(said)}`,
  };
}

/** Starts the built connector in a process of its own; resolves once `GET /_/health` answers 200, or rejects with why not. */
export async function startConnector(options: ProcessOptions): Promise<ConnectorProcess> {
  const { output, lastWords } = withLastWords(options.output);
  const port = Number(options.env["VCR_PORT"]);
  const url = `http://127.0.0.1:${port}`;
  const child = spawnConnector({ ...options, output });
  let ended: Exit | undefined;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    // Not "exit": what it said last may still be in a pipe.
    child.once("close", (code, signal) => {
      ended = code ?? signal ?? "unknown";
      resolve(ended);
    });
  });
  const end = async (signal: NodeJS.Signals) => {
    if (ended === undefined) child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    try {
      return await exited;
    } finally {
      clearTimeout(late);
    }
  };

  const deadline = Date.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (ended !== undefined)
      throw new Error(`the connector ended before it was healthy (${ended})${await lastWords()}`);
    if (Date.now() > deadline) {
      await end("SIGKILL");
      throw new Error(`the connector was not healthy after ${START_MS / 1_000} s${await lastWords()}`);
    }
    await sleep(LOOK_MS);
  }
  return {
    url,
    port,
    process: child,
    exited,
    isAlive: () => ended === undefined,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async peakMegabytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
      return Math.round(Number(status.match(/^VmHWM:\s+(\d+) kB/m)?.[1] ?? 0) / 1_024);
    },
  };
}
