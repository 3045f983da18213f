import type { Request, RequestHandler, Response } from "express";
import { withDeadline } from "../lib/deadline.ts";
import { asConnectorError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Clock, Timers } from "../lib/runtime.ts";
import { parseReference } from "../vonage/reference.ts";
import type { Admission } from "./admission.ts";
import { answerJson } from "./answer.ts";
import { readUnprovedBody } from "./middleware/body.ts";
import { fieldOf, idIn, type RefusalLog } from "./refusals.ts";

export interface WebhookPorts {
  admission: Admission;
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
  { admission, verify, timers, refusals }: WebhookPorts,
  handle: (body: unknown) => Promise<string>,
): RequestHandler {
  async function receive(req: Request, res: Response): Promise<void> {
    admission.demandRoom("webhook");
    const { bytes, value } = await readUnprovedBody(req, res, ["json"]);
    const verifyAndHandle = async () => {
      verify(req.headers, bytes);
      return handle(value);
    };
    const status = await withDeadline(
      admission.inTurn("webhook", verifyAndHandle),
      DEADLINE_MS,
      "The webhook could not be handled in time",
      timers,
    );
    answerJson(res, 200, { status });
  }

  function refuse(thrown: unknown, req: Request, res: Response): void {
    const error = asConnectorError(thrown);
    // Vonage drops for good whatever is answered 4xx, so trouble of ours is always 503.
    const status = error.httpStatus >= 500 ? 503 : error.httpStatus;
    refusals.refused(req, { what: "Webhook not taken", error, status, about: idsIn(req.body) });
    answerJson(res, status, { message: status >= 500 ? "Try again later" : error.message });
  }

  return (req, res) => receive(req, res).catch((thrown) => refuse(thrown, req, res));
}

/** Whatever they are worth: the webhook may be anybody's. */
function idsIn(body: unknown) {
  const reference = parseReference(idIn(fieldOf(body, "client_ref")));
  return {
    msg_id: reference?.form === "verbatim" ? reference.id : undefined,
    message_uuid: idIn(fieldOf(body, "message_uuid")),
  };
}
