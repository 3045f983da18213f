import { expect, it } from "@jest/globals";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { serve } from "../../src/sandbox/server.ts";
import { createJobQueue } from "../../src/vcr/job-queue.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { createLargePayloads } from "../../src/vcr/large-payload.ts";
import { createSession } from "../../src/vcr/session.ts";
import { createMemoryState, whatsappMessage } from "../support/ports.ts";

const { accountId, applicationId, privateKey } = createCredentials();

it.each([
  ["a page", "<html>It works!</html>", "queue_unavailable"],
  ["a page behind blanks", "\n  <!doctype html>", "queue_unavailable"],
  ["nothing", "", "taken"],
  ["a word", "OK", "taken"],
  ["JSON", '{"status":"ok"}', "taken"],
])("a queue that answers a job with 200 and %s: %j is %s", async (_name, body, expected) => {
  const service = await serve(0, () => ({ status: 200, body }));
  const httpClient = createHttpClient(2);
  const settings = {
    account: { id: accountId },
    application: { id: applicationId, privateKey },
    instance: { id: "i", serviceName: "svc", publicUrl: undefined },
  };
  const signer = createJobSigner([privateKey]);
  const queue = createJobQueue(
    createSession({ ...settings, providersUrl: service.url }, httpClient),
    {
      serviceName: "svc",
      maxRequestBytes: 8_000,
    },
    signer,
    createLargePayloads(createMemoryState(), signer, systemRuntime),
    systemRuntime,
  );
  const outcome = await queue.put({ kind: "send", attempt: 1, message: whatsappMessage() }).then(
    () => "taken",
    (error) => error.code,
  );
  expect(outcome).toBe(expected);
  await Promise.all([httpClient.close(), service.stop()]);
});
