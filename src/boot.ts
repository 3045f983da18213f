// `dist/main.js`: runs the bundle beside it, with what V8 has compiled of it already. Most of a start is compiling.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

// As in `main.ts`: the Vonage SDKs print secrets for most values of it, and look at it when they are loaded.
if (process.env["DEBUG"] !== "true") delete process.env["DEBUG"];

const file = `${import.meta.dirname}/server.cjs`;

/** What the build compiled; V8 refuses it by itself where another version of Node made it. */
function compiled(): Buffer | undefined {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}

// The build writes ASCII alone, which is read in a tenth of the time.
const script = new Script(readFileSync(file, "latin1"), { filename: file, cachedData: compiled() });
// From here on the heap grows by this much between two full collections, not fourfold: a quarter less memory under load
// for a few percent of the time. Set before, it would make V8 refuse what was compiled without it.
setFlagsFromString("--heap-growing-percent=100");
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname);
