import type { ErrorRequestHandler, RequestHandler } from "express";
import { withDeadline } from "../lib/deadline.ts";
import { asConnectorError, loggableError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Clock } from "../lib/runtime.ts";
import { readBody, UNAUTHENTICATED_BYTES } from "./middleware/body.ts";

export interface WebhookPorts {
  /** Throws a ConnectorError with the status Vonage must see. */
  verify(headers: Record<string, string | string[] | undefined>, rawBody: Uint8Array): void;
  now: Clock;
  log: Log;
}

/** Vonage waits 15 s for an answer. It gets one within ten, with a second to spare for a loaded machine. */
const DEADLINE_MS = 9_000;

/** What every webhook of Vonage shares: bytes, signature, deadline, and an answer that makes Vonage do the right thing. */
export function webhookRoute({ verify, log }: WebhookPorts, handle: (body: unknown) => Promise<string>) {
  const authenticate: RequestHandler = (req, res, next) => {
    verify(req.headers, res.locals["rawBody"]);
    next();
  };
  const respond: RequestHandler = async (req, res) => {
    const status = await withDeadline(
      handle(req.body),
      DEADLINE_MS,
      "The webhook could not be handled in time",
    );
    res.status(200).json({ status });
  };
  const onError: ErrorRequestHandler = (thrown, req, res, _next) => {
    const error = asConnectorError(thrown);
    // Vonage drops for good whatever is answered 4xx, so trouble of ours is always 503.
    const status = error.httpStatus >= 500 ? 503 : error.httpStatus;
    log[status >= 500 ? "error" : "warn"](
      { path: req.path, status, ...loggableError(error) },
      `Webhook not taken: ${error.code}`,
    );
    res.status(status).json({ message: status >= 500 ? "Try again later" : error.message });
  };
  return [...readBody(["json"], UNAUTHENTICATED_BYTES), authenticate, respond, onError];
}
