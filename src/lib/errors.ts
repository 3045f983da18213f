export interface ErrorOptions {
  /** True when the same request may succeed later without anybody changing it. */
  retryable?: boolean;
  /** The HTTP status for whoever asked, where its contract has no other answer. */
  httpStatus?: number;
  /** Facts for the log and for the caller's decision. Never a secret, a phone number or message text. */
  detail?: Record<string, string | number | boolean | undefined>;
  cause?: unknown;
}

/**
 * The one error type. `code` is a stable word to branch on, `message` is a sentence a marketer can act on,
 * `retryable` says whether trying again can help. A 5xx message is never shown to the outside.
 */
export class ConnectorError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly detail: Record<string, string | number | boolean | undefined>;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
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
    return {
      code: thrown.code,
      message: thrown.message,
      retryable: thrown.retryable,
      ...thrown.detail,
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
    at: frames?.slice(0, 6).map((line) => line.trim()),
  };
}
