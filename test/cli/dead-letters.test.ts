import { expect, it } from "@jest/globals";
import { Queue } from "@vonage/vcr-sdk";
import { deadLetters } from "../../src/cli/dead-letter-commands.ts";
import type { Job } from "../../src/core/job.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { serve } from "../../src/sandbox/server.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { buildSendJob, buildWhatsAppMessage, MSG_ID } from "../support/builders.ts";
import { until } from "../support/ports.ts";
import { closeReplicas, credentials, openVcr, SERVICE, signer, startReplica } from "../vcr/runtime.ts";

/** As an operator runs it, by default without an environment. */
async function run(args: string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const print = { out: (text: string) => void out.push(text), error: (text: string) => void err.push(text) };
  const code = await deadLetters(args, env, print);
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const USAGE = expect.stringContaining("node dist/dead-letters.js");

it.each([
  [["--help"], 0, ""],
  [[], 2, ""],
  [["replay"], 2, ""],
  [["replay", "--al"], 2, expect.stringContaining("'--al'")],
])("%j shows the usage and ends with %i", async (args, code, err) => {
  expect(await run(args)).toEqual({ code, out: USAGE, err });
});

it("says what is missing, and not that nothing was lost", async () => {
  const { code, out, err } = await run(["list"]);
  expect([code, out, err]).toEqual([1, "", expect.stringContaining("VCR_PRIVATE_KEY is missing")]);
});

const envFor = (vcr: Vcr) => ({
  VCR_API_ACCOUNT_ID: credentials.accountId,
  VCR_API_ACCOUNT_SECRET: credentials.accountSecret,
  VCR_API_APPLICATION_ID: credentials.applicationId,
  VCR_PRIVATE_KEY: credentials.privateKey,
  VCR_INSTANCE_SERVICE_NAME: SERVICE,
  INSTANCE_ID: "instance-1",
  VCR_PROVIDERS_URL: vcr.url,
  VONAGE_SIGNATURE_SECRET: "s".repeat(32),
  WHATSAPP_NUMBER: "14155550100",
  MOENGAGE_DELIVERY_URL: "https://moengage.example/",
});

it("names what is there, says of what it cannot read why, and puts back the rest", async () => {
  let status = 503;
  const app = await serve(0, () => ({ status }));
  const { vcr } = await openVcr([app.url]);
  const { session, ensure } = startReplica(vcr);
  await ensure();
  const queue = `${SERVICE}-whatsapp`;
  await new Queue(session).enqueue(queue, [
    signer.sign(buildSendJob()),
    signer.sign({ ...buildSendJob(), version: 2 } as Job),
    createJobSigner([createCredentials().privateKey]).sign(buildSendJob()),
  ]);
  await until(() => vcr.deadLetters(queue).length === 3);
  const lines = async (...args: string[]) => (await run(args, envFor(vcr))).out.trim().split("\n").sort();
  const message = `whatsapp  send  ${MSG_ID}  attempt 1  accepted 2025-02-03T12:00:00.000Z`;
  const rest = [
    "whatsapp  (not readable by this version of the connector)",
    "whatsapp  (not signed by this application)",
  ];
  expect(await lines("list")).toEqual([...rest, message, "3 waiting"].sort());
  expect(vcr.deadLetters(queue)).toHaveLength(3);
  status = 200;
  expect(await lines("replay", MSG_ID)).toEqual([message, "1 put back"].sort());
  await until(() => vcr.records().queues[queue]?.acked === 1);
  expect(vcr.deadLetters(queue)).toEqual([]);
  expect(await lines("list")).toEqual([...rest, "2 waiting"].sort());
  await closeReplicas();
  await Promise.all([vcr.stop(), app.stop()]);
});

it("puts back more than the queue can list", async () => {
  let status = 503;
  const app = await serve(0, () => ({ status }));
  const { vcr } = await openVcr([app.url]);
  const front = await serve(0, async ({ method, headers, raw, path, read }) => {
    if (method === "GET" && path.endsWith("/deadletter")) return { status: 502 };
    const { host: _, connection: __, "content-length": ___, ...others } = headers;
    const answer = await fetch(`${vcr.url}${raw.url}`, {
      method,
      headers: others as Record<string, string>,
      body: method === "GET" ? null : (await read()).toString(),
    });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  });
  const { session, ensure } = startReplica(vcr, { ratePerSecond: 10_000 });
  await ensure();
  const queue = `${SERVICE}-whatsapp`;
  const ids = Array.from({ length: 60 }, (_, n) => `m-${n}`);
  const jobs = ids.map((id) => signer.sign(buildSendJob({ message: buildWhatsAppMessage({ id }) })));
  for (let n = 0; n < jobs.length; n += 5) await new Queue(session).enqueue(queue, jobs.slice(n, n + 5));
  await until(() => vcr.deadLetters(queue).length === ids.length);
  status = 200;
  const env = { ...envFor(vcr), VCR_PROVIDERS_URL: front.url };
  const more = "(and more on the queue than it can list: replay --all takes them too)";
  expect((await run(["list"], env)).out.split("\n")).toEqual([
    ...["whatsapp", "sms", "chat", "reports"].map((purpose) => `${purpose}  ${more}`),
    "0 waiting",
  ]);
  const { code, out, err } = await run(["replay", "--all"], env);
  expect([code, out.trim().split("\n").at(-1), err]).toEqual([0, `${ids.length} put back`, ""]);
  await until(() => vcr.records().queues[queue]?.acked === ids.length);
  expect(vcr.deadLetters(queue)).toEqual([]);
  await closeReplicas();
  await Promise.all([vcr.stop(), app.stop(), front.stop()]);
});
