import type { Request } from "express";
import { type ConnectorError, type ErrorCode, loggableError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Timer, Timers } from "../lib/runtime.ts";

export interface Refusal {
  /** Of the line; the code of the error follows it. */
  what: string;
  error: ConnectorError;
  /** What the caller was answered. */
  status: number;
  /** Ids of the message, as far as the body has them. */
  about?: object;
  /** The level of a refusal in words: `warn`, but where refusing is daily business. */
  mildest?: "info" | "warn";
}

export interface RefusalLog {
  /** Leaves one line, or is counted in the next one of its kind. */
  refused(request: Pick<Request, "path">, refusal: Refusal): void;
  /** Says what was only counted so far. */
  flush(): void;
}

/**
 * What a caller does to every request alike, or a stranger at any rate he likes: the line says all there is to know
 * once, so that a log is not flooded.
 */
const ALIKE = new Set<ErrorCode>([
  "unauthorized",
  "unsupported_media_type",
  "too_large",
  "empty_body",
  "not_json",
  "unreadable",
  "overloaded",
  "not_found",
  "foreign_job",
  "unsigned",
  "signature_mismatch",
  "forged_webhook",
  "other_account",
  "wrong_time",
  "channel_off",
]);
/** Of each kind so many lines; from then on one a minute, with how many there were. */
const FIRST_FEW = 5;
const MINUTE_MS = 60_000;
const MOST_PATH = 100;

interface Kind {
  lines: number;
  counted: number;
  say(counted: number): void;
  timer: Timer;
}

/** Nothing is refused in silence: each refusal leaves a line with its path, or is counted in one. */
export function createRefusalLog(log: Log, runtime: Timers): RefusalLog {
  const kinds = new Map<string, Kind>();

  function tell(key: string, kind: Kind): void {
    if (kind.counted === 0) {
      kinds.delete(key);
      return;
    }
    kind.say(kind.counted);
    kind.counted = 0;
    kind.timer = later(key);
  }

  function later(key: string): Timer {
    const timer = runtime.setTimeout(() => {
      const kind = kinds.get(key);
      if (kind) tell(key, kind);
    }, MINUTE_MS);
    timer.unref();
    return timer;
  }

  return {
    refused({ path }, { what, error, status, about, mildest = "warn" }) {
      const isAlike = ALIKE.has(error.code);
      const level = status >= 500 ? "error" : isAlike ? "warn" : mildest;
      const fields = { path: shownPath(path), ...about, ...loggableError(error), status };
      const line = `${what}: ${error.code}`;
      if (!isAlike) return log[level](fields, line);
      const key = `${what} ${error.code} ${routeOf(path, error)}`;
      const say = (counted: number) => log[level]({ ...fields, counted }, `${line}, again and again`);
      const kind = kinds.get(key) ?? { lines: 0, counted: 0, say, timer: later(key) };
      kinds.set(key, kind);
      kind.say = say;
      if (kind.lines++ < FIRST_FEW) log[level](fields, line);
      else kind.counted++;
    },
    flush() {
      for (const { counted, say, timer } of kinds.values()) {
        runtime.clearTimeout(timer);
        if (counted > 0) say(counted);
      }
      kinds.clear();
    },
  };
}

/** As the router sees it: there are only so many, whatever a stranger writes. */
const routeOf = (path: string, { code }: ConnectorError) =>
  code === "not_found" ? "" : path.toLowerCase().replace(/(?<=.)\/$/, "");

/** A path of somebody's own making may hold a number of a person. */
export const shownPath = (path: string) => path.slice(0, MOST_PATH).replace(/\d{3,}(?=\d{4})/g, "…");

/** No platform's id is longer. */
const MOST_ID = 500;

/** An id as a body has it, when it can be one; undefined for anything else. */
export const idIn = (id: unknown): string | undefined =>
  typeof id === "string" && id !== "" && id.length <= MOST_ID ? id : undefined;

/** The field of that name, whatever is asked for it. */
export const fieldOf = (body: unknown, name: string): unknown =>
  typeof body === "object" && body !== null && Object.hasOwn(body, name)
    ? (body as Record<string, unknown>)[name]
    : undefined;
