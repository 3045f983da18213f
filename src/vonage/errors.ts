import { wordsIn } from "../core/codes.ts";
import type { Concerns, FailedSend } from "../core/ports.ts";
import type { FailureReason } from "../core/report.ts";
import type { Facts } from "../lib/errors.ts";
import type { HttpResponse } from "../lib/http-client.ts";
import { STATUS_CODES } from "./codes.ts";
import { type Problem, problem } from "./contract.ts";
import { META_CODES } from "./meta-codes.ts";

/** Codes of statuses as reasons, for the few that the connector does something about. */
export const STATUS_REASONS: Record<string, FailureReason> = {
  "1000": "throttled",
  "1022": "template",
  "1240": "carrier_opt_out",
};

/** In HTTP answers too this number is the template's. */
const TEMPLATE_ANCHOR = "1022";

/**
 * A code that leaves this room has one meaning. HTTP answers number the same faults otherwise than statuses do, with
 * some of the same numbers: they get a status's. And `unauthorized` is who asks the connector without credentials.
 */
const CODE_OF_ANCHOR: Record<string, string> = {
  unathorized: "401",
  unauthorized: "401",
  "110": "1430",
  "1060": "1450",
  "1100": "1400",
  "1110": "1410",
  "1120": "1420",
  "1130": "1430",
  "1140": "1440",
  "1150": "1020",
};

/** Error words that concern the account, whatever the HTTP status: nothing can be sent until somebody acts. */
const ACCOUNT_ANCHORS = new Set([
  "low-balance",
  "unathorized",
  "unauthorized",
  "unprovisioned",
  "forbidden",
  "account-suspended",
  "application-suspended",
  "invalid-api-key",
  "invalid-ip",
  "jwt-expired",
  "jwt-revoked",
]);

/**
 * Those of them that may concern one sender alone: a number or a channel that was never linked or enabled. A sender
 * that is invalid as such (422) is the message's own fault: no waiting makes it valid.
 */
const SENDER_ANCHORS = new Set(["unprovisioned", "forbidden"]);

type Outcome = FailedSend["outcome"];

/**
 * What an HTTP status means for the message. 500 and 503 are Vonage's word that nothing was sent and are
 * retried; after 502 and 504 a gateway lost the answer, so nobody knows (docs/decisions/0004).
 */
const OUTCOME_BY_STATUS: Record<number, Outcome> = {
  401: "account",
  402: "account",
  403: "account",
  404: "account",
  405: "account",
  408: "transient",
  429: "throttled",
  500: "transient",
  503: "transient",
};

/** A problem body, however it was labelled; undefined when it is none. */
function parseProblem(text: string): Problem | undefined {
  try {
    return problem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a send came to whose answer was not 2xx. */
export function resultFromResponse({ status, headers, text }: HttpResponse, now: number): FailedSend {
  const body = parseProblem(text);
  const anchor = anchorOf(body);
  const outcome = ACCOUNT_ANCHORS.has(anchor ?? "") ? "account" : outcomeOf(status);
  const vonageCode = isCode(anchor) ? anchor : String(status);
  const code = own(CODE_OF_ANCHOR, vonageCode) ?? vonageCode;
  const reason = anchor === TEMPLATE_ANCHOR ? "template" : undefined;
  const retryAfterSeconds = secondsIn(headers["retry-after"], now);
  const requestId = headers["x-request-id"];
  const facts: Facts = {
    ...{ status, vonageCode, reason, retryAfterSeconds },
    requestId: typeof requestId === "string" ? requestId : undefined,
    blamesReference: blamesReference(status, text) || undefined,
  };
  const description = describe(body) || `Vonage answered HTTP ${status}`;
  switch (outcome) {
    case "refused":
      return { outcome, code, description, reason, facts };
    case "account":
      return { outcome, concerns: concernsOf(status, anchor), code, description, facts };
    case "throttled":
      return { outcome, retryAfterSeconds, facts };
    default:
      return { outcome, facts };
  }
}

const concernsOf = (status: number, anchor: string | undefined): Concerns =>
  SENDER_ANCHORS.has(anchor ?? "") || (anchor === undefined && status === 403) ? "sender" : "account";

/** Seconds, or the date when it is over. */
function secondsIn(retryAfter: string | string[] | undefined, now: number): number | undefined {
  const text = typeof retryAfter === "string" ? retryAfter.trim() : "";
  const seconds = text === "" ? Number.NaN : Number(text);
  const wait = Number.isNaN(seconds) ? (Date.parse(text) - now) / 1_000 : seconds;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** Whether Vonage found fault with our reference itself: some of its pages allow fewer characters than others. */
export function blamesReference(status: number, text: string): boolean {
  if (status !== 422) return false;
  const body = parseProblem(text);
  return (
    anchorOf(body) === "1060" ||
    (body?.invalid_parameters?.some(({ name }) => name === "client_ref") ?? false)
  );
}

/**
 * The error of a status webhook as code and words: the number in `title`, else the `type` anchor, else the title.
 * Only what looks like a code is one, since codes are logged; a sentence goes into the words.
 */
export function statusError(error: Problem | undefined): { code: string; description: string } {
  const title = error?.title === undefined ? undefined : String(error.title).trim();
  const anchor = anchorOf(error);
  const detail = error?.detail?.trim();
  const code = (title && /^\d+$/.test(title) ? [title] : [anchor, title]).find(isCode);
  if (code === undefined) {
    const words = [title || anchor, detail].filter(Boolean).join(": ");
    return { code: "unknown", description: words || NO_REASON };
  }
  const words = detail || wordsFor(code) || (title !== code ? title : undefined);
  return { code, description: words || NO_REASON };
}

const NO_REASON = "Vonage gave no reason";

const isCode = (text: string | undefined): text is string => /^[\w.-]{1,40}$/.test(text ?? "");

const wordsFor = (code: string) => (wordsIn(STATUS_CODES, code) ?? wordsIn(META_CODES, code))?.description;

const own = (table: Record<string, string>, key: string) =>
  Object.hasOwn(table, key) ? table[key] : undefined;

const outcomeOf = (status: number): Outcome =>
  OUTCOME_BY_STATUS[status] ??
  (status >= 500 || status < 300 ? "unknown" : status < 400 ? "account" : "refused");

const anchorOf = (body: Problem | undefined) => body?.type?.split("#")[1]?.trim() || undefined;

function describe(body: Problem | undefined): string {
  const parameters =
    body?.invalid_parameters?.map(({ name, reason }) => [name, reason].filter(Boolean).join(" ")) ?? [];
  return [body?.title, body?.detail, parameters.filter(Boolean).join("; ")].filter(Boolean).join(": ");
}
