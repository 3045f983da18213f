import { createHttpClient, type HttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { createJobQueue, ensureQueues, type QueueSettings } from "../../src/vcr/job-queue.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { createSession } from "../../src/vcr/session.ts";
import { createState } from "../../src/vcr/state.ts";
import { createClock } from "../support/ports.ts";

export const credentials = createCredentials();
export const signer = createJobSigner([credentials.privateKey]);
export const SERVICE = "neru-abcd1234-connector-test";

/** A local VCR; its State's expiry runs on a clock that only tests move. */
export async function openVcr() {
  const clock = createClock();
  const vcr = await startVcr({ credentials, serviceName: SERVICE, now: clock });
  return { vcr, clock };
}

const open: HttpClient[] = [];

/** One process of the connector at that VCR, and the requests it made. */
export function startReplica(vcr: Vcr, over: Partial<QueueSettings> = {}) {
  const requests: HttpRequest[] = [];
  const httpClient = createHttpClient(64);
  open.push(httpClient);
  const spied: HttpClient = {
    ...httpClient,
    request(request) {
      requests.push(request);
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
  const settings: QueueSettings = {
    serviceName: SERVICE,
    callbackPath: "/webhooks/message-dispatcher",
    ratePerSecond: 29,
    maxInflight: 200,
    maxRequestBytes: 8_000,
    parkedTtlSeconds: 3_600,
    ...over,
  };
  const now = () => Date.now();
  const state = createState(session, now);
  const queue = createJobQueue(session, settings, signer, state, now);
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
  return { session, state, queue, requests, ensure: () => ensureQueues(session, settings, state, pause) };
}

export const closeReplicas = () => Promise.all(open.splice(0).map((httpClient) => httpClient.close()));
