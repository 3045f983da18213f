import { pino } from "pino";
import type { Clock, Runtime } from "./runtime.ts";

/** One wide line a step: ids, counts, codes and durations; never numbers, text or secrets. */
export interface Log {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
  /**
   * Whether a line on this message's way is to be written now: always while few messages are under way, above that
   * for a sample of them, the same at every replica. Ask before the line is made.
   */
  follows(id: string): boolean;
}

/** Lines on messages' ways that make a busy second: those of about five messages. */
const BUSY = 40;

/** In a second that is busy, or follows one that was, a sample is followed. */
function createFollows(level: string, now: Clock): Log["follows"] {
  if (level === "debug" || level === "trace") return () => true;
  let second = 0;
  let asked = 0;
  let askedBefore = 0;
  return (id) => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      askedBefore = current === second + 1 ? asked : 0;
      asked = 0;
      second = current;
    }
    asked++;
    return (asked <= BUSY && askedBefore <= BUSY) || isSampled(id);
  };
}

/** One of 64 ids, by a hash (FNV-1a) of both of their ends: some platforms' ids differ in one of them alone. */
function isSampled(id: string): boolean {
  let hash = 0x811c9dc5;
  const tail = Math.max(12, id.length - 8);
  for (let at = 0; at < id.length; at = at === 11 ? tail : at + 1)
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 26 === 0;
}

/** An id that begins with a phone number, as a platform may make them: the number and a dot. */
const NUMBER_IN_ID = /^\+?\d{3,11}(?=\d{4}\.)/;

/** A message's id as a log line or a page may show it: of a number in front the last four digits. */
export const shownId = (id: string): string => id.replace(NUMBER_IN_ID, "…");

/**
 * Writes the lines of one turn of the event loop together: a write of its own costs a line ten times what making it
 * costs. Errors leave at once, with what came before them. A process that is killed loses the lines of that very turn;
 * one that ends in any other way loses none.
 */
export function turnByTurn(
  runtime: Pick<Runtime, "setImmediate">,
  output: { write(lines: string): unknown } = standardOutput(),
) {
  let kept = "";
  const flush = () => {
    const lines = kept;
    kept = "";
    if (lines !== "") output.write(lines);
  };
  process.once("exit", flush);
  return {
    write(line: string): void {
      const isDue = kept !== "";
      kept += line;
      if (line.startsWith(ERROR_LINE)) flush();
      else if (!isDue) runtime.setImmediate(flush);
    },
  };
}

/** Files and pipes are written to before `write` returns. https://nodejs.org/api/process.html#a-note-on-process-io */
function standardOutput() {
  // Whoever read it may have gone: that is no reason to end.
  process.stdout.on("error", () => undefined);
  return process.stdout;
}

const ERROR_LINE = '{"level":"error"';

/**
 * The process's logger: one JSON object a line on standard output, `level` as a word, `time` in ISO 8601,
 * and which replica it is.
 * Callers pass ids and masked numbers only; the redaction list is the second fence behind that rule.
 */
export function createLog(
  level: string,
  destination: { write(line: string): void },
  now: Clock,
  replica: string,
): Log {
  const options = {
    level,
    base: { replica },
    messageKey: "msg",
    timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { msg_id: (id: unknown) => (typeof id === "string" ? shownId(id) : id) },
    redact: {
      paths: [
        "to",
        "from",
        "text",
        "body",
        "parameters",
        "components",
        "headers",
        "authorization",
        "url",
        "*.to",
        "*.from",
        "*.text",
        "*.headers",
      ],
      censor: "[redacted]",
    },
  };
  const log = pino(options, destination);
  return Object.assign(log, { follows: createFollows(level, now) });
}
