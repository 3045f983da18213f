import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** In place of a path. */
const REGISTRY = "registry";
/** One file of 75 MB with the libraries it needs; nothing of it runs while it is installed. */
const PACKAGE = "@sparticuz/chromium@153.0.0";

/**
 * A browser: the one of CHROMIUM_PATH (`registry` for the last of these), the system's, or one from the npm registry, kept in the machine's folder for
 * temporary files. Resolves to why there is none, in words.
 */
export async function launch(): Promise<Browser | string> {
  const path = process.env["CHROMIUM_PATH"] ?? INSTALLED.find((one) => existsSync(one)) ?? REGISTRY;
  try {
    if (path !== REGISTRY) return await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
    return await fromRegistry();
  } catch (error) {
    return `no browser starts here (${(error as Error).message.split("\n")[0]}): install Chromium, or name one in CHROMIUM_PATH`;
  }
}

async function fromRegistry(): Promise<Browser> {
  if (process.platform !== "linux") throw new Error("the registry has one for Linux alone");
  const folder = join(tmpdir(), "connector-browser");
  const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder];
  await promisify(execFile)("npm", ["install", ...options, PACKAGE], { timeout: 300_000 });
  // It brings the libraries of the system it is made for, where it thinks that it runs there.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs22.x";
  const found = createRequire(join(folder, "package.json")).resolve("@sparticuz/chromium");
  const { default: packed } = (await import(found)) as { default: { executablePath(): Promise<string> } };
  return chromium.launch({ executablePath: await packed.executablePath(), args: ["--no-sandbox"] });
}
