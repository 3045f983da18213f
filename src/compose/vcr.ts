import type { Config } from "../config/schema.ts";
import type { QueuePurpose } from "../core/job.ts";
import { createStateMarks } from "../flows/state-marks/state-marks.ts";
import { JOBS_PATH } from "../http/routes/jobs.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { createJobQueue, queueName, queueStanding } from "../vcr/job-queue.ts";
import { createJobSigner } from "../vcr/job-signer.ts";
import { createLargePayloads } from "../vcr/large-payload.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";

/** The platform this runs on: its State and its queues, with jobs that are signed and kept small. */
export function composeVcr(
  config: Config,
  { httpClient, runtime, log }: { httpClient: HttpClient; runtime: Runtime; log: Log },
) {
  const { serviceName } = config.instance;
  const session = createSession(config, httpClient);
  const stateMarks = createStateMarks(() => state, serviceName, runtime.now, log);
  const state = createState(session, runtime, stateMarks.used);
  const signer = createJobSigner(config.jobSigningKeys);
  const queueSettings = {
    serviceName,
    callbackPath: JOBS_PATH,
    ...config.dispatch,
    maxRequestBytes: config.queueMaxRequestBytes,
  };
  const largePayloads = createLargePayloads(state, signer, runtime);
  return {
    session,
    state,
    stateMarks,
    queueSettings,
    queue: createJobQueue(session, queueSettings, signer, largePayloads, runtime),
    queueStanding: (purpose: QueuePurpose) => queueStanding(session, queueName(serviceName, purpose)),
    verifyJob: signer.verify,
    loadOffloaded: largePayloads.load,
    discardOffloaded: largePayloads.discard,
  };
}

export type Vcr = ReturnType<typeof composeVcr>;
