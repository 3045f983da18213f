import type { ErrorRequestHandler, RequestHandler } from "express";
import { withDeadline } from "../lib/deadline.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Clock, Timers } from "../lib/runtime.ts";
import { parseReference } from "../vonage/reference.ts";
import { readUnprovedBody } from "./middleware/body.ts";
import { fieldOf, idIn, type RefusalLog } from "./refusals.ts";

export interface WebhookPorts {
  /** Throws a ConnectorError with the status Vonage must see. */
  verify(headers: Record<string, string | string[] | undefined>, rawBody: Uint8Array): void;
  now: Clock;
  timers: Timers;
  refusals: RefusalLog;
  log: Log;
}

/** Vonage waits 15 s for an answer. It gets one within ten, with a second to spare for a loaded machine. */
const DEADLINE_MS = 9_000;

/** What every webhook of Vonage shares: bytes, signature, deadline, and an answer that makes Vonage do the right thing. */
export function webhookRoute(
  { verify, timers, refusals }: WebhookPorts,
  handle: (body: unknown) => Promise<string>,
) {
  const authenticate: RequestHandler = (req, res, next) => {
    verify(req.headers, res.locals["rawBody"]);
    next();
  };
  const respond: RequestHandler = async (req, res) => {
    const status = await withDeadline(
      handle(req.body),
      DEADLINE_MS,
      "The webhook could not be handled in time",
      timers,
    );
    res.status(200).json({ status });
  };
  const onError: ErrorRequestHandler = (thrown, req, res, _next) => {
    const error = asConnectorError(thrown);
    // Vonage drops for good whatever is answered 4xx, so trouble of ours is always 503.
    const status = error.httpStatus >= 500 ? 503 : error.httpStatus;
    refusals.refused(req, { what: "Webhook not taken", error, status, about: idsIn(req.body) });
    res.status(status).json({ message: status >= 500 ? "Try again later" : error.message });
  };
  return [...readUnprovedBody(["json"]), authenticate, respond, onError];
}

/** Whatever they are worth: the webhook may be anybody's. */
function idsIn(body: unknown) {
  const reference = parseReference(idIn(fieldOf(body, "client_ref")));
  return {
    msg_id: reference?.form === "verbatim" ? reference.id : undefined,
    message_uuid: idIn(fieldOf(body, "message_uuid")),
  };
}
