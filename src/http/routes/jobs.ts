import type { Request, RequestHandler, Response } from "express";
import { idOf, type Job } from "../../core/job.ts";
import { CHANNEL_LABEL } from "../../core/message.ts";
import { asConnectorError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { Admission } from "../admission.ts";
import { answerJson } from "../answer.ts";
import { readUnprovedBody } from "../middleware/body.ts";
import { fieldOf, idIn, type RefusalLog } from "../refusals.ts";

export const JOBS_PATH = "/webhooks/message-dispatcher";

export interface JobPorts {
  admission: Admission;
  /**
   * Rejects with ConnectorError `foreign_job` (401) for what this connector did not sign; with `unknown_job_version`
   * or `unreadable_job`, retryable, for a job of ours that this version of the connector cannot read.
   */
  readJob(received: unknown): Promise<Job>;
  dispatch(job: Job): Promise<void>;
  /** Whose addresses are named to somebody who mistook the queue's for one of them. */
  channels: readonly PlatformChannel[];
  refusals: RefusalLog;
  log: Log;
}

/** A delivery of the queue: 2xx done, 5xx again, 401 not our job. */
export function jobRoute({
  admission,
  channels,
  readJob,
  dispatch,
  refusals,
  log,
}: JobPorts): RequestHandler {
  async function handle(req: Request, res: Response): Promise<void> {
    const { value } = await readUnprovedBody(req, res, ["json"]);
    await admission.inTurn("job", async () => {
      const job = await readJob(value);
      const about = { msg_id: idOf(job), kind: job.kind, attempt: job.attempt };
      res.locals["about"] = about;
      if (log.follows(about.msg_id)) log.info(about, `POST ${JOBS_PATH}`);
      await dispatch(job);
    });
    answerJson(res, 200, { status: "done" });
  }

  function refuse(thrown: unknown, req: Request, res: Response): void {
    const error = asConnectorError(thrown);
    const { httpStatus: status } = error;
    const about = res.locals["about"] ?? { msg_id: claimedId(req.body) };
    refusals.refused(req, { what: "Job not done", error, status, about });
    // The queue sends no such thing: somebody mistook this address for another.
    const isMistaken = [400, 401, 415].includes(status);
    const message = status >= 500 ? "Try again" : isMistaken ? theQueuesOwn(channels) : error.message;
    answerJson(res, status, { message });
  }

  return (req, res) => handle(req, res).catch((thrown) => refuse(thrown, req, res));
}

const theQueuesOwn = (channels: readonly PlatformChannel[]) => {
  const addresses = channels.map(({ channel, intake }) => `${CHANNEL_LABEL[channel]} to ${intake.path}`);
  return ["This address is the queue's own", addresses.join(", ")].filter(Boolean).join(": send ");
};

/** The id of what is not proved to be a job of ours, or of a platform's request at the wrong address. */
function claimedId(body: unknown): string | undefined {
  const job = contentOf(fieldOf(body, "body"));
  const holders = [fieldOf(job, "message"), fieldOf(job, "report"), fieldOf(job, "reply"), job];
  const ids = [...holders.map((holder) => fieldOf(holder, "id")), fieldOf(body, "msg_id")];
  return ids.map(idIn).find((id) => id !== undefined);
}

function contentOf(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
