import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Job, type OffloadedJob, QUEUE_PURPOSES, type SendJob } from "../../src/core/job.ts";
import type { WhatsAppMessage } from "../../src/core/message.ts";
import { DAY_MS } from "../../src/core/state-keys.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import type { LargePayloads } from "../../src/vcr/large-payload.ts";
import {
  buildFailedReport,
  buildReport,
  buildSendJob,
  buildSmsMessage,
  buildTemplate,
  buildWhatsAppMessage,
} from "../support/builders.ts";
import { until } from "../support/ports.ts";
import { closeReplicas, openVcr, SERVICE, signer, startReplica } from "./runtime.ts";

let vcr: Vcr;
beforeEach(async () => {
  ({ vcr } = await openVcr());
});
afterEach(async () => {
  expect(vcr.records().violations).toEqual([]);
  await closeReplicas();
  await vcr.stop();
});

const sized = (characters: number, id = "m-1") =>
  buildSendJob({
    message: buildWhatsAppMessage({
      id,
      content: { type: "template", template: buildTemplate({ name: "x".repeat(characters) }) },
    }),
  });
const bodies = (requests: ReturnType<typeof startReplica>["requests"]) =>
  requests.filter(({ url }) => url.includes("/enqueue")).map(({ body }) => body as string);

function keyIn(job: Job): string {
  if (job.kind === "offloaded") return job.key;
  return job.kind === "send" && "contentKey" in job.message ? job.message.contentKey : "";
}
const keyOf = (request: string | undefined) => {
  const [sealed] = JSON.parse(request ?? "[]");
  return keyIn(signer.verify(sealed));
};

const contentOf = async ({ load }: LargePayloads, key: string) => {
  const content = await load(key);
  return content.outcome === "found" ? content.job : content.outcome;
};

describe("putting jobs on the queue", () => {
  it("shares requests, never over the limit, and loses none", async () => {
    const { queue, requests, ensure } = startReplica(vcr);
    await ensure();
    const jobs = Array.from({ length: 300 }, (_, n) => sized((n * 37) % 3_000, `m-${n}`));
    const answers = await Promise.all(jobs.map((job) => queue.put(job)));
    expect(new Set(answers.map(({ url }) => url))).toEqual(
      new Set([`${vcr.url}/queue/${SERVICE}-whatsapp/enqueue`]),
    );
    const sizes = bodies(requests).map((body) => Buffer.byteLength(body));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8_000);
    expect(sizes.length).toBeLessThan(200);
    expect(vcr.records().queues[`${SERVICE}-whatsapp`]).toMatchObject({ accepted: 300 });
    const sealed = bodies(requests).flatMap((body) => JSON.parse(body));
    const unsealed = sealed.map(signer.verify);
    expect((unsealed as SendJob[]).map(({ message }) => message.id).sort()).toEqual(
      jobs.map(({ message }) => message.id).sort(),
    );
  });

  it("sends a lone job at once and alone", async () => {
    const { queue, requests, ensure } = startReplica(vcr);
    await ensure();
    await queue.put(sized(10));
    expect(bodies(requests).map((body) => JSON.parse(body).length)).toEqual([1]);
  });

  it("has a queue for each channel, one for what is written in chats, and one for the outbox", async () => {
    const { queue, ensure } = startReplica(vcr);
    await ensure();
    const message = buildSmsMessage();
    await Promise.all([
      queue.put({ kind: "send", attempt: 1, message: buildWhatsAppMessage() }),
      queue.put({ kind: "send", attempt: 1, message }),
      queue.put({
        ...{ kind: "send", attempt: 1 },
        message: buildWhatsAppMessage({ content: { type: "text", text: "Hello" } }),
      }),
      queue.put({ kind: "report", attempt: 1, report: buildReport(), expiresAt: 1 }),
      queue.put({ kind: "unknown-outcome", attempt: 1, message, decideAt: 1 }),
    ]);
    const accepted = Object.entries(vcr.records().queues).map(([name, { accepted }]) => [name, accepted]);
    expect(accepted).toEqual([
      [`${SERVICE}-whatsapp`, 1],
      [`${SERVICE}-sms`, 1],
      [`${SERVICE}-chat`, 1],
      [`${SERVICE}-reports`, 2],
    ]);
  });

  // Around the limit every size is tried, for the line between whole and offloaded is a byte wide.
  it("offloads exactly what does not fit, for as long as its message may live", async () => {
    const { queue, requests, ensure, largePayloads } = startReplica(vcr, { maxRequestBytes: 2_000 });
    await ensure();
    const jobs = Array.from({ length: 80 }, (_, n) => sized(1_300 + n * 5, `m-${n}`));
    await Promise.all(jobs.map((job) => queue.put(job)));
    const onQueue = bodies(requests).flatMap((body) => JSON.parse(body).map(signer.verify) as Job[]);
    expect(Math.max(...bodies(requests).map((body) => Buffer.byteLength(body)))).toBeLessThanOrEqual(2_000);
    expect(Math.max(...bodies(requests).map((body) => Buffer.byteLength(body)))).toBeGreaterThan(1_900);
    const offloaded = onQueue.filter((job) => keyIn(job) !== "");
    expect([offloaded.length > 0, offloaded.length < 80]).toEqual([true, true]);
    const whole = await Promise.all(
      onQueue.map((job) => (keyIn(job) ? contentOf(largePayloads, keyIn(job)) : job)),
    );
    expect(whole).toEqual(expect.arrayContaining(jobs));
    expect(vcr.records().calls["client-persistence-api"]).toMatchObject({
      SET: offloaded.length,
      EXPIRE: expect.any(Number),
    });
  });

  it("offloads a template of a megabyte's neighbourhood and gets it back", async () => {
    const { queue, requests, ensure, largePayloads } = startReplica(vcr);
    await ensure();
    const job = sized(500_000);
    await queue.put(job);
    const [sealed] = JSON.parse(bodies(requests)[0] as string);
    const offloaded = signer.verify(sealed) as SendJob;
    const contentKey = keyIn(offloaded);
    const { content: _, ...envelope } = job.message as WhatsAppMessage;
    expect(offloaded).toEqual({ ...job, message: { ...envelope, contentKey } });
    expect(await contentOf(largePayloads, contentKey)).toEqual(job);
  });

  it("keeps what is written in a chat in front of a campaign, however long it is and often put back", async () => {
    const { queue, requests, ensure } = startReplica(vcr);
    await ensure();
    const content = { type: "text" as const, text: "न".repeat(4_000) };
    await queue.put(buildSendJob({ message: buildWhatsAppMessage({ content }) }));
    const [sealed] = JSON.parse(bodies(requests)[0] as string);
    const { message } = signer.verify(sealed) as SendJob;
    await queue.put({ kind: "send", attempt: 2, message });
    const urls = requests.filter(({ url }) => url.includes("/enqueue")).map(({ url }) => url);
    expect(urls).toEqual([expect.stringContaining("-chat/"), expect.stringContaining("-chat/")]);
  });

  it("keeps one copy of a message, however often its job is put back and becomes another, until it is discarded", async () => {
    const { queue, requests, ensure, largePayloads } = startReplica(vcr);
    await ensure();
    await queue.put(sized(9_000));
    const [sealed] = JSON.parse(bodies(requests)[0] as string);
    const { message } = signer.verify(sealed) as SendJob;
    for (let attempt = 2; attempt < 5; attempt++) await queue.put({ kind: "send", attempt, message });
    await queue.put({ kind: "unknown-outcome", attempt: 5, message, decideAt: 1 });
    const key = keyOf(bodies(requests)[0]);
    await largePayloads.discard(key);
    expect(await contentOf(largePayloads, key)).toBe("gone");
    expect(vcr.records().calls["client-persistence-api"]).toMatchObject({ SET: 1, DEL: 1 });
  });

  it.each([
    ["not_sent", "gone"],
    ["no_answer", sized(9_000)],
  ] as const)("keeps the copy of a job only where it may be on the queue: %s", async (code, kept) => {
    const failure = new ConnectorError(code, "Away", { retryable: true });
    const isEnqueue = ({ url }: { url: string }) => url.includes("/enqueue");
    const { queue, requests, ensure, largePayloads } = startReplica(vcr, {}, (request) =>
      isEnqueue(request) ? failure : undefined,
    );
    await ensure();
    await expect(queue.put(sized(9_000))).rejects.toMatchObject({ code: "queue_unavailable" });
    const key = keyOf(bodies(requests)[0]);
    if (kept === "gone") await until(() => vcr.records().calls["client-persistence-api"]?.["DEL"] === 1);
    expect(await contentOf(largePayloads, key)).toEqual(kept);
  });

  it("offloads a report as a whole, and says whose it is", async () => {
    const { queue, requests, ensure, largePayloads } = startReplica(vcr);
    await ensure();
    const report = buildFailedReport({ error: { code: "1", description: "x".repeat(9_000) } });
    const job: Job = { kind: "report", attempt: 1, report, expiresAt: 1 };
    await queue.put(job);
    const [sealed] = JSON.parse(bodies(requests)[0] as string);
    const offloaded = signer.verify(sealed) as OffloadedJob;
    const { id, origin, channel, to } = report;
    expect(offloaded).toEqual({
      ...{ kind: "offloaded", attempt: 1, queue: "reports", id, key: offloaded.key },
      message: { id, origin, channel, to },
    });
    expect(await contentOf(largePayloads, offloaded.key)).toEqual(job);
  });

  it.each([
    ["message", 1],
    ["report in the outbox", 7],
  ])("keeps the content of a %s for a day longer than its job lives", async (what, days) => {
    await vcr.stop();
    const { vcr: own, clock } = await openVcr();
    const { queue, requests, ensure, largePayloads, now } = startReplica(own);
    await ensure();
    const expiresAt = now() + days * DAY_MS;
    const { message } = sized(9_000);
    const report = buildFailedReport({ error: { code: "1", description: "x".repeat(9_000) } });
    const job: Job =
      what === "message"
        ? { kind: "send", attempt: 1, message: { ...message, expiresAt } }
        : { kind: "report", attempt: 1, report, expiresAt };
    await queue.put(job);
    const key = keyOf(bodies(requests)[0]);
    clock.advance((days + 1) * DAY_MS - 60_000);
    expect(await contentOf(largePayloads, key)).toEqual(job);
    clock.advance(61_000);
    expect(await contentOf(largePayloads, key)).toBe("gone");
    await own.stop();
    ({ vcr } = await openVcr());
  });

  it.each([0, 2])("does not read content of version %i for another one", async (version) => {
    const { queue, requests, ensure, state, largePayloads } = startReplica(vcr);
    await ensure();
    await queue.put(sized(9_000));
    const key = keyOf(bodies(requests)[0]);
    await state.setKey(key, JSON.stringify(signer.sign({ ...sized(9_000), version } as Job)), 60);
    await expect(largePayloads.load(key)).rejects.toMatchObject({
      code: "unknown_job_version",
      retryable: true,
    });
  });

  it.each([
    ["is down", { down: true }],
    ["refuses", { status: 400 }],
    ["hangs", { hang: true }],
  ])("rejects within four seconds, retryable, when the queue %s", async (_, fault) => {
    const { queue, ensure, requests, skip } = startReplica(vcr);
    await ensure();
    vcr.setFault("queue-service", fault);
    const asked = requests.length;
    const put = Promise.allSettled(Array.from({ length: 20 }, (_, n) => queue.put(sized(n))));
    while (requests.length === asked) await new Promise(setImmediate);
    skip(2_000);
    const outcomes = await put;
    expect(outcomes).toEqual(
      outcomes.map(() => ({
        status: "rejected",
        reason: expect.objectContaining({ code: "queue_unavailable", retryable: true, httpStatus: 503 }),
      })),
    );
    vcr.setFault("queue-service", null);
    await queue.put(sized(1));
  });

  it("rejects when State cannot keep it", async () => {
    const { queue, ensure } = startReplica(vcr);
    await ensure();
    vcr.setFault("client-persistence-api", { down: true });
    await expect(queue.put(sized(9_000))).rejects.toMatchObject({ code: "queue_unavailable" });
    await queue.put(sized(9));
  });
});

describe("preparing the queues", () => {
  const created = () => vcr.records().calls["queue-service"]?.["POST /queue"];
  const rates = async () => {
    const { session } = startReplica(vcr);
    const { Queue } = await import("@vonage/vcr-sdk");
    const sdk = new Queue(session);
    const names = await sdk.list();
    return Promise.all(names.map(async (name) => (await sdk.getQueueDetails(name)).queueDetails.rate));
  };

  it("creates each of them once, however many replicas start together", async () => {
    await Promise.all(Array.from({ length: 6 }, () => startReplica(vcr).ensure()));
    expect({ created: created(), rates: await rates() }).toEqual({
      created: QUEUE_PURPOSES.length,
      rates: Array(QUEUE_PURPOSES.length).fill({ maxInflight: 200, msgPerSecond: 29 }),
    });
  });

  it("changes nothing at a restart with the same settings", async () => {
    await startReplica(vcr).ensure();
    const { requests, ensure } = startReplica(vcr);
    await ensure();
    expect(requests.map(({ method }) => method)).toEqual(QUEUE_PURPOSES.map(() => "GET"));
  });

  it("updates the rate at a restart with another one", async () => {
    await startReplica(vcr).ensure();
    await startReplica(vcr, { ratePerSecond: 80, maxInflight: 50 }).ensure();
    expect({ created: created(), rates: await rates() }).toEqual({
      created: QUEUE_PURPOSES.length,
      rates: Array(QUEUE_PURPOSES.length).fill({ maxInflight: 50, msgPerSecond: 80 }),
    });
  });

  it("rejects while the provider is away, and can be called again", async () => {
    vcr.setFault("queue-service", { down: true });
    const { ensure } = startReplica(vcr);
    await expect(ensure()).rejects.toMatchObject({ code: "provider_refused" });
    vcr.setFault("queue-service", null);
    await ensure();
    expect(created()).toBe(QUEUE_PURPOSES.length);
  });
});

describe("the session", () => {
  it("signs one token for many calls", async () => {
    const { queue, requests, ensure, state } = startReplica(vcr);
    await ensure();
    await Promise.all(Array.from({ length: 50 }, (_, n) => queue.put(sized(n * 50))));
    await state.setKey("a", "b", 60);
    const tokens = new Set(requests.map(({ headers }) => headers?.["Authorization"]));
    expect([requests.length > 5, tokens.size]).toEqual([true, 1]);
  });
});
