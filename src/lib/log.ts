import { type Logger, pino } from "pino";
import type { Clock } from "./runtime.ts";

/** One wide line a step: ids, counts, codes and durations; never numbers, text or secrets. */
export interface Log {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}

/** An id that begins with a phone number, as a platform may make them: the number and a dot. */
const NUMBER_IN_ID = /^\+?\d{3,11}(?=\d{4}\.)/;

/** A message's id as a log line or a page may show it: of a number in front the last four digits. */
export const shownId = (id: string): string => id.replace(NUMBER_IN_ID, "…");

/**
 * The process's logger: one JSON object a line on standard output, `level` as a word, `time` in ISO 8601.
 * Callers pass ids and masked numbers only; the redaction list is the second fence behind that rule.
 */
export function createLog(
  level: string,
  destination: { write(line: string): void } | undefined,
  now: Clock,
): Logger {
  const options = {
    level,
    base: null,
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
  return destination ? pino(options, destination) : pino(options);
}
