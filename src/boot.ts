// `dist/main.js`: runs the bundle beside it, with what V8 has compiled of it already. Most of a start is compiling.
import { readFileSync } from "node:fs";
import { createRequire, SourceMap } from "node:module";
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

let map: SourceMap | undefined;

/** The place in the sources. The map is large, so that it is read when somebody asks for the first time. */
function placeOf(frame: NodeJS.CallSite): string {
  if (frame.getFileName() !== file) return String(frame);
  map ??= new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  const { originalSource, originalLine, originalColumn } = map.findEntry(
    (frame.getLineNumber() ?? 1) - 1,
    (frame.getColumnNumber() ?? 1) - 1,
  ) as Partial<ReturnType<SourceMap["findEntry"]>> & {
    originalSource?: string;
    originalLine?: number;
    originalColumn?: number;
  };
  if (originalSource === undefined) return String(frame);
  const source = originalSource.replace(/^(\.\.\/)+/, "");
  const place = `${source}:${(originalLine ?? 0) + 1}:${(originalColumn ?? 0) + 1}`;
  return String(frame).replace(/[^\s(]+:\d+:\d+/, place);
}

Error.prepareStackTrace = (error, frames) =>
  [String(error), ...frames.map((frame) => `    at ${placeOf(frame)}`)].join("\n");

// The build writes ASCII alone, which is read in a tenth of the time.
const script = new Script(readFileSync(file, "latin1"), { filename: file, cachedData: compiled() });
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname);
