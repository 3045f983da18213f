import type { Request, RequestHandler, Response } from "express";
import type { OutboundMessage } from "../../core/message.ts";
import type { AcceptBatch } from "../../flows/intake/batch.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { asConnectorError, type ConnectorError } from "../../lib/errors.ts";
import type { Clock, Timers } from "../../lib/runtime.ts";
import { type Answer, type PlatformChannel, USUAL_PATIENCE } from "../../platforms/platform.ts";
import type { Admission } from "../admission.ts";
import { answerJson } from "../answer.ts";
import { hasCredentials } from "../auth/credentials.ts";
import { demandCredentials } from "../middleware/authenticate.ts";
import { AUTHENTICATED_BYTES, readBody } from "../middleware/body.ts";
import { idIn, type RefusalLog } from "../refusals.ts";

/** A send that was not accepted, a platform's own or, with `unauthorized`, a stranger's. */
export interface NotAccepted {
  tag: string;
  code: string;
  /** The HTTP status of the error. */
  status: number;
  id: string | undefined;
  message: OutboundMessage | undefined;
  /** Right or wrong. */
  hasCredentials: boolean;
}

export interface IntakePorts {
  admission: Admission;
  /** `templatesMs` is how long the message may wait for a list of templates. */
  accept(message: OutboundMessage, templatesMs: number): Promise<void>;
  acceptBatch: AcceptBatch;
  /** Rejects for a message that its template would not take; it may be read anew once more is known of that. */
  tryTemplate(read: () => OutboundMessage, templatesMs: number): Promise<void>;
  notAccepted(send: NotAccepted): void;
  now: Clock;
  timers: Timers;
  refusals: RefusalLog;
}

const REQUEST_ID_HEADER = "x-request-id";

/** A platform's send, answered in the words of its contract whatever happens. */
export function intakeRoute(
  { intake, tag, channel }: PlatformChannel,
  { admission, accept, acceptBatch, tryTemplate, notAccepted, now, timers, refusals }: IntakePorts,
): RequestHandler {
  const { batch, trials, patience = USUAL_PATIENCE, maxBytes = AUTHENTICATED_BYTES } = intake;
  const { templatesMs } = patience;
  const idOf = (body: unknown) => idIn(intake.idIn?.(body));

  async function answerTo(value: unknown, req: Request, res: Response): Promise<Answer> {
    const convert = (part: unknown) => intake.toMessage(part, now(), req.get(REQUEST_ID_HEADER));
    if (trials?.isTrial(value)) {
      res.locals["isTrial"] = true;
      const { read, passed } = trials;
      const message = read(value, now());
      if (message) await tryTemplate(() => read(value, now()) ?? message, templatesMs);
      return passed();
    }
    const parts = batch?.split(value);
    if (batch && parts) {
      const outcomes = await acceptBatch(parts, { origin: tag, channel, convert, idOf, templatesMs });
      const answer = batch.answered(outcomes);
      for (const { id, error } of outcomes) if (error) refused(req, error, answer, id);
      return answer;
    }
    const message = await convert(value);
    res.locals["message"] = message;
    await accept(message, templatesMs).catch(async (error) => {
      if (asConnectorError(error).code !== "invalid_template") throw error;
      // The list that it does not fit may be newer than the one it was read with.
      await accept(await convert(value), templatesMs);
    });
    return intake.accepted(message);
  }

  async function receive(req: Request, res: Response): Promise<Answer> {
    demandCredentials(intake, req.headers);
    admission.demandRoom("send");
    const { value } = await readBody(req, res, intake.formats, maxBytes);
    const late = "The queue did not answer in time";
    const work = admission.inTurn("send", () => answerTo(value, req, res));
    return withDeadline(work, patience.answerMs, late, timers);
  }

  function refused(
    req: Request,
    error: ConnectorError,
    { status }: Answer,
    id: string | undefined,
    { message, isTrial }: { message?: OutboundMessage; isTrial?: boolean } = {},
  ): void {
    const send = { tag, code: error.code, status: error.httpStatus, id, message };
    if (!isTrial) notAccepted({ ...send, hasCredentials: hasCredentials(req.headers) });
    const about = { msg_id: id, origin: tag, template: templateIn(message) };
    refusals.refused(req, { what: "Send not accepted", error, status, about });
  }

  function refuse(thrown: unknown, req: Request, res: Response): Answer {
    const error = asConnectorError(thrown);
    const reply = intake.failed(error);
    const about = res.locals as { message?: OutboundMessage; isTrial?: boolean };
    refused(req, error, reply, about.message?.id ?? idOf(req.body), about);
    return reply;
  }

  return async (req, res) => {
    const reply = await receive(req, res).catch((thrown) => refuse(thrown, req, res));
    answerJson(res, reply.status, reply.body, reply.headers);
  };
}

const templateIn = (message: OutboundMessage | undefined): string | undefined =>
  message?.channel === "whatsapp" && message.content.type === "template"
    ? message.content.template.name
    : undefined;
