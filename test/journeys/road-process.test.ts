import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { signWebhook } from "../../src/sandbox/vonage/index.ts";
import { buildSmsSend, buildVonageStatus, buildWhatsAppSend } from "../support/builders.ts";
import { credentials, endJourneys, type Journey, runMain, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const warnings = ({ lines }: Journey) => lines.filter(({ level }) => level === "warn").map(({ msg }) => msg);
const health = async (url: string) => {
  const answer = await fetch(`${url}/_/health`);
  return { status: answer.status, body: await answer.json() };
};
const HEALTHY = { status: 200, body: { status: "ok" } };
const OWN_ADDRESSES = "The Vonage application's webhook addresses point at this instance";

describe("health", () => {
  it("touches no neighbour", async () => {
    const journey = await startJourney();
    await until("its addresses were looked at", () => journey.lines.some(({ msg }) => msg === OWN_ADDRESSES));
    await until("its dead letters were looked at", () =>
      journey.calls.some(
        ({ text, status }) => status === 200 && text.includes("lease") && text.includes('until\\":0'),
      ),
    );
    const before = journey.calls.length;
    for (let n = 0; n < 10; n++) expect(await health(journey.url)).toEqual(HEALTHY);
    expect(journey.calls).toHaveLength(before);
  });

  it("is good while every neighbour is away", async () => {
    const journey = await startJourney({ start: "none" });
    for (const provider of ["queue-service", "client-persistence-api"] as const)
      journey.vcr.setFault(provider, { hang: true });
    for (const route of ["messages", "applications"] as const) journey.vonage.setFault(route, { hang: true });
    const { url } = await journey.replica();
    expect(await health(url)).toEqual(HEALTHY);
  });
});

describe("the start", () => {
  const CHANNELS: [string, Record<string, string>, string, string, object][] = [
    [
      "WhatsApp",
      { WHATSAPP_NUMBER: "" },
      "WhatsApp is off: to switch it on, set WHATSAPP_NUMBER",
      "/webhooks/send",
      buildWhatsAppSend(),
    ],
    [
      "SMS",
      { SMS_SENDER_ID: "", MOENGAGE_SMS_DELIVERY_URL: "" },
      "SMS is off: to switch it on, set MOENGAGE_SMS_DELIVERY_URL (or another platform's variables)",
      "/",
      buildSmsSend(),
    ],
  ];
  it.each(CHANNELS)(
    "says that %s is off, and its route is not there",
    async (_name, env, note, path, body) => {
      const journey = await startJourney({ env });
      expect(warnings(journey)).toContain(note);
      expect(await journey.post(path, body)).toEqual({
        status: 404,
        body: { message: expect.stringMatching(/switched off/) },
      });
      expect(journey.sends()).toEqual([]);
    },
  );

  it("says in words what to change where the application's addresses point elsewhere", async () => {
    const journey = await startJourney({ start: "none" });
    journey.vonage.setUrls({ statusUrl: "https://old.example.com/status", inboundUrl: "" });
    await journey.replica();
    await until("it was looked at", () => journey.callsTo("vonage", /applications/)[0]?.status === 200);
    await until("it is told", () => warnings(journey).length >= 2);
    const advice = (label: string, path: string, found: string) =>
      `In the Vonage dashboard, open Applications, this application, Messages, and set its ${label} to ${journey.url}${path} (now ${found})`;
    expect(warnings(journey)).toEqual([
      advice("Inbound URL", "/webhooks/inbound", "it is empty"),
      advice("Status URL", "/webhooks/status", "it is https://old.example.com/status"),
    ]);
  });

  it("gives no advice where they point here", async () => {
    const journey = await startJourney();
    await until("it was looked at", () => journey.lines.some(({ msg }) => msg === OWN_ADDRESSES));
    expect(warnings(journey)).toEqual([]);
  });

  it("ends with every fault of the configuration on stderr, and no secret", async () => {
    const journey = await startJourney({ start: "none" });
    const child = await runMain(
      journey.env({
        VCR_API_ACCOUNT_SECRET: "",
        VCR_PRIVATE_KEY: "not-the-key-itself",
        WHATSAPP_NUMBER: "+44 7700",
        SMS_REPORT_SENT: "maybe",
        MOENGAGE_DELIVERY_URL: "http://example.com/dlr",
      }),
    );
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(1);
    for (const name of [
      "VCR_API_ACCOUNT_SECRET",
      "VCR_PRIVATE_KEY",
      "WHATSAPP_NUMBER",
      "SMS_REPORT_SENT",
      "MOENGAGE_DELIVERY_URL",
    ]) {
      expect(stderr).toMatch(new RegExp(`^- ${name} `, "m"));
    }
    expect(stderr).not.toContain("not-the-key-itself");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("the SDKs' own debugging", () => {
  it("prints nothing, whatever DEBUG names: it would show the private key", async () => {
    const journey = await startJourney({ start: "none" });
    const connector = await journey.spawn({ DEBUG: "*" });
    expect((await journey.sendUntilTaken(buildWhatsAppSend())).status).toBe(200);
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    expect(connector.stderr()).toBe("");
  });
});

describe("the end", () => {
  it("comes at once, with code 0, once what was in hand is done; the next process settles the rest", async () => {
    const journey = await startJourney({
      start: "none",
      traffic: { statuses: true, delayMs: [5, 60], readShare: 0.2 },
    });
    const first = await journey.spawn({ DISPATCH_MAX_INFLIGHT: "5" });
    const burst = (name: string, send = journey.send) =>
      Promise.all(Array.from({ length: 30 }, (_, n) => send(buildWhatsAppSend({ msg_id: `${name}-${n}` }))));
    const statuses = (answers: { status: number }[]) => new Set(answers.map(({ status }) => status));

    journey.vonage.setFault("messages", { delayMs: 500 });
    expect(statuses(await burst("before", journey.sendUntilTaken))).toEqual(new Set([200]));
    await until("Vonage has some", () => journey.vonage.messages.length >= 5);
    journey.vcr.setFault("queue-service", { delayMs: 300 });
    const during = burst("during");
    const isEnqueueing = () => journey.callsTo("vcr", /enqueue$/).some(({ status }) => status === undefined);
    await until("jobs are being put", isEnqueueing);

    const signalled = Date.now();
    first.process.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    expect(Date.now() - signalled).toBeLessThan(10_000);
    expect(first.stderr()).toBe("");
    expect(journey.lines.at(-1)?.msg).toBe("Connector has stopped");
    // 0 is for a connection that was refused: no word of acceptance.
    expect([...statuses(await during)].filter((status) => ![0, 200].includes(status))).toEqual([]);
    expect(journey.moengage.funnel().waiting).toBeGreaterThan(0);

    journey.vonage.setFault("messages", null);
    journey.vcr.setFault("queue-service", null);
    await journey.spawn();
    await until("all is settled", () => journey.moengage.funnel().waiting === 0);
    await until("Vonage has told all", () => journey.vonage.records().open === 0);
    expect(journey.moengage.funnel().accepted).toBeGreaterThanOrEqual(30);
    expect(journey.moengage.funnel().failed).toEqual({});
    expect(Object.values(journey.vcr.records().queues).map(({ dead }) => dead)).toEqual([0, 0, 0, 0]);
  });

  it("is told to whoever keeps a socket open, with the last answer on it", async () => {
    const journey = await startJourney({ start: "none", allow: ["unknown id"] });
    const { url, stop } = await journey.replica();
    journey.moengage.setFault("whatsapp", { delayMs: 200 });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString();
    });
    const body = JSON.stringify({ ...buildVonageStatus(), timestamp: new Date().toISOString() });
    const head = ["POST /webhooks/status HTTP/1.1", "host: connector", "content-type: application/json"];
    const proof = `authorization: Bearer ${signWebhook(credentials, body)}`;
    socket.write([...head, proof, `content-length: ${body.length}`, "", body].join("\r\n"));
    await until("the status is in hand", () => journey.callsTo("moengage", /./).length === 1);

    const stopped = stop();
    socket.write("GET /_/health HTTP/1.1\r\nhost: connector\r\n\r\n");
    await stopped;
    await until("the socket is closed", () => socket.closed);
    const answers = received.split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.slice(0, 12))).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
    expect(answers[1]?.toLowerCase()).toContain("connection: close");
  });

  it("does not wait for neighbours that hang", async () => {
    const journey = await startJourney({ start: "none" });
    for (const provider of ["queue-service", "client-persistence-api"] as const)
      journey.vcr.setFault(provider, { hang: true });
    for (const route of ["messages", "applications"] as const) journey.vonage.setFault(route, { hang: true });
    const { stop } = await journey.replica();
    await until("the neighbours were asked", () => new Set(journey.calls.map(({ to }) => to)).size === 2);
    const started = Date.now();
    await stop();
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});

describe("a campaign on each channel", () => {
  it("ends with every accepted message settled, in spite of ordinary trouble", async () => {
    const journey = await startJourney({
      traffic: {
        statuses: true,
        delayMs: [2, 40],
        failureShare: 0.1,
        doubleShare: 0.05,
        shuffleShare: 0.1,
        beforeAnswerShare: 0.1,
        unsignedShare: 0.05,
      },
    });
    journey.vcr.setRedeliverShare(0.1);
    const campaigns = await Promise.all(
      (["whatsapp", "sms"] as const).map((channel) =>
        journey.moengage.campaign({ channel, count: 100, rate: 400 }),
      ),
    );
    expect(campaigns.map(({ accepted }) => accepted)).toEqual([100, 100]);
    await until("all is settled", () => journey.moengage.funnel().settled === 200);
    await until("Vonage has told all", () => journey.vonage.records().open === 0);

    const { accepted, settled, waiting } = journey.moengage.funnel();
    expect({ accepted, settled, waiting }).toEqual({ accepted: 200, settled: 200, waiting: 0 });
    expect(journey.sends()).toHaveLength(200);
    const kinds = Object.keys(journey.vonage.records().webhooks);
    expect(kinds).toEqual(["status delivered"]);
    expect(new Set(journey.sends().map(({ client_ref }) => client_ref)).size).toBe(200);
  });
});
