import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

interface Entry {
  originalSource?: string;
  originalLine?: number;
  originalColumn?: number;
}

/** Large, and of use for moments only. */
let known: WeakRef<SourceMap> | undefined;

function mapOf(file: string): SourceMap {
  const map = known?.deref() ?? new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  known = new WeakRef(map);
  return map;
}

/**
 * A frame of a stack trace with its place in the sources instead of that in the bundle; as it is where there is no
 * bundle. Node's own way to do so costs every socket that fails a look at the map, and every start 50 ms.
 */
export function withSourcePlace(frame: string): string {
  const [place, file, line, column] = /([^\s(]+\.cjs):(\d+):(\d+)/.exec(frame) ?? [];
  if (place === undefined || file === undefined) return frame;
  try {
    const entry: Entry = mapOf(file).findEntry(Number(line) - 1, Number(column) - 1);
    if (entry.originalSource === undefined) return frame;
    const source = entry.originalSource.replace(/^(\.\.\/)+/, "");
    return frame.replace(
      place,
      `${source}:${(entry.originalLine ?? 0) + 1}:${(entry.originalColumn ?? 0) + 1}`,
    );
  } catch {
    return frame;
  }
}
