import type { ErrorRequestHandler, RequestHandler } from "express";
import { idOf, type Job } from "../../core/job.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { readBody, UNAUTHENTICATED_BYTES } from "../middleware/body.ts";

export const JOBS_PATH = "/webhooks/message-dispatcher";

export interface JobPorts {
  /**
   * Rejects with ConnectorError `foreign_job` (401) for what this connector did not sign; with `unknown_job_version`
   * or `unreadable_job`, retryable, for a job of ours that this version of the connector cannot read.
   */
  readJob(received: unknown): Promise<Job>;
  dispatch(job: Job): Promise<void>;
  log: Log;
}

/** A delivery of the queue: 2xx done, 5xx again, 401 not our job. */
export function jobRoute({ readJob, dispatch, log }: JobPorts) {
  const handle: RequestHandler = async (req, res) => {
    const job = await readJob(req.body);
    const about = { msg_id: idOf(job), kind: job.kind, attempt: job.attempt };
    res.locals["about"] = about;
    log.info(about, `POST ${JOBS_PATH}`);
    await dispatch(job);
    res.status(200).json({ status: "done" });
  };
  const onError: ErrorRequestHandler = (thrown, _req, res, _next) => {
    const error = asConnectorError(thrown);
    const isOurs = error.httpStatus >= 500;
    log[isOurs ? "error" : "warn"](
      { ...res.locals["about"], ...loggableError(error) },
      `Job not done: ${error.code}`,
    );
    res.status(error.httpStatus).json({ message: isOurs ? "Try again" : error.message });
  };
  return [...readBody(["json"], UNAUTHENTICATED_BYTES), handle, onError];
}
