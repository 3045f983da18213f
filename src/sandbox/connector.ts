import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Connector {
  url: string;
  /** Ends once the process has ended, with how it did. */
  exited: Promise<string>;
  /** SIGTERM, and SIGKILL if it does not obey within ten seconds. */
  stop(): Promise<void>;
}

const START_MS = 20_000;
const STOP_MS = 10_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_/health`)).status === 200;
  } catch {
    return false;
  }
}

function pipeOutput(child: ChildProcess, options: { logFile?: string; onScreen: boolean }): void {
  const file = options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: "a" });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      file?.write(chunk);
      if (options.onScreen) process.stdout.write(chunk);
    });
  }
  child.once("close", () => file?.end());
}

/** Starts `dist/main.js` with this environment and nothing else; resolves when `GET /_/health` answers 200. */
export async function startConnector(options: {
  env: Record<string, string>;
  port: number;
  logFile?: string;
  onScreen?: boolean;
}): Promise<Connector> {
  const { env, port, onScreen = false } = options;
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ["--enable-source-maps", "dist/main.js"], {
    env: { PATH: process.env["PATH"] ?? "", ...env, VCR_PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  pipeOutput(child, { onScreen, ...(options.logFile === undefined ? {} : { logFile: options.logFile }) });
  let ended: string | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = `exit ${code ?? signal}`;
      resolve(ended);
    });
  });

  const stop = async () => {
    if (ended !== undefined) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };

  const deadline = Date.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (ended !== undefined) throw new Error(`the connector ended before it was healthy (${ended})`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`the connector was not healthy after ${START_MS / 1000} s`);
    }
    await sleep(50);
  }
  return { url, exited, stop };
}
