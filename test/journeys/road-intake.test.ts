import { afterEach, describe, expect, it } from "@jest/globals";
import type { Fault } from "../../src/sandbox/faults.ts";
import { buildSmsSend, buildWhatsAppSend, RECIPIENT } from "../support/builders.ts";
import { AUTH, credentials, endJourneys, type Journey, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const { accountId: key, accountSecret: secret } = credentials;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const failure = (code: string, message: unknown) => ({
  status: 200,
  body: { status: "failure", error: { code, message } },
});
const TRY_LATER = "The connector cannot take the message now: try again later";

/** Nothing came of it: no job, no message, and a line in the log that says why. */
function expectNothing(journey: Journey, code: string): void {
  const { queues } = journey.vcr.records();
  expect(Object.values(queues).map(({ accepted }) => accepted)).toEqual([0, 0, 0, 0]);
  expect(journey.sends()).toEqual([]);
  expect(journey.lines.map(({ msg }) => msg)).toContain(`Send not accepted: ${code}`);
}

describe("who may send", () => {
  const valid: [string, Record<string, string>][] = [
    ["api-key and api-secret", AUTH],
    ["api_key and api_secret", { api_key: key, api_secret: secret }],
    ["Authorization: Custom", { authorization: `Custom ${key}:${secret}` }],
    ["Authentication: Custom", { authentication: `Custom ${key}:${secret}` }],
    ["Authorization: Basic", { authorization: `Basic ${base64(`${key}:${secret}`)}` }],
    ["Authentication: Basic", { authentication: `Basic ${base64(`${key}:${secret}`)}` }],
  ];
  const invalid: [string, Record<string, string>][] = [
    ["nothing", {}],
    ["a wrong secret", { ...AUTH, "api-secret": `${secret}x` }],
    ["a wrong key", { ...AUTH, "api-key": "00000000" }],
    ["the secret without the key", { "api-secret": secret }],
    ["empty values", { "api-key": "", "api-secret": "" }],
    ["Custom with a wrong secret", { authorization: `Custom ${key}:wrong` }],
    ["Basic that is not base64", { authorization: "Basic %%%" }],
    ["a scheme that is not ours", { authorization: `Digest ${key}:${secret}` }],
  ];

  it("is whoever shows the account's key and secret in any of the forms, on either route", async () => {
    const journey = await startJourney();
    for (const [form, headers] of valid) {
      const whatsapp = await journey.post("/webhooks/send", buildWhatsAppSend(), headers);
      expect([form, whatsapp]).toEqual([form, { status: 200, body: { status: "success" } }]);
      const sms = await journey.post("/", buildSmsSend(), headers);
      expect([form, sms.status]).toEqual([form, 200]);
    }
  });

  it("is nobody else, and the answer to them is 401 in words", async () => {
    const journey = await startJourney();
    for (const [form, headers] of invalid) {
      const whatsapp = await journey.post("/webhooks/send", buildWhatsAppSend(), headers);
      expect([form, whatsapp]).toEqual([form, { status: 401, body: { message: "Invalid credentials" } }]);
      const sms = await journey.post("/", buildSmsSend(), headers);
      expect([form, sms]).toEqual([
        form,
        { status: 401, body: { message: "Invalid credentials", error: "unauthorized" } },
      ]);
    }
    expectNothing(journey, "unauthorized");
  });

  it("shows either of two secrets while they are rotated, and no longer the account's own", async () => {
    const env = { CONNECTOR_API_KEY: "platform", CONNECTOR_API_SECRET: "canary-old, canary-new" };
    const journey = await startJourney({ env });
    const statusWith = async (apiKey: string, apiSecret: string) =>
      (await journey.post("/", buildSmsSend(), { "api-key": apiKey, "api-secret": apiSecret })).status;
    expect(await statusWith("platform", "canary-old")).toBe(200);
    expect(await statusWith("platform", "canary-new")).toBe(200);
    expect(await statusWith("platform", "canary-old, canary-new")).toBe(401);
    expect(await statusWith(key, secret)).toBe(401);
  });
});

describe("a WhatsApp send that can never be sent", () => {
  const template = { name: "t", language: { code: "en" } };
  it.each([
    [
      "a number that is not ours",
      { from: "447700900999" },
      "7004",
      /\*0999 is not a WhatsApp number/,
      "sender",
    ],
    ["no sender", { from: undefined }, "7004", /from is missing/, "sender"],
    ["no template", { template: undefined }, "7001", /template is missing/, "template"],
    [
      "a template without a name",
      { template: { ...template, name: "" } },
      "7001",
      /template.name/,
      "template",
    ],
    ["a template without a language", { template: { name: "t" } }, "7001", /template.language/, "template"],
    [
      "components that are none",
      { template: { ...template, components: [7] } },
      "7001",
      /components\[0\]/,
      "template",
    ],
    ["no recipient", { to: undefined }, "7002", /to is missing/, "recipient"],
    ["a bad number", { to: "+44 call me" }, "7002", /not a phone number/, "recipient"],
    ["a number that is an object", { to: {} }, "7002", /to must be a phone number/, "recipient"],
    ["no id", { msg_id: undefined }, "7004", /msg_id is missing/, "request"],
  ])("is answered 200 with a failure and its code: %s", async (_name, fault, code, words, kind) => {
    const journey = await startJourney();
    const answer = await journey.post("/webhooks/send", buildWhatsAppSend(fault));
    expect(answer).toEqual(failure(code, expect.stringMatching(words)));
    expectNothing(journey, `invalid_${kind}`);
  });
});

describe("a body that is no send at all", () => {
  const json = { "content-type": "application/json" };
  const large = JSON.stringify(buildWhatsAppSend({ padding: "x".repeat(3 * 1024 * 1024) }));
  const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  const cases: [string, string | Buffer, Record<string, string>, number][] = [
    ["not JSON", "msg_id=1", json, 400],
    ["JSON cut short", '{"msg_id":"1"', json, 400],
    ["empty", "", json, 400],
    ["nested too deeply", deep, json, 400],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), json, 400],
    ["three megabytes", large, json, 413],
    ["plain text", JSON.stringify(buildWhatsAppSend()), { "content-type": "text/plain" }, 415],
    ["another charset", "{}", { "content-type": "application/json; charset=utf-16" }, 415],
    ["an unknown encoding", "{}", { ...json, "content-encoding": "snappy" }, 415],
    ["gzip that is none", "{}", { ...json, "content-encoding": "gzip" }, 400],
  ];
  it.each(cases)("is refused in words: %s", async (_name, body, headers, status) => {
    const journey = await startJourney();
    const message = expect.stringMatching(/\w+ \w+/);
    expect(await journey.post("/webhooks/send", body, { ...AUTH, ...headers })).toEqual({
      status,
      body: { message },
    });
    expect(await journey.post("/", body, { ...AUTH, ...headers })).toEqual({
      status,
      body: { message, error: expect.any(String) },
    });
    expect(journey.sends()).toEqual([]);
  });
});

describe("while the queue cannot be had", () => {
  const faults: Record<string, Fault> = {
    "it is down": { down: true },
    "it refuses": { status: 401 },
    "it hangs": { hang: true },
    "it is slower than the platform is patient": { delayMs: 6_000 },
  };

  it("a send is answered 503 within four seconds, never 200, and is taken again afterwards", async () => {
    const journeys = await Promise.all(Object.values(faults).map(() => startJourney()));
    await Promise.all(
      Object.values(faults).map(async (fault, index) => {
        const journey = journeys[index]!;
        journey.vcr.setFault("queue-service", fault);
        const started = journey.now();
        const sent = Promise.all([
          journey.send(buildWhatsAppSend()),
          journey.sendSms(buildSmsSend()),
          journey.sendSms(buildSmsSend()),
        ]);
        const asked = () => journey.callsTo("vcr", /enqueue$/).flatMap(({ body }) => body as unknown[]);
        await until("the queue is asked for all", () => asked().length === 3);
        await journey.skip(2_000, /queue/);
        const answers = await sent;
        expect(journey.now() - started).toBeLessThan(4_000);
        expect(answers).toEqual([
          { status: 503, body: { message: TRY_LATER } },
          ...Array(2).fill({ status: 503, body: { message: TRY_LATER, error: "queue_unavailable" } }),
        ]);
        expectNothing(journey, "queue_unavailable");
        journey.vcr.setFault("queue-service", null);
        expect(await journey.send(buildWhatsAppSend())).toEqual({ status: 200, body: { status: "success" } });
      }),
    );
  });
});

describe("whatever is posted to whatever route", () => {
  const FORM = "application/x-www-form-urlencoded";
  const PROVES = ["/webhooks/status", "/webhooks/passed-message-status", "/webhooks/inbound"];
  const fields = ["msg_id", "from", "to", "template", "text", "ttl", "sender", "template_id", "v", "mac"];
  const values: unknown[] = [null, [], {}, 1.5, -1, true, "", "NaN", { toString: null }, [[[]]], "\u0000"];
  const whole = { ...buildWhatsAppSend(), ...buildSmsSend(), v: 1, kid: "k", mac: "m", body: "{}" };
  const mutants = fields.flatMap((field) =>
    values.map((value) => JSON.stringify({ ...whole, [field]: value })),
  );
  const odd = [
    ...["[]", "[[]]", "null", "0", '"text"', "true", "{}", "", "{", "\ud800"],
    '{"__proto__":{"status":"x"},"constructor":{"prototype":{}}}',
    `{"template":{"__proto__":null,"name":"__proto__","language":{"code":"constructor"}},"to":"${RECIPIENT}"}`,
    `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
    '{"to":1e400,"text":1e999}',
    '{"msg_id":"1","msg_id":["2"]}',
  ];

  const isIntake = (route: string) => route === "/" || route === "/webhooks/send";
  const answersTo = (journey: Journey, route: string, type: string, bodies: string[]) =>
    Promise.all(
      bodies.map(async (body) => {
        const { status, body: answer } = await journey.post(route, body, { ...AUTH, "content-type": type });
        return { body, status, words: typeof answer === "object" && answer !== null };
      }),
    );

  it.each<[string, string, number[]]>([
    ["/", "application/json", [200, 400]],
    ["/", FORM, [400]],
    ["/", "text/plain", [415]],
    ["/webhooks/send", "application/json", [200, 400]],
    ["/webhooks/send", FORM, [415]],
    ...PROVES.map((route): [string, string, number[]] => [route, "application/json", [400, 503]]),
    ...PROVES.map((route): [string, string, number[]] => [route, FORM, [415]]),
    ["/webhooks/message-dispatcher", "application/json", [400, 401]],
    ["/webhooks/message-dispatcher", "text/plain", [415]],
    ["/nowhere", "application/json", [404]],
  ])("%s with %s: the contract's answer, never 500", async (route, type, expected) => {
    // Some of them are good sends, which the fake platform knows nothing of.
    const journey = await startJourney({ allow: ["unknown id"] });
    const bodies = isIntake(route) && type === "application/json" ? [...odd, ...mutants] : odd;
    const answers = await answersTo(journey, route, type, bodies);
    expect(answers.filter(({ status, words }) => !expected.includes(status) || !words)).toEqual([]);
    expect(journey.lines.filter(({ code }) => code === "internal")).toEqual([]);
  });

  it.each(["/", "/webhooks/send", ...PROVES, "/webhooks/message-dispatcher"])(
    "%s refuses three megabytes and an unknown encoding",
    async (route) => {
      const journey = await startJourney();
      const words = { message: expect.any(String) };
      const large = await journey.post(route, { padding: "x".repeat(3 * 1024 * 1024) });
      expect(large).toEqual({ status: 413, body: expect.objectContaining(words) });
      const encoded = await journey.post(route, {}, { ...AUTH, "content-encoding": "snappy" });
      expect(encoded).toEqual({ status: 415, body: expect.objectContaining(words) });
    },
  );

  it("a signed webhook of no sense is answered once and for all, never 500", async () => {
    const journey = await startJourney();
    for (const route of PROVES) {
      const answers = await Promise.all(
        odd.map(async (body) => ({ sent: body, ...(await journey.webhook(route, body)) })),
      );
      expect(answers.filter(({ status }) => status !== 400)).toEqual([]);
    }
    expect(journey.lines.filter(({ code }) => code === "internal")).toEqual([]);
  });
});
