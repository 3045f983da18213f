import { withSourcePlace } from "./source-places.ts";

/**
 * Every code an error of the connector can have: stable words that answers to platforms, logs and metrics carry.
 * `retryable` is the error's own; a group says what happened and where the fault is.
 */
export const ERROR_CODES = [
  // What a platform asked for can never be sent as it stands.
  /** The body, or a field that no other code names, is not what the platform's contract says. */
  "invalid_request",
  /** The recipient is no phone number. */
  "invalid_recipient",
  /** The sender is none of the connector's numbers. */
  "invalid_sender",
  /** The request and its template do not go together, or the template is not what the contract says. */
  "invalid_template",
  /** The request names no template, or one that the WhatsApp account does not have (approved). */
  "missing_template",
  /** The values of the request do not fit the template's placeholders. */
  "template_mismatch",
  /** A finished message from which the values for its template cannot be read. */
  "unread_message",
  /** The request has neither a text nor values for a template. */
  "empty_message",
  /** The text is longer than its channel takes. */
  "message_too_long",
  /** The request is of another version of the platform's format. */
  "unsupported_version",

  // The HTTP request itself is not read.
  /** It carries no valid credentials. */
  "unauthorized",
  /** The content type, the charset or the content encoding is not one that is read. */
  "unsupported_media_type",
  /** The body is larger than anybody's may be. */
  "too_large",
  /** There is no body. */
  "empty_body",
  /** The body is not UTF-8 or not JSON. */
  "not_json",
  /** The body did not arrive whole. */
  "unreadable",
  /** Nothing is served at its path. */
  "not_found",

  // The connector takes no more at this moment.
  /** More waits on the queue than can be sent within its time to live. */
  "backlog_full",
  /** Too many requests wait for the same neighbour, or one waited too long. */
  "overloaded",
  /** The work was not done within its time. */
  "deadline",
  /** The connector is stopping. */
  "stopping",
  /** Whatever nobody foresaw. */
  "internal",

  // A webhook of Vonage is not believed or not understood.
  /** It carries no signature. */
  "unsigned",
  /** No configured secret made its signature. */
  "signature_mismatch",
  /** Its signature belongs to another body, or is not Vonage's. */
  "forged_webhook",
  /** Its signature is good, and of another account than the configured one. */
  "other_account",
  /** Its signature is good, and older than Vonage's retries, or of the future: a clock is wrong. */
  "wrong_time",
  /** It, or what waits in the outbox, is about a message of a channel that is off. */
  "channel_off",
  /** It is signed, and not what Vonage's API promises. */
  "invalid_webhook",

  // One request over HTTP.
  /** It surely did not leave. */
  "not_sent",
  /** It may have arrived; no answer did. */
  "no_answer",

  // The queue and its jobs.
  /** A job that this connector did not sign. */
  "foreign_job",
  /** A job of a kind or a format that this version of the connector does not know. */
  "unknown_job_version",
  /** A job without the shape of its kind. */
  "unreadable_job",
  /** The queue did not take a job. */
  "queue_unavailable",
  /** Whether a job may be sent cannot be known: State did not answer. */
  "claim_unanswered",
  /** Whoever looks at figures or stories cannot be answered: State does not answer. */
  "state_away",

  // VCR's providers.
  /** A provider answered with an HTTP error. */
  "provider_refused",
  /** What answered is not the provider, or not in its words. */
  "provider_garbled",
  /** Another replica is telling the platform of the same message. */
  "status_under_way",

  // A platform that is called back.
  /** It is away, or known to be. */
  "platform_unavailable",
  /** It may have what it was told: there was no answer, or a failure of its own, and it counts a repeat as another. */
  "platform_unanswered",
  /** It refused for good. */
  "platform_refused",
  /** What answered is not the platform. */
  "platform_garbled",

  /** Whoever takes the alerts did not take one. */
  "alert_refused",

  // Vonage's management APIs.
  /** The templates are still being fetched. */
  "templates_pending",
  /** Vonage cannot be reached, or fails. */
  "templates_unavailable",
  /** Vonage does not answer in time. */
  "templates_late",
  /** Vonage refuses: credentials and accounts do not belong together. */
  "templates_refused",
  /** Vonage's answer is not what its API promises. */
  "templates_malformed",
  /** Vonage did not give the application's own settings. */
  "application_unknown",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a log line says of a failure. Never a secret, a phone number or message text. */
export type Facts = Record<string, string | number | boolean | undefined>;

export interface ErrorOptions {
  /** True when the same request may succeed later without anybody changing it. */
  retryable?: boolean;
  /** The HTTP status for whoever asked, where its contract has no other answer. */
  httpStatus?: number;
  detail?: Facts;
  cause?: unknown;
}

/**
 * The one error type. `code` is one of the list above, `message` is a sentence a marketer can act on,
 * `retryable` says whether trying again can help. A 5xx message is never shown to the outside.
 */
export class ConnectorError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly detail: Facts;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ConnectorError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.httpStatus = options.httpStatus ?? (this.retryable ? 503 : 400);
    this.detail = options.detail ?? {};
  }
}

/** Wraps whatever was thrown; what is not ours becomes a retryable `internal` error. */
export function asConnectorError(thrown: unknown): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown;
  return new ConnectorError("internal", "Unexpected error in the connector", {
    retryable: true,
    httpStatus: 500,
    cause: thrown,
  });
}

/**
 * The fields of an error that are safe to log. SDK and socket errors carry tokens and bodies in their
 * properties and messages, so of anything that is not ours only its class, code and stack frames are kept.
 */
export function loggableError(thrown: unknown): Record<string, unknown> {
  if (thrown instanceof ConnectorError) {
    const cause = thrown.cause === undefined ? {} : { cause: loggableError(thrown.cause) };
    // An HTTP status in the detail is what a neighbour said: beside it a line says what we answered.
    const { status, ...detail } = thrown.detail;
    return {
      ...detail,
      ...(status === undefined ? {} : { neighbour_status: status }),
      code: thrown.code,
      message: thrown.message,
      retryable: thrown.retryable,
      ...cause,
    };
  }
  if (!(thrown instanceof Error)) return { type: typeof thrown };
  const { code } = thrown as { code?: unknown };
  // A message of several lines may have one that looks like a frame.
  const frames = thrown.stack
    ?.replace(thrown.message, "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "));
  return {
    type: thrown.name,
    ...(typeof code === "string" ? { code } : {}),
    at: frames?.slice(0, 6).map((line) => withSourcePlace(line.trim())),
  };
}
