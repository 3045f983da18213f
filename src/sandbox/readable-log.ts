/** Fields that every line has, or that its beginning shows. */
const SHOWN = new Set(["level", "time", "replica", "msg"]);
const COLOURS: Record<string, number> = { debug: 2, info: 0, warn: 33, error: 31, fatal: 31 };

/**
 * The connector's log for people: each line of JSON as time, level, words and `name=value`; anything else as it came.
 * Takes what arrives in pieces and gives whole lines.
 */
export function createReadableLog(
  write: (text: string) => void,
  isColoured: boolean,
): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) write(`${readable(line, isColoured)}\n`);
  };
}

function readable(line: string, isColoured: boolean): string {
  const fields = parsed(line);
  if (fields === undefined) return line;
  const { level, time, msg } = fields;
  const clock = typeof time === "string" ? time.slice(11, 23) : "";
  const more = Object.entries(fields)
    .filter(([name]) => !SHOWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const text = `${String(level).toUpperCase().padEnd(5)} ${String(msg)}`;
  const coloured = isColoured ? paint(text, COLOURS[String(level)] ?? 0) : text;
  const details = more.join("  ");
  return [clock, coloured, isColoured ? paint(details, 2) : details].filter(Boolean).join(" ");
}

const paint = (text: string, colour: number) =>
  text === "" || colour === 0 ? text : `\u001b[${colour}m${text}\u001b[0m`;

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "msg" in value
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** For a terminal; colours only where it is one that wants them. */
export const readableOnScreen = () =>
  createReadableLog(
    (text) => void process.stdout.write(text),
    process.stdout.isTTY === true && !process.env["NO_COLOR"],
  );
