import type { Concerns, FailedSend } from "../core/ports.ts";
import type { FailureReason } from "../core/report.ts";
import type { Facts } from "../lib/errors.ts";
import type { HttpResponse } from "../lib/http-client.ts";
import { type Problem, problem } from "./contract.ts";

/**
 * Codes of `error.title` in status webhooks, in words a marketer can act on, for statuses that bring no words.
 * HTTP answers use another numbering with some of the same numbers: this table is not for them.
 * https://developer.vonage.com/en/api-errors/messages
 */
export const STATUS_ERRORS: Record<string, string> = {
  "1000": "Throttled: the account's sending capacity was exceeded",
  "1010": "Missing parameters",
  "1020": "Invalid parameters",
  "1021": "Invalid tag",
  "1022": "Invalid template or template parameters",
  "1030": "Internal error at Vonage",
  "1040": "Invalid message, for example an unknown number prefix",
  "1050": "The number is barred",
  "1060": "The partner account is barred",
  "1070": "The provider's quota is exceeded",
  "1080": "The account is not enabled for this API",
  "1090": "The message is too long",
  "1100": "Communication failed, the message was not submitted",
  "1120": "The sender address is not allowed by local rules",
  "1130": "Invalid time to live",
  "1140": "The account may not use this facility",
  "1150": "Invalid message class",
  "1160": "The destination is not on the demo account's list",
  "1170": "Invalid recipient",
  "1180": "The destination is temporarily unavailable",
  "1190": "The number is permanently absent: remove it",
  "1200": "Number portability error",
  "1210": "Rejected by an anti-spam filter",
  "1220": "The handset was busy",
  "1230": "Temporary network failure",
  "1240": "The recipient has opted out with the carrier",
  "1241": "Too many requests to this phone number",
  "1242": "The number pool does not exist",
  "1250": "The destination cannot be routed",
  "1251": "No route to the destination",
  "1260": "The destination is unreachable",
  "1270": "The subscriber is under the age limit",
  "1280": "The number is blocked by the carrier",
  "1282": "Rejected by the provider for its content or policy",
  "1290": "The recipient's pre-paid credit is used up",
  "1300": "The recipient is not on this network, for example not a WhatsApp user",
  "1310": "The recipient's device cannot take the message",
  "1320": "The message was sent already",
  "1330": "Delivery failed at the provider for an unknown reason",
  "1331": "The provider does not respond",
  "1340": "Outside the allowed window: only a template can be sent",
  "1350": "The phone matching fee is not paid",
  "1360": "The time to live ended before delivery",
  "1370": "The access token has expired",
  "1380": "Invalid media address",
  "1381": "The media file is too large",
  "1382": "The media type is not supported",
  "1400": "Unsupported channel",
  "1410": "Invalid channel parameters",
  "1420": "Invalid sender",
  "1430": "Invalid recipient",
  "1431": "More than one recipient",
  "1440": "Invalid message type",
  "1450": "Invalid client reference",
  "1451": "Invalid context",
  "1460": "The daily message limit is exceeded",
  "1461": "Held back by the provider: this person received too many marketing messages",
  "1470": "Blocked by a fraud defender traffic rule",
  "1472": "Blocked by fraud defender: burst of traffic",
  "1473": "Blocked by fraud defender: artificially inflated traffic",
  "1474": "Blocked by fraud defender: country",
  "1475": "Blocked by fraud defender: network",
  "1476": "Blocked by fraud defender: do not originate",
  "1480": "Regulatory entity id missing or wrong",
  "1481": "Regulatory sender header missing or wrong",
  "1482": "Regulatory template id missing or wrong",
  "1483": "The recipient's consent is missing",
  "1484": "Authentication or compliance failure",
  "1490": "Not all parts of the SMS could be confirmed",
  "2001": "Blocked by the provider as fraud",
};

/** The same codes as reasons, for the few that the connector does something about. */
export const STATUS_REASONS: Record<string, FailureReason> = {
  "1000": "throttled",
  "1022": "template",
  "1240": "carrier_opt_out",
};

/** In HTTP answers too this number is the template's. */
const TEMPLATE_ANCHOR = "1022";

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
  const code = isCode(anchor) ? anchor : String(status);
  const reason = anchor === TEMPLATE_ANCHOR ? "template" : undefined;
  const retryAfterSeconds = secondsIn(headers["retry-after"], now);
  const requestId = headers["x-request-id"];
  const facts: Facts = {
    ...{ status, vonageCode: code, reason, retryAfterSeconds },
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

const wordsFor = (code: string) => (Object.hasOwn(STATUS_ERRORS, code) ? STATUS_ERRORS[code] : undefined);

const outcomeOf = (status: number): Outcome =>
  OUTCOME_BY_STATUS[status] ??
  (status >= 500 || status < 300 ? "unknown" : status < 400 ? "account" : "refused");

const anchorOf = (body: Problem | undefined) => body?.type?.split("#")[1]?.trim() || undefined;

function describe(body: Problem | undefined): string {
  const parameters =
    body?.invalid_parameters?.map(({ name, reason }) => [name, reason].filter(Boolean).join(" ")) ?? [];
  return [body?.title, body?.detail, parameters.filter(Boolean).join("; ")].filter(Boolean).join(": ");
}
