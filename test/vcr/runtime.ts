import { createHttpClient, type HttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { ensureQueues, type QueueSettings } from "../../src/vcr/create-queues.ts";
import { createJobQueue, type JobQueueSettings } from "../../src/vcr/job-queue.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { createLargePayloads } from "../../src/vcr/large-payload.ts";
import { createSession } from "../../src/vcr/session.ts";
import { createState } from "../../src/vcr/state.ts";
import { createClock } from "../support/ports.ts";
import { createSkippableRuntime } from "../support/skippable-runtime.ts";

export const credentials = createCredentials();
export const signer = createJobSigner([credentials.privateKey]);
export const SERVICE = "neru-abcd1234-connector-test";

/** A local VCR; its State's expiry runs on a clock that only tests move. */
export async function openVcr(apps: string[] = []) {
  const clock = createClock();
  const vcr = await startVcr({ credentials, serviceName: SERVICE, apps, now: clock });
  return { vcr, clock };
}

const open: HttpClient[] = [];

type Settings = QueueSettings & JobQueueSettings;

/** One process of the connector at that VCR, and the requests it made; `fails` says which of them do, and how. */
export function startReplica(
  vcr: Vcr,
  over: Partial<Settings> = {},
  fails: (request: HttpRequest) => Error | undefined = () => undefined,
) {
  const requests: HttpRequest[] = [];
  const runtime = createSkippableRuntime();
  const httpClient = createHttpClient(64, { runtime });
  open.push(httpClient);
  const spied: HttpClient = {
    ...httpClient,
    request(request) {
      requests.push(request);
      const error = fails(request);
      if (error) return Promise.reject(error);
      return httpClient.request(request);
    },
  };
  const session = createSession(
    {
      account: { id: credentials.accountId },
      application: { id: credentials.applicationId, privateKey: credentials.privateKey },
      instance: { id: "instance-1", serviceName: SERVICE, publicUrl: undefined },
      providersUrl: vcr.url,
    },
    spied,
  );
  const settings: Settings = {
    serviceName: SERVICE,
    callbackPath: "/webhooks/message-dispatcher",
    ratePerSecond: 29,
    maxInflight: 200,
    maxRequestBytes: 8_000,
    ...over,
  };
  const { now, skip } = runtime;
  const state = createState(session, runtime);
  const largePayloads = createLargePayloads(state, signer, runtime);
  const queue = createJobQueue(session, settings, signer, largePayloads, runtime);
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
  const ensure = () => ensureQueues(session, settings, state, pause);
  return { session, state, queue, largePayloads, requests, ensure, skip, now };
}

export const closeReplicas = () => Promise.all(open.splice(0).map((httpClient) => httpClient.close()));
