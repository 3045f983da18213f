import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type MoEngage,
  recipient,
  smsSend,
  startMoEngage,
  TEMPLATE_NAMES,
  whatsappSend,
} from "../../src/sandbox/moengage/index.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import type { Reply } from "../../src/sandbox/server.ts";
import { startVonage } from "../../src/sandbox/vonage/index.ts";
import { type Call, credentials, startApp } from "./helpers.ts";

let moengage: MoEngage;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  moengage = await startMoEngage({
    credentials: { accountId: "key", accountSecret: "secret" },
    seed: 3,
  });
  stops = [moengage.stop];
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

const now = () => String(Math.floor(Date.now() / 1000));
const random = createRandom(5);
const party = { from: "447700900000", to: "999000000001" };

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function connector(answer: (call: Call, count: number) => Reply | Promise<Reply>) {
  const app = await startApp(answer);
  stops.push(app.stop);
  moengage.setConnector(app.url);
  return app;
}

const success: Reply = { status: 200, body: { status: "success" } };
const rules = () => moengage.records().violations.map(({ rule }) => rule);

async function accepted(): Promise<string> {
  await connector(() => success);
  const message = whatsappSend(random, party);
  await moengage.send(message);
  return message.msg_id;
}

const report = (...statuses: unknown[]) => post(moengage.deliveryUrl, { statuses });
const dlr = (msg_id: string, status: string, more: object = {}) => ({
  msg_id,
  status,
  timestamp: now(),
  ...more,
});
const error = { code: "1022", description: "Invalid template" };

describe("WhatsApp reports", () => {
  it("keeps each message's story and counts the funnel", async () => {
    const [read, failed, waiting] = [await accepted(), await accepted(), await accepted()];
    expect(await report(dlr(read, "sent"), dlr(failed, "sent"))).toEqual({
      status: 200,
      text: '{"status":"success"}',
    });
    await report(dlr(read, "delivered"));
    await report(dlr(read, "read"), dlr(failed, "failed", { error }));

    expect(moengage.messages.get(read)?.statuses.map(({ status }) => status)).toEqual([
      "sent",
      "delivered",
      "read",
    ]);
    expect(moengage.messages.get(waiting)?.statuses).toEqual([]);
    expect(moengage.records()).toEqual({
      whatsapp: {
        accepted: 3,
        sent: 2,
        delivered: 1,
        read: 1,
        failed: { "1022 Invalid template": 1 },
        waiting: 1,
        settled: 2,
      },
      sms: { accepted: 0, sent: 0, delivered: 0, read: 0, failed: {}, waiting: 0, settled: 0 },
      calls: { whatsapp: 3, sms: 0, data: 0 },
      reports: 5,
      inbound: 0,
      customers: 0,
      violations: [],
    });
  });

  it.each<[string, string[]]>([
    ["repeated status", ["sent", "sent"]],
    ["backward step", ["delivered", "sent"]],
    ["backward step", ["read", "delivered"]],
    ["both delivered and failed", ["delivered", "failed"]],
    ["both delivered and failed", ["failed", "delivered"]],
  ])("holds a %s against the connector: %j", async (rule, story) => {
    const id = await accepted();
    for (const status of story) await report(dlr(id, status, status === "failed" ? { error } : {}));
    expect(rules()).toEqual([rule]);
  });

  it("holds a report of a message that was never sent against the connector", async () => {
    await report(dlr("nobody", "sent"));
    expect(moengage.records().violations).toEqual([
      { rule: "unknown id", id: "nobody", detail: "a report for a message that was never sent" },
    ]);
  });

  it.each<[string, () => unknown]>([
    ["no statuses", () => ({ statuses: [] })],
    ["51 statuses", () => ({ statuses: Array.from({ length: 51 }, (_, n) => dlr(`m${n}`, "sent")) })],
    ["a status of its own", () => ({ statuses: [dlr("m", "submitted")] })],
    ["a status in upper case", () => ({ statuses: [dlr("m", "SENT")] })],
    ["a timestamp as a number", () => ({ statuses: [{ ...dlr("m", "sent"), timestamp: Number(now()) }] })],
    [
      "a timestamp in milliseconds",
      () => ({ statuses: [{ ...dlr("m", "sent"), timestamp: String(Date.now()) }] }),
    ],
    ["a timestamp of long ago", () => ({ statuses: [{ ...dlr("m", "sent"), timestamp: "1000000000" }] })],
    ["a number as id", () => ({ statuses: [{ ...dlr("m", "sent"), msg_id: 1 }] })],
    ["failed without error", () => ({ statuses: [dlr("m", "failed")] })],
    [
      "an error's message",
      () => ({ statuses: [dlr("m", "failed", { error: { code: "1", message: "x" } })] }),
    ],
    [
      "an error's code as a number",
      () => ({ statuses: [dlr("m", "failed", { error: { ...error, code: 1022 } })] }),
    ],
    ["an error beside sent", () => ({ statuses: [dlr("m", "sent", { error })] })],
    ["an unknown key", () => ({ statuses: [dlr("m", "sent", { to: "1" })] })],
    ["a bare status", () => dlr("m", "sent")],
    ["no JSON", () => "{"],
  ])("refuses %s with 400", async (_name, body) => {
    expect((await post(moengage.deliveryUrl, body())).status).toBe(400);
    expect(rules().length).toBe(1);
  });

  it("refuses what does not say it is JSON", async () => {
    expect((await post(moengage.deliveryUrl, "{}", { "content-type": "text/plain" })).status).toBe(415);
  });
});

describe("inbound messages, on the same URL", () => {
  const inbound = (msg_id: string, more: object) => ({
    from: "999000000001",
    waba_number: "447700900000",
    timestamp: now(),
    context: { msg_id },
    ...more,
  });

  it("takes a text and a button", async () => {
    const id = await accepted();
    const text = inbound(id, { type: "text", text: { body: "STOP" } });
    const button = inbound(id, { type: "button", button: { payload: "p", text: "Yes" } });
    await post(moengage.deliveryUrl, text);
    await post(moengage.deliveryUrl, button);
    expect(moengage.inbound).toEqual([text, button]);
    expect(rules()).toEqual([]);
  });

  it.each<[string, object]>([
    ["no context", { type: "text", text: { body: "x" }, context: undefined }],
    ["a text without body", { type: "text", text: {} }],
    ["a button payload that is an object", { type: "button", button: { payload: {}, text: "x" } }],
    ["another type", { type: "image", image: {} }],
    ["an empty sender", { type: "text", text: { body: "x" }, from: "" }],
  ])("refuses %s with 400", async (_name, more) => {
    const id = await accepted();
    expect((await post(moengage.deliveryUrl, inbound(id, more))).status).toBe(400);
    expect(rules()).toEqual(["wrong inbound"]);
  });

  it("holds an answer to an unknown message against the connector", async () => {
    await post(moengage.deliveryUrl, inbound("nobody", { type: "text", text: { body: "x" } }));
    expect(rules()).toEqual(["unknown id"]);
  });
});

describe("SMS reports", () => {
  it("takes one message per call, also before the answer with its id is in", async () => {
    await connector(async () => {
      await post(moengage.smsDeliveryUrl, { trackingId: "t1", status: "delivered" });
      return { status: 200, body: { trackingId: "t1", status: "accepted" } };
    });
    await moengage.sendSms(smsSend(random, party.to));
    expect(moengage.funnel("sms")).toMatchObject({ accepted: 1, delivered: 1, waiting: 0 });
    expect(rules()).toEqual([]);
  });

  it.each<[string, unknown, number]>([
    ["a batch", [{ trackingId: "t", status: "delivered" }], 400],
    ["a WhatsApp report", { statuses: [] }, 400],
    ["no tracking id", { status: "delivered" }, 400],
    ["Vonage's own status", { trackingId: "t", status: "rejected", error: "x" }, 400],
    ["an error that is no string", { trackingId: "t", status: "failed", error: { code: "1" } }, 400],
    ["more than 150 KB", { trackingId: "t", status: "failed", error: "x".repeat(150 * 1024) }, 413],
  ])("refuses %s", async (_name, body, status) => {
    expect((await post(moengage.smsDeliveryUrl, body)).status).toBe(status);
    expect(rules().length).toBe(1);
  });

  it("counts sent as what MoEngage makes of it", async () => {
    await connector(() => ({ status: 200, body: { trackingId: "t1" } }));
    await moengage.sendSms(smsSend(random, party.to));
    await post(moengage.smsDeliveryUrl, { trackingId: "t1", status: "sent" });
    expect(rules()).toEqual(["sent for SMS"]);
  });
});

describe("the Data API", () => {
  const good = {
    authorization: `Basic ${Buffer.from("SANDBOXWORKSPACE:canary-data-api-key").toString("base64")}`,
  };
  const update = {
    type: "customer",
    customer_id: "999000000001",
    attributes: { moe_wa_subscription: false },
  };
  const url = () => `${moengage.url}/v1/customer/SANDBOXWORKSPACE`;

  it("takes an update of a customer", async () => {
    expect((await post(url(), update, good)).status).toBe(200);
    expect(moengage.customers).toEqual([update]);
  });

  it.each<[string, object, number]>([
    ["type in upper case", { ...update, type: "Customer" }, 400],
    ["nobody", { ...update, customer_id: undefined }, 400],
    ["a subscription in words", { ...update, attributes: { moe_wa_subscription: "false" } }, 400],
    ["an SMS subscription as boolean", { ...update, attributes: { moe_sms_subscription: true } }, 400],
  ])("refuses %s", async (_name, body, status) => {
    expect((await post(url(), body, good)).status).toBe(status);
  });

  it("refuses other credentials and other paths", async () => {
    expect((await post(url(), update)).status).toBe(401);
    expect((await post(`${moengage.url}/v1/customer/OTHER`, update, good)).status).toBe(404);
  });
});

describe("what it sends", () => {
  it("presents its credentials as the sender forms say", async () => {
    const app = await connector(({ path }) =>
      path === "/" ? { status: 200, body: { trackingId: "t1", status: "accepted" } } : success,
    );
    const message = whatsappSend(random, party);
    const text = smsSend(random, party.to);
    await moengage.send(message);
    await moengage.sendSms(text);
    expect(app.calls.map(({ path, body }) => [path, body])).toEqual([
      ["/webhooks/send", message],
      ["/", text],
    ]);
    expect(app.calls[0]!.headers).toMatchObject({ "api-key": "key", "api-secret": "secret" });
    expect(app.calls[1]!.headers).toMatchObject({ authorization: "Custom key:secret" });
  });

  it("composes ids and numbers as they were seen", () => {
    const ids = Array.from({ length: 50 }, () => whatsappSend(random, party).msg_id);
    expect(ids.every((id) => /^[0-9a-f]{24}_[0-9a-f]{24}_[0-9]{11}$/.test(id))).toBe(true);
    expect(recipient(7)).toBe("999000000007");
  });

  it("tells the same story for the same seed", () => {
    const story = () => {
      const chance = createRandom(11);
      return Array.from({ length: 20 }, () => whatsappSend(chance, { ...party, template: "quick_replies" }));
    };
    expect(story()).toEqual(story());
  });

  it("composes templates that Vonage takes", async () => {
    const vonage = await startVonage({ credentials, traffic: { statuses: false } });
    stops.push(vonage.stop);
    const authorization = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;
    for (const template of TEMPLATE_NAMES) {
      const { name, language, components } = whatsappSend(random, { ...party, template }).template;
      const custom = {
        type: "template",
        template: { name, language: { ...language, policy: "deterministic" }, components },
      };
      const answer = await post(
        `${vonage.url}/v1/messages`,
        { ...party, channel: "whatsapp", message_type: "custom", custom },
        { authorization },
      );
      expect([template, answer.status]).toEqual([template, 202]);
    }
  });

  it("runs a campaign at its rate and counts what became of it", async () => {
    const app = await connector(({ body }) =>
      (body as { to: string }).to.endsWith("3")
        ? {
            status: 200,
            body: { status: "failure", error: { code: "7002", message: "invalid phone number" } },
          }
        : success,
    );
    const startedAt = performance.now();
    const result = await moengage.campaign({ channel: "whatsapp", count: 20, rate: 500 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(35);
    expect(result).toMatchObject({ offered: 20, accepted: 18, refused: 2, retries: 0, gaveUp: 0 });
    expect(new Set(app.calls.map(({ body }) => (body as { msg_id: string }).msg_id)).size).toBe(20);
    expect(moengage.funnel("whatsapp")).toMatchObject({ accepted: 18, waiting: 18 });
    expect(rules()).toEqual([]);
  });

  it.each<[string, Reply]>([
    ["429", { status: 429, body: { message: "later" } }],
    ["503", { status: 503, body: { message: "later" } }],
    ["a broken connection", "reset"],
  ])("repeats the same request after %s", async (_name, trouble) => {
    const app = await connector((_call, count) => (count === 1 ? trouble : success));
    const result = await moengage.campaign({ channel: "whatsapp", count: 1, rate: 100 });
    expect(result).toMatchObject({ accepted: 1, retries: 1 });
    expect(app.calls[0]!.body).toEqual(app.calls[1]!.body);
  });

  it("does not repeat what was refused for good", async () => {
    const app = await connector(() => ({ status: 401, body: { message: "Invalid credentials" } }));
    expect(await moengage.campaign({ channel: "sms", count: 2, rate: 100 })).toMatchObject({
      refused: 2,
      retries: 0,
    });
    expect(app.calls.length).toBe(2);
  });

  it.each<[string, Reply]>([
    ["another word", { status: 200, body: { status: "ok" } }],
    ["an extra key", { status: 200, body: { status: "success", id: 1 } }],
    ["a failure without error", { status: 200, body: { status: "failure" } }],
    [
      "a code of its own",
      { status: 200, body: { status: "failure", error: { code: "1022", message: "x" } } },
    ],
    ["no JSON", { status: 200, body: "OK" }],
    ["an error without message", { status: 400, body: { error: "x" } }],
    ["an error page", { status: 500, body: "<html>" }],
  ])("holds an answer with %s against the connector", async (_name, answer) => {
    await connector(() => answer);
    await moengage.send(whatsappSend(random, party));
    expect(rules()).toEqual(["wrong answer"]);
  });

  it.each<[string, Reply]>([
    ["no tracking id", { status: 200, body: { status: "accepted" } }],
    ["a number as tracking id", { status: 200, body: { trackingId: 1 } }],
  ])("holds an SMS answer with %s against the connector", async (_name, answer) => {
    await connector(() => answer);
    await moengage.sendSms(smsSend(random, party.to));
    expect(rules()).toEqual(["wrong answer"]);
  });

  it("holds a tracking id that was given twice against the connector", async () => {
    await connector(() => ({ status: 200, body: { trackingId: "t1" } }));
    await moengage.sendSms(smsSend(random, party.to));
    await moengage.sendSms(smsSend(random, party.to));
    expect(rules()).toEqual(["wrong answer"]);
  });
});

describe("trouble on demand", () => {
  it.each([400, 413, 422, 503])("refuses reports with %i and books none", async (status) => {
    const id = await accepted();
    moengage.setFault("whatsapp", { status });
    expect((await report(dlr(id, "sent"))).status).toBe(status);
    expect(moengage.messages.get(id)?.statuses).toEqual([]);
    expect(rules()).toEqual([]);
  });

  it("takes a report and answers garbage", async () => {
    const id = await accepted();
    moengage.setFault("whatsapp", { lie: true });
    expect(await report(dlr(id, "sent"))).toMatchObject({
      status: 200,
      text: expect.stringContaining("<html>"),
    });
    expect(moengage.messages.get(id)?.statuses.length).toBe(1);
  });

  it("is steered and read over HTTP by another process", async () => {
    const put = (body: object) =>
      fetch(`${moengage.url}/_sandbox/faults`, { method: "PUT", body: JSON.stringify(body) });
    expect((await put({ sms: { down: true } })).status).toBe(200);
    expect((await post(moengage.smsDeliveryUrl, {})).status).toBe(503);
    expect((await put({ sms: null })).status).toBe(200);
    await connector(() => success);
    const result = await post(`${moengage.url}/_sandbox/campaign`, {
      channel: "whatsapp",
      count: 2,
      rate: 100,
    });
    expect(JSON.parse(result.text)).toMatchObject({ accepted: 2 });
    const records = await (await fetch(`${moengage.url}/_sandbox/records`)).json();
    expect(records).toEqual(moengage.records());
  });
});
