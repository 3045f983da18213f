import type { ResultsQuery } from "../core/insight.ts";
import { QUEUE_PURPOSES, type QueuePurpose } from "../core/job.ts";
import type { Channel } from "../core/message.ts";
import type { ReplayChoice } from "../flows/dispatch/replay-letters.ts";
import type { ImportRequest, OptOutRequest } from "../flows/inbound/opt-outs.ts";
import type { TestSend } from "../flows/intake/test-send.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { FailuresQuery } from "./ports.ts";

/** What was given by name: a query, a form, or a JSON object. Every function here throws ConnectorError `invalid_request` in words. */
export type Given = Record<string, unknown>;

const CHANNELS: readonly Channel[] = ["whatsapp", "sms"];
const ACTIONS = ["check", "add", "remove"] as const;
/** Figures are kept for so long. */
const LONGEST_MS = 14 * 24 * 3_600_000;
const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };
const MOST_FAILURES = 1_000;
const MOST_IDS = 1_000;

const invalid = (message: string) => new ConnectorError("invalid_request", message);

/** Refuses what is not among these names: a misspelt filter must not show everything. */
export function only(given: Given, names: readonly string[], what: string): void {
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  const known = names.length === 0 ? "there are none here" : `there are ${names.join(", ")}`;
  throw invalid(`unknown ${what} ${unknown.map((name) => name.slice(0, 40)).join(", ")}: ${known}`);
}

/** Undefined for what is not given, or empty as a form leaves it. */
function text(given: Given, name: string, most = 512): string | undefined {
  const value = given[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number") throw invalid(`${name} must be text`);
  if (String(value).length > most) throw invalid(`${name} is longer than ${most} characters`);
  return String(value);
}

function oneOf<T extends string>(given: Given, name: string, words: readonly T[]): T | undefined {
  const value = text(given, name);
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word === undefined) throw invalid(`${name} must be ${words.join(" or ")}`);
  return word;
}

function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalid(`${name} is missing`);
  return value;
}

function flag(given: Given, name: string): boolean {
  const value = given[name];
  if (value === undefined || value === "" || value === false || value === "false") return false;
  if (value === true || value === "true" || value === "on") return true;
  throw invalid(`${name} must be true or false`);
}

/** Items in a JSON array, or in a text one a line. */
function items(given: Given, name: string): string[] | undefined {
  const value = given[name];
  if (value === undefined || value === "") return undefined;
  const list = Array.isArray(value) ? value : String(value).split(/\r?\n/);
  if (!list.every((item) => typeof item === "string")) throw invalid(`${name} must be a list of texts`);
  return list.map((item) => item.trim()).filter((item) => item !== "");
}

/** A moment, or how long ago it was, such as `30m`, `24h` or `7d`; milliseconds since the epoch. */
function moment(given: Given, name: string, now: number): number | undefined {
  const value = text(given, name, 40);
  if (value === undefined) return undefined;
  const [, count, unit] = value.match(/^(\d{1,6})([mhd])$/) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d))?$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at))
    throw invalid(
      `${name} must be a duration such as 30m, 24h or 7d, or a time such as 2026-01-15T09:00:00Z`,
    );
  return at;
}

export const RESULTS_NAMES = ["since", "until", "platform", "channel", "template"];

export function readResultsQuery(given: Given, now: number): ResultsQuery {
  only(given, RESULTS_NAMES, "parameter");
  const to = Math.min(moment(given, "until", now) ?? now, now);
  const from = Math.max(moment(given, "since", now) ?? now - (UNITS["d"] ?? 0), now - LONGEST_MS);
  if (from >= to) throw invalid("since must be before until, and within the last 14 days");
  const platform = text(given, "platform");
  const channel = oneOf(given, "channel", CHANNELS);
  const template = text(given, "template");
  return {
    ...{ from, to },
    ...(platform ? { platform } : {}),
    ...(channel ? { channel } : {}),
    ...(template ? { template } : {}),
  };
}

export function readFailuresQuery(given: Given, now: number): FailuresQuery {
  only(given, ["since", "code", "template", "limit"], "parameter");
  const limit = Number(text(given, "limit") ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_FAILURES)
    throw invalid(`limit must be a whole number from 1 to ${MOST_FAILURES}`);
  const from = moment(given, "since", now) ?? now - (UNITS["d"] ?? 0);
  const [code, template] = [text(given, "code"), text(given, "template")];
  return { from, limit, ...(code ? { code } : {}), ...(template ? { template } : {}) };
}

export function readReplay(given: Given, now: number): ReplayChoice {
  only(given, ["queue", "ids", "all", "since", "dryRun"], "field");
  const queue = oneOf<QueuePurpose>(given, "queue", QUEUE_PURPOSES);
  const ids = items(given, "ids");
  const since = moment(given, "since", now);
  const all = flag(given, "all");
  if ([ids !== undefined, since !== undefined, all].filter(Boolean).length !== 1)
    throw invalid("say which to put back: give ids, or all: true, or since, and only one of them");
  if ((ids?.length ?? 0) > MOST_IDS) throw invalid(`ids are at most ${MOST_IDS} at a time`);
  const which = ids ? { ids } : since !== undefined ? { since } : { all: true as const };
  return { ...(queue ? { queue } : {}), dryRun: flag(given, "dryRun"), ...which };
}

export function readOptOut(given: Given): OptOutRequest {
  only(given, ["action", "channel", "number"], "field");
  return {
    action: needed(oneOf(given, "action", ACTIONS), "action"),
    channel: needed(oneOf(given, "channel", CHANNELS), "channel"),
    number: needed(text(given, "number", 200), "number").trim(),
  };
}

export function readImport(given: Given): ImportRequest {
  only(given, ["csv", "channel", "action", "dryRun"], "field");
  const { csv } = given;
  if (typeof csv !== "string" || csv.trim() === "") throw invalid("csv is missing: the numbers, one a line");
  const action = oneOf(given, "action", ["add", "remove"] as const) ?? "add";
  return { csv, channel: oneOf(given, "channel", CHANNELS), action, dryRun: flag(given, "dryRun") };
}

export function readTestSend(given: Given): TestSend {
  only(given, ["channel", "to", "from", "template", "language", "parameters", "text"], "field");
  const template = text(given, "template");
  const language = text(given, "language", 20);
  const [words, from] = [text(given, "text", 5_000), text(given, "from", 40)];
  const parameters = items(given, "parameters");
  return {
    channel: needed(oneOf(given, "channel", CHANNELS), "channel"),
    to: needed(text(given, "to", 200), "to").trim(),
    ...(from ? { from } : {}),
    ...(template ? { template } : {}),
    ...(language && template ? { language } : {}),
    ...(parameters && template ? { parameters } : {}),
    ...(words ? { text: words } : {}),
  };
}
