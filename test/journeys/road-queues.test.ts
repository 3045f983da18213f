import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { buildSmsSend, buildWhatsAppSend, MSG_ID, WABA_NUMBER } from "../support/builders.ts";
import { endJourneys, type Journey, SERVICE_NAME, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const QUEUES = ["whatsapp", "sms", "chat", "reports"].map((purpose) => `${SERVICE_NAME}-${purpose}`);
const READY = "Queues are ready";
const MAX_REQUEST_BYTES = 8_000;

const enqueues = (journey: Journey) => journey.callsTo("vcr", /\/enqueue$/);
const bytes = (text: string) => Buffer.byteLength(text);
const isReady = (journey: Journey, times: number) => () =>
  journey.lines.filter(({ msg }) => msg.startsWith(READY)).length === times;
const withText = (id: string, text: string) =>
  buildWhatsAppSend({
    msg_id: id,
    template: {
      name: "long",
      language: { code: "en" },
      components: [{ type: "body", parameters: [{ type: "text", text }] }],
    },
  });

describe("the queues", () => {
  it("are created once, with the configured rate, by connectors that start together", async () => {
    const env = { DISPATCH_RATE_PER_SECOND: "37", DISPATCH_MAX_INFLIGHT: "12" };
    const journey = await startJourney({ start: "none", env });
    await Promise.all([journey.replica(), journey.replica(), journey.replica()]);
    await until("all are ready", isReady(journey, 3));
    const created = journey.callsTo("vcr", "/queue").filter(({ method }) => method === "POST");
    expect(created.map(({ status }) => status)).toEqual(QUEUES.map(() => 200));
    expect(created.map(({ body }) => body)).toEqual(
      QUEUES.map((name) => ({
        name,
        active: true,
        rate: { maxInflight: 12, msgPerSecond: 37 },
        callback: expect.objectContaining({ path: "/webhooks/message-dispatcher" }),
      })),
    );
    expect(journey.lines.find(({ msg }) => msg.startsWith(READY))?.msg).toBe(
      "Queues are ready: at 37 a second, 3196800 messages can be sent within their time to live",
    );
  });

  it("are left alone by a restart, and updated by one with another rate", async () => {
    const journey = await startJourney({ env: { DISPATCH_RATE_PER_SECOND: "20" } });
    await journey.replica();
    await until("the same again is ready", isReady(journey, 2));
    const changes = () =>
      journey
        .callsTo("vcr", /^\/queue/)
        .filter(({ method }) => method === "POST")
        .map(({ path, body }) => [path, (body as { rate: object }).rate]);
    const rate = (msgPerSecond: number) => ({ maxInflight: 200, msgPerSecond });
    const created = QUEUES.map(() => ["/queue", rate(20)]);
    expect(changes()).toEqual(created);

    await journey.replica({ DISPATCH_RATE_PER_SECOND: "50" });
    await until("the faster one is ready", isReady(journey, 3));
    expect(changes()).toEqual([...created, ...QUEUES.map((name) => [`/queue/${name}`, rate(50)])]);
  });

  it("are made once the provider is back, and what came meanwhile was refused with 503", async () => {
    const journey = await startJourney({ start: "none" });
    journey.vcr.setFault("queue-service", { down: true });
    const { url } = await journey.replica();
    journey.moengage.setConnector(url);
    expect((await journey.send(buildWhatsAppSend())).status).toBe(503);
    journey.vcr.setFault("queue-service", null);
    await journey.skip(1_000);
    await until("they are ready", isReady(journey, 1));
    expect((await journey.send(buildWhatsAppSend())).status).toBe(200);
  });
});

describe("requests to the queue", () => {
  it("are shared by a burst, and none is over the limit", async () => {
    const journey = await startJourney();
    const count = 150;
    const answers = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        journey.send(withText(`burst-${n}`, `${"lorem canary ".repeat(20)}${n}`)),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await until("Vonage has them all", () => journey.vonage.messages.length === count);
    const calls = enqueues(journey);
    expect(calls.flatMap(({ body }) => body as unknown[])).toHaveLength(count);
    expect(calls.length).toBeLessThan(count / 2);
    expect(calls.filter(({ text }) => bytes(text) > MAX_REQUEST_BYTES)).toEqual([]);
  });

  it("are split where the operator set a smaller limit", async () => {
    const journey = await startJourney({ env: { QUEUE_MAX_REQUEST_BYTES: "1500" } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => journey.send(buildWhatsAppSend({ msg_id: `small-${n}` }))),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await until("Vonage has them all", () => journey.vonage.messages.length === 40);
    expect(enqueues(journey).filter(({ text }) => bytes(text) > 1_500)).toEqual([]);
  });

  it("carry only the key of a job that is too large, which is offloaded to State and sent whole", async () => {
    const journey = await startJourney();
    const text = `canary${"é".repeat(6_000)}`;
    expect((await journey.send(withText(MSG_ID, text))).status).toBe(200);
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    const [request] = journey.sends() as { custom: { template: { components: object[] } } }[];
    expect(request?.custom.template.components).toEqual([
      { type: "body", parameters: [{ type: "text", text }] },
    ]);
    const [enqueue] = enqueues(journey);
    const [{ body }] = enqueue!.body as [{ body: string }];
    const offloaded = JSON.parse(body);
    const { contentKey } = offloaded.message;
    expect(offloaded).toEqual({
      ...{ version: 1, kind: "send", attempt: 1 },
      message: {
        ...{ id: MSG_ID, origin: "mw", channel: "whatsapp", from: WABA_NUMBER, contentKey },
        to: expect.stringMatching(/^\d+$/),
        ...{ acceptedAt: expect.any(Number), expiresAt: expect.any(Number) },
      },
    });
    await until("its content is put away", () => {
      return journey.vcr.state("application:journey", "GET", contentKey) === null;
    });
  });

  it("fit the limit at every size of a job around it", async () => {
    const journey = await startJourney();
    const sizes = Array.from({ length: 60 }, (_, n) => 7_250 + n * 8);
    const answers = await Promise.all(
      sizes.map((size) => journey.send(withText(`size-${size}`, "canary".padEnd(size, "x")))),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await until("Vonage has them all", () => journey.vonage.messages.length === sizes.length);
    const calls = enqueues(journey);
    expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
    const jobs = calls.flatMap(({ body }) => body as { body: string }[]);
    const isOffloaded = jobs.map(({ body }) => JSON.parse(body).message.contentKey !== undefined);
    expect(new Set(isOffloaded)).toEqual(new Set([true, false]));
  });

  it("keep the channels apart", async () => {
    const journey = await startJourney();
    await Promise.all([journey.send(buildWhatsAppSend()), journey.sendSms(buildSmsSend())]);
    await until("Vonage has both", () => journey.vonage.messages.length === 2);
    await until("the queues have their answers", () =>
      Object.values(journey.vcr.records().queues).every(({ inflight }) => inflight === 0),
    );
    const { queues } = journey.vcr.records();
    expect(QUEUES.map((name) => queues[name]?.acked)).toEqual([1, 1, 0, 0]);
  });
});

/** Skips time, some seconds at once, until that is so; with a moment for whoever goes on then, which a busy machine needs. */
async function passing(
  journey: Journey,
  what: string,
  seconds: number,
  check: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let passed = 0; !(await check()); passed += 2.5) {
    if (passed > seconds) throw new Error(`${what}: not within ${seconds} s`);
    await journey.skip(2_500);
    await sleep(50);
  }
}

/** What is being dispatched is done, or a second has passed: time that is skipped under a call makes its answer come too late. */
async function calm(journey: Journey): Promise<void> {
  const isBusy = () => Object.values(journey.vcr.records().queues).some(({ inflight }) => inflight > 0);
  for (let waited = 0; isBusy() && waited < 1_000; waited += 50) await sleep(50);
}

describe("an outage that the queue does not outlast", () => {
  it("loses nothing: what it gave up on is put back, sent once and reported, without anybody's hand", async () => {
    const journey = await startJourney({ traffic: { statuses: true, delayMs: [0, 5] } });
    const { vcr, moengage } = journey;
    const count = 60;
    const died = () => Object.values(vcr.records().queues).reduce((sum, { dead }) => sum + dead, 0);
    vcr.setFault("client-persistence-api", { down: true });
    const ids = Array.from({ length: count }, (_, n) => `m-${n}`);
    await Promise.all(ids.map((id) => journey.send(buildWhatsAppSend({ msg_id: id }))));
    vcr.setFault("queue-service", { down: true });
    await passing(journey, "all are dead", 600, () => died() === count);
    expect([journey.sends(), moengage.funnel().waiting]).toEqual([[], count]);

    for (const provider of ["queue-service", "client-persistence-api"] as const) vcr.setFault(provider, null);
    await passing(journey, "all is settled", 600, async () => {
      await calm(journey);
      return moengage.funnel().waiting === 0;
    });
    expect(journey.sends()).toHaveLength(count);
    expect(moengage.funnel().failed).toEqual({});
    // Not how many: an answer that comes too late leaves a letter uncounted.
    const told = journey.lines.filter(({ msg }) => msg.startsWith("The queue had given up on jobs"));
    expect(told.some(({ put_back }) => Number(put_back) > 0)).toBe(true);
    await until("none is left", () => QUEUES.flatMap(vcr.deadLetters).length === 0);
    await passing(journey, "the figure tells it", 600, async () => {
      const figures = await (await fetch(`${journey.url}/_/metrics`)).text();
      return /^connector_dead_letters\{.*queue="whatsapp"\} 0$/m.test(figures);
    });
  });
});
