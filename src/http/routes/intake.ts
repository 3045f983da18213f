import type { Request, RequestHandler, Response } from "express";
import type { OutboundMessage } from "../../core/message.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { asConnectorError } from "../../lib/errors.ts";
import type { Clock, Timers } from "../../lib/runtime.ts";
import type { Answer, PlatformChannel } from "../../platforms/platform.ts";
import { answerJson } from "../answer.ts";
import { demandCredentials } from "../middleware/authenticate.ts";
import { AUTHENTICATED_BYTES, readBody } from "../middleware/body.ts";
import { idIn, type RefusalLog } from "../refusals.ts";

/** A platform's own send that was not accepted, with what is known of it. */
export interface NotAccepted {
  tag: string;
  code: string;
  id: string | undefined;
  message: OutboundMessage | undefined;
}

export interface IntakePorts {
  accept(message: OutboundMessage): Promise<void>;
  notAccepted(send: NotAccepted): void;
  now: Clock;
  timers: Timers;
  refusals: RefusalLog;
}

/** Platforms give up after about 5 s; a false "not accepted" costs less than a time-out. */
const DEADLINE_MS = 3_800;

const REQUEST_ID_HEADER = "x-request-id";

/** A platform's send, answered in the words of its contract whatever happens. */
export function intakeRoute(
  { intake, tag }: PlatformChannel,
  { accept, notAccepted, now, timers, refusals }: IntakePorts,
): RequestHandler {
  async function receive(req: Request, res: Response): Promise<Answer> {
    demandCredentials(intake, req.headers);
    const { value } = await readBody(req, res, intake.formats, AUTHENTICATED_BYTES);
    const convertAndAccept = async () => {
      const message = await intake.toMessage(value, now(), req.get(REQUEST_ID_HEADER));
      res.locals["message"] = message;
      await accept(message);
      return message;
    };
    const message = await withDeadline(
      convertAndAccept(),
      DEADLINE_MS,
      "The queue did not answer in time",
      timers,
    );
    return intake.accepted(message);
  }

  function refuse(thrown: unknown, req: Request, res: Response): Answer {
    const error = asConnectorError(thrown);
    const reply = intake.failed(error);
    const message = res.locals["message"] as OutboundMessage | undefined;
    const id = message?.id ?? idIn(intake.idIn?.(req.body));
    if (error.code !== "unauthorized") notAccepted({ tag, code: error.code, id, message });
    refusals.refused(req, {
      ...{ what: "Send not accepted", error, status: reply.status },
      about: { msg_id: id, origin: tag, template: templateIn(message) },
    });
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
