import { createSecretKey } from "node:crypto";
import { afterEach, describe, expect, it } from "@jest/globals";
import { verifyJwt } from "../../src/sandbox/jwt.ts";
import {
  INBOUND_KINDS,
  smsInbound,
  startVonage,
  type Traffic,
  type Vonage,
  whatsappInbound,
} from "../../src/sandbox/vonage/index.ts";
import { type Call, credentials, eventually, sha256, startApp } from "./helpers.ts";

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
});

async function start(
  traffic: Partial<Traffic>,
  answer?: Parameters<typeof startApp>[0],
  options: { timeScale?: number; webhookTimeoutMs?: number } = {},
) {
  const app = await startApp(answer);
  const vonage = await startVonage({
    credentials,
    seed: 7,
    statusUrl: `${app.url}/status`,
    inboundUrl: `${app.url}/inbound`,
    timeScale: 0.0005,
    ...options,
    traffic: { delayMs: [0, 2], readShare: 1, ...traffic },
  });
  stops.push(app.stop, vonage.stop);
  return { app, vonage };
}

const basic = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;
const sms = {
  to: "999000000001",
  from: "Sandbox",
  channel: "sms",
  message_type: "text",
  text: "Hi",
  client_ref: "r1",
};
const whatsapp = {
  to: "999000000001",
  from: "447700900000",
  channel: "whatsapp",
  message_type: "text",
  text: "Hi",
  client_ref: "r1",
};

const post = (vonage: Vonage, body: object) =>
  fetch(`${vonage.url}/v1/messages`, {
    method: "POST",
    headers: { authorization: basic, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const claimsOf = ({ headers }: Call) =>
  verifyJwt(
    "HS256",
    String(headers["authorization"]).replace("Bearer ", ""),
    createSecretKey(Buffer.from(credentials.signatureSecret)),
  );
const statuses = (calls: Call[]) => calls.map(({ body }) => (body as { status: string }).status);
const quiet = (vonage: Vonage) => eventually(() => vonage.records().open === 0);

describe("status webhooks", () => {
  it("tell a WhatsApp message's life with whole bodies, signed over the raw bytes", async () => {
    const { app, vonage } = await start({});
    const { message_uuid } = (await (await post(vonage, whatsapp)).json()) as { message_uuid: string };
    await quiet(vonage);

    expect(statuses(app.calls)).toEqual(["submitted", "delivered", "read"]);
    for (const call of app.calls) {
      expect(claimsOf(call)).toEqual({
        iat: expect.any(Number),
        jti: expect.any(String),
        iss: "Vonage",
        payload_hash: sha256(call.raw),
        api_key: credentials.accountId,
        application_id: credentials.applicationId,
      });
    }
    expect(app.calls[1]!.body).toEqual({
      message_uuid,
      to: "999000000001",
      from: "447700900000",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      status: "delivered",
      channel: "whatsapp",
      client_ref: "r1",
      usage: { currency: "EUR", price: "0" },
      profile: { name: "Jane Smith" },
      whatsapp: {
        waba_id: expect.any(String),
        recipient: { user_id: expect.stringMatching(/^US\./), wa_id: "999000000001" },
        pricing: { type: "regular", pricing_model: "PMP", category: "marketing" },
        conversation: { id: expect.any(String), origin: { type: "marketing" } },
      },
    });
  });

  it("tell an SMS's life, which ends with delivered", async () => {
    const { app, vonage } = await start({});
    await post(vonage, sms);
    await quiet(vonage);
    expect(statuses(app.calls)).toEqual(["submitted", "delivered"]);
    expect(app.calls[0]!.body).toMatchObject({
      usage: { currency: "EUR", price: "0.0333" },
      destination: { network_code: "23430" },
      sms: { count_total: "1" },
    });
  });

  it("tell of messages that were taken and then found to be too fast", async () => {
    const { app, vonage } = await start({ throttledShare: 1 });
    await post(vonage, whatsapp);
    await quiet(vonage);
    expect(app.calls.map(({ body }) => body)).toMatchObject([
      { status: "rejected", error: { type: expect.stringMatching(/#1000$/) } },
    ]);
  });

  it("tell failures with an error whose code is in the title or only in the type", async () => {
    const { app, vonage } = await start({ failureShare: 1 });
    for (let n = 0; n < 30; n += 1) await post(vonage, { ...whatsapp, client_ref: `r${n}` });
    await quiet(vonage);
    const errors = app.calls.flatMap(
      ({ body }) => (body as { error?: { type: string; title: unknown } }).error ?? [],
    );
    expect(errors.length).toBe(30);
    expect(new Set(errors.map(({ title }) => typeof title))).toEqual(new Set(["string", "number"]));
    expect(errors.some(({ title }) => title === "Rejected")).toBe(true);
    expect(errors.every(({ type }) => /messages#1\d{3}$/.test(type))).toBe(true);
    expect(new Set(statuses(app.calls))).toEqual(new Set(["submitted", "rejected", "undeliverable"]));
  });

  it("go to the message's own webhook_url when it has one", async () => {
    const { app, vonage } = await start({});
    await post(vonage, { ...sms, webhook_url: `${app.url}/mine` });
    await quiet(vonage);
    expect(new Set(app.calls.map(({ path }) => path))).toEqual(new Set(["/mine"]));
  });

  it("come twice, in the wrong order, or before the answer, when told to", async () => {
    const doubled = await start({ doubleShare: 1 });
    await post(doubled.vonage, sms);
    await quiet(doubled.vonage);
    expect(statuses(doubled.app.calls).sort()).toEqual(["delivered", "delivered", "submitted", "submitted"]);

    const shuffled = await start({ shuffleShare: 1, delayMs: [10, 10] });
    await post(shuffled.vonage, sms);
    await quiet(shuffled.vonage);
    expect(statuses(shuffled.app.calls)).toEqual(["delivered", "submitted"]);

    const early = await start({ beforeAnswerShare: 1, delayMs: [500, 500] });
    await post(early.vonage, sms);
    expect(statuses(early.app.calls)).toEqual(["submitted"]);
  });

  it("are sent by hand when the test drives", async () => {
    const { app, vonage } = await start({ statuses: false });
    await post(vonage, sms);
    const record = vonage.sendStatus(vonage.messages[0]!, "rejected", { error: { title: 1300 } });
    await quiet(vonage);
    expect(record.outcome).toBe("delivered");
    expect(app.calls[0]!.body).toMatchObject({
      status: "rejected",
      client_ref: "r1",
      error: { title: 1300 },
    });
  });
});

describe("retries", () => {
  it.each([429, 500, 503])("repeats after %i until it is taken", async (status) => {
    const { app, vonage } = await start({ statuses: false }, (_call, count) => ({
      status: count < 3 ? status : 200,
    }));
    const record = vonage.sendInbound(smsInbound({ from: "999000000001", to: "447700900000" }, "STOP"));
    await quiet(vonage);
    expect(record).toMatchObject({
      outcome: "delivered",
      attempts: [{ status }, { status }, { status: 200 }],
    });
    expect(new Set(app.calls.map(({ raw }) => raw.toString())).size).toBe(1);
  });

  it.each([400, 401, 404, 301])("never repeats after %i: the event is lost", async (status) => {
    const { app, vonage } = await start({ statuses: false }, () => ({ status }));
    vonage.sendInbound({ a: 1 });
    await quiet(vonage);
    expect(app.calls.length).toBe(1);
    expect(vonage.records().webhooks).toEqual({ "inbound lost": 1 });
  });

  it.each<["hang" | "reset", string]>([
    ["hang", "timeout"],
    ["reset", "broken"],
  ])("repeats after a %s", async (how, failure) => {
    const { vonage } = await start(
      { statuses: false },
      (_call, count) => (count === 1 ? how : { status: 200 }),
      {
        webhookTimeoutMs: 300,
      },
    );
    const record = vonage.sendInbound({ a: 1 });
    await quiet(vonage);
    expect(record.attempts[0]).toMatchObject({ failure });
    expect(record.outcome).toBe("delivered");
  });

  it("waits twice as long each time", async () => {
    const { vonage } = await start(
      { statuses: false },
      (_call, count) => ({ status: count < 5 ? 503 : 200 }),
      {
        timeScale: 0.001,
      },
    );
    const record = vonage.sendInbound({ a: 1 });
    await quiet(vonage);
    const waits = record.attempts.slice(1).map(({ at }, index) => at - record.attempts[index]!.at);
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(5 * 2 ** index - 1);
  });

  it("gives up after 24 scaled hours", async () => {
    const { vonage } = await start({ statuses: false }, () => ({ status: 503 }), { timeScale: 0.000_000_5 });
    vonage.sendInbound({ a: 1 });
    await quiet(vonage);
    expect(vonage.records().webhooks).toEqual({ "inbound dropped": 1 });
  });
});

describe("signatures that are not in order", () => {
  it("sends without one first, and signed when that is refused", async () => {
    const { app, vonage } = await start({ statuses: false }, ({ headers }) => ({
      status: headers["authorization"] === undefined ? 503 : 200,
    }));
    vonage.sendInbound({ a: 1 }, "unsigned-first");
    await quiet(vonage);
    expect(app.calls.map(({ headers }) => headers["authorization"] !== undefined)).toEqual([false, true]);
    expect(claimsOf(app.calls[1]!)).toMatchObject({ iss: "Vonage" });
  });

  it("signs with another secret", async () => {
    const { app, vonage } = await start({ statuses: false });
    vonage.sendInbound({ a: 1 }, "wrong");
    await quiet(vonage);
    expect(claimsOf(app.calls[0]!)).toBeUndefined();
  });
});

describe("inbound bodies", () => {
  it.each(INBOUND_KINDS)("%s has the common part and its own payload", (kind) => {
    const body = whatsappInbound(kind, { from: "999000000001", to: "447700900000", contextUuid: "u1" });
    expect(body).toMatchObject({
      channel: "whatsapp",
      from: "999000000001",
      to: "447700900000",
      context_status: "available",
      context: { message_uuid: "u1", message_from: "447700900000" },
    });
    const type = String(body["message_type"]);
    expect(kind === "unsupported" || body[type] !== undefined).toBe(true);
  });

  it("has no context unless a message was answered", () => {
    const body = whatsappInbound("text", { from: "1", to: "2" }, { text: "STOP" });
    expect(body).toMatchObject({ context_status: "none", text: "STOP" });
    expect(body).not.toHaveProperty("context");
  });
});
