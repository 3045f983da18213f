import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Messages, SMS, WhatsAppCustom } from "@vonage/messages";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { type Behaviour, startVonage, type Vonage } from "../../src/sandbox/vonage/index.ts";
import { credentials, rs256 } from "./helpers.ts";

let vonage: Vonage;
beforeAll(async () => {
  vonage = await startVonage({ credentials });
});
afterAll(() => vonage.stop());
beforeEach(() => {
  vonage.clearRules();
  vonage.setTraffic({ ratePerSecond: null });
});

const sms = {
  to: "999000000001",
  from: "Sandbox",
  channel: "sms",
  message_type: "text",
  text: "Hi",
  client_ref: "r",
};
const template = { name: "greeting", language: { policy: "deterministic", code: "en" } };
const whatsapp = {
  to: "999000000001",
  from: "447700900000",
  channel: "whatsapp",
  message_type: "custom",
  custom: { type: "template", template },
  client_ref: "r",
};
const withComponents = (...components: unknown[]) => ({
  ...whatsapp,
  custom: { type: "template", template: { ...template, components } },
});

const claims = () => {
  const now = Math.floor(Date.now() / 1000);
  return { application_id: credentials.applicationId, iat: now, exp: now + 900, jti: "j1" };
};
const basic = (key: string, secret: string) => `Basic ${Buffer.from(`${key}:${secret}`).toString("base64")}`;
const headersOf = (authorization?: string, type = "application/json"): Record<string, string> => ({
  "content-type": type,
  ...(authorization === undefined ? {} : { authorization }),
});

async function post(body: unknown, headers = headersOf(`Bearer ${rs256(claims())}`), query = "") {
  const response = await fetch(`${vonage.url}/v1/messages${query}`, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

describe("the official SDK against the fake", () => {
  const messagesOf = (auth: ConstructorParameters<typeof Messages>[0]) =>
    new Messages(auth, { apiHost: vonage.url });
  const jwt = { applicationId: credentials.applicationId, privateKey: credentials.privateKey };

  it.each([
    ["a JWT", jwt],
    ["Basic", { apiKey: credentials.accountId, apiSecret: credentials.accountSecret }],
  ])("is accepted with %s", async (_name, auth) => {
    const sent = await messagesOf(auth).send(
      new WhatsAppCustom({
        to: "999000000001",
        from: "447700900000",
        custom: { type: "template", template },
        clientRef: "ref-1",
      }),
    );
    const accepted = vonage.messages.at(-1)!;
    expect(sent.messageUUID).toBe(accepted.uuid);
    expect(accepted.request).toEqual({ ...whatsapp, client_ref: "ref-1" });
  });

  it.each([
    [401, { ...jwt, applicationId: "99999999-0000-4000-8000-000000000000" }, "999000000001"],
    [401, { ...jwt, privateKey: createCredentials().privateKey }, "999000000001"],
    [401, { apiKey: credentials.accountId, apiSecret: "wrong" }, "999000000001"],
    [422, jwt, "+999000000001"],
  ])("is refused with %i", async (status, auth, to) => {
    const sending = messagesOf(auth).send(new SMS("Hi", to, "Sandbox"));
    await expect(sending).rejects.toMatchObject({ response: { status } });
  });

  it("is throttled with Retry-After when the account sends too fast", async () => {
    vonage.setTraffic({ ratePerSecond: 1 });
    const messages = messagesOf(jwt);
    const send = () => messages.send(new SMS("Hi", "999000000001", "Sandbox"));
    await send();
    const refused = await send().then(
      () => undefined,
      (error: { response: Response }) => error.response,
    );
    expect(refused?.status).toBe(429);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(refused?.headers.get("x-ratelimit-limit")).toBe("1");
    expect(await refused?.json()).toMatchObject({
      type: "https://developer.vonage.com/api-errors/messages#1000",
      title: "Rate Limit Hit",
    });
  });
});

describe("who may send", () => {
  it.each<[string, () => Record<string, string>, string, string]>([
    ["nothing", () => headersOf(), "", "#unathorized"],
    ["a foreign key", () => headersOf(`Bearer ${rs256(claims(), createCredentials())}`), "", "#unathorized"],
    ["an expired token", () => headersOf(`Bearer ${rs256({ ...claims(), exp: 1 })}`), "", "#jwt-expired"],
    ["no exp", () => headersOf(`Bearer ${rs256({ ...claims(), exp: undefined })}`), "", "#unathorized"],
    ["no jti", () => headersOf(`Bearer ${rs256({ ...claims(), jti: undefined })}`), "", "#unathorized"],
    ["an iat to come", () => headersOf(`Bearer ${rs256({ ...claims(), iat: 9e9 })}`), "", "#unathorized"],
    ["a wrong secret", () => headersOf(basic(credentials.accountId, "x")), "", "#unathorized"],
    [
      "a token and a key in the query",
      () => headersOf(`Bearer ${rs256(claims())}`),
      "?api_key=k&api_secret=s",
      "#multiple-auth-methods",
    ],
  ])("refuses %s", async (_name, headers, query, anchor) => {
    const answer = await post(sms, headers(), query);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json()).toEqual({
      type: `https://developer.vonage.com/api-errors/${anchor}`,
      title: expect.any(String),
      detail: expect.any(String),
      instance: expect.any(String),
    });
  });
});

describe("what it accepts", () => {
  it.each<[string, unknown]>([
    ["an SMS", sms],
    [
      "an SMS with everything",
      {
        ...sms,
        ttl: 20,
        trusted_recipient: true,
        sms: { encoding_type: "auto", content_id: "1", entity_id: "2" },
        webhook_url: "https://example.com/s",
        webhook_version: "v1",
      },
    ],
    ["an SMS of 3200 characters", { ...sms, text: "x".repeat(3200) }],
    ["a reference of 100 characters", { ...sms, client_ref: "x".repeat(100) }],
    ["a template without components", whatsapp],
    ["a business-scoped user id", { ...whatsapp, to: "US.13491208655302741918" }],
    ["an unknown component", withComponents({ type: "order_status", anything: 1 })],
    [
      "a component in upper case",
      withComponents({ type: "BODY", parameters: [{ type: "text", text: "x" }] }),
    ],
    [
      "a named parameter",
      withComponents({ type: "body", parameters: [{ type: "text", text: "x", parameter_name: "n" }] }),
    ],
    [
      "a flow with free-form keys",
      withComponents({
        type: "button",
        sub_type: "flow",
        index: "0",
        parameters: [
          {
            type: "action",
            action: { flow_token: "t", flow_action_data: { firstName: "A", "Order ID": 1 } },
          },
        ],
      }),
    ],
    ["a text", { ...whatsapp, custom: undefined, message_type: "text", text: "Thanks" }],
    [
      "a plain template",
      {
        ...whatsapp,
        custom: undefined,
        message_type: "template",
        whatsapp: { policy: "deterministic", locale: "en_US" },
        template: { name: "verify", parameters: ["1"] },
      },
    ],
  ])("%s", async (_name, body) => {
    const answer = await post(body);
    expect([answer.status, answer.text]).toEqual([202, `{"message_uuid":"${vonage.messages.at(-1)?.uuid}"}`]);
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(vonage.messages.at(-1)?.request).toEqual(JSON.parse(JSON.stringify(body)));
  });
});

describe("what it refuses with 422", () => {
  const header = (...parameters: unknown[]) => ({ type: "header", parameters });
  const body = (...parameters: unknown[]) => ({ type: "body", parameters });
  const button = (sub_type: string, ...parameters: unknown[]) => ({
    type: "button",
    sub_type,
    index: "0",
    parameters,
  });

  it.each<[string, unknown, string, string]>([
    ["no channel", { ...sms, channel: undefined }, "messages#1100", "channel"],
    ["an unknown channel", { ...sms, channel: "pigeon" }, "messages#1100", "channel"],
    ["a plus sign", { ...sms, to: "+999000000001" }, "messages#1130", "to"],
    ["a number that is no string", { ...sms, to: 999000000001 }, "messages#1130", "to"],
    ["16 digits", { ...sms, to: "9990000000011111" }, "messages#1130", "to"],
    ["a user id on SMS", { ...sms, to: "US.13491208655302741918" }, "messages#1130", "to"],
    ["no sender", { ...sms, from: undefined }, "messages#1120", "from"],
    ["a sender of 12 letters", { ...sms, from: "ABCDEFGHIJKL" }, "messages#1120", "from"],
    ["a WhatsApp sender with plus", { ...whatsapp, from: "+447700900000" }, "messages#1120", "from"],
    ["a message type SMS does not have", { ...sms, message_type: "image" }, "messages#1140", "message_type"],
    [
      "a message type WhatsApp does not have",
      { ...whatsapp, message_type: "interactive" },
      "messages#1140",
      "message_type",
    ],
    ["a reference of 101 characters", { ...sms, client_ref: "x".repeat(101) }, "messages#1060", "client_ref"],
    ["no text", { ...sms, text: "" }, "messages#1150", "text"],
    ["3201 characters", { ...sms, text: "x".repeat(3201) }, "messages#1150", "text"],
    ["a ttl of 19 s", { ...sms, ttl: 19 }, "messages#1150", "ttl"],
    ["a ttl as string", { ...sms, ttl: "90" }, "messages#1150", "ttl"],
    ["a webhook that is no URL", { ...sms, webhook_url: "status" }, "messages#1150", "webhook_url"],
    ["webhook version v2", { ...sms, webhook_version: "v2" }, "messages#1150", "webhook_version"],
    ["an unknown key", { ...sms, msg_id: "1" }, "messages#1150", "msg_id"],
    ["an unknown SMS option", { ...sms, sms: { contentId: "1" } }, "messages#1150", "sms.contentId"],
    [
      "a template without policy",
      { ...whatsapp, custom: { type: "template", template: { name: "n", language: { code: "en" } } } },
      "messages#1150",
      "custom.template.language.policy",
    ],
    [
      "a template without name",
      { ...whatsapp, custom: { type: "template", template: { language: template.language } } },
      "messages#1150",
      "custom.template.name",
    ],
    [
      "components that are no array",
      { ...whatsapp, custom: { type: "template", template: { ...template, components: "x" } } },
      "messages#1150",
      "custom.template.components",
    ],
    [
      "an image without link",
      withComponents(header({ type: "image", image: {} })),
      "messages#1150",
      "custom.template.components.0.parameters.0.image",
    ],
    [
      "two header parameters",
      withComponents(header({ type: "text", text: "a" }, { type: "text", text: "b" })),
      "messages#1150",
      "custom.template.components.0.parameters",
    ],
    [
      "an empty body parameter",
      withComponents(body({ type: "text", text: "" })),
      "messages#1150",
      "custom.template.components.0.parameters.0.text",
    ],
    [
      "a rewritten key",
      withComponents(
        body({ type: "currency", currency: { fallbackValue: "1", code: "USD", amount_1000: "1" } }),
      ),
      "messages#1150",
      "custom.template.components.0.parameters.0.currency.fallback_value",
    ],
    [
      "a quick reply without payload",
      withComponents(button("quick_reply", { type: "text", text: "x" })),
      "messages#1150",
      "custom.template.components.0.parameters.0.type",
    ],
    [
      "a button without index",
      withComponents({ type: "button", sub_type: "url", parameters: [{ type: "text", text: "x" }] }),
      "messages#1150",
      "custom.template.components.0.index",
    ],
    [
      "a carousel card with a bad header",
      withComponents({
        type: "carousel",
        cards: [{ card_index: 0, components: [header({ type: "image", image: {} })] }],
      }),
      "messages#1150",
      "custom.template.components.0.cards.0.components.0.parameters.0.image",
    ],
    [
      "an offer that expires in words",
      withComponents({
        type: "limited_time_offer",
        parameters: [{ type: "limited_time_offer", limited_time_offer: { expiration_time_ms: "soon" } }],
      }),
      "messages#1150",
      "custom.template.components.0.parameters.0.limited_time_offer.expiration_time_ms",
    ],
  ])("%s", async (_name, request, anchor, parameter) => {
    const accepted = vonage.messages.length;
    const answer = await post(request);
    expect(answer.status).toBe(422);
    expect(answer.json()).toMatchObject({
      type: `https://developer.vonage.com/api-errors/${anchor}`,
      invalid_parameters: expect.arrayContaining([{ name: parameter, reason: expect.any(String) }]),
    });
    expect(vonage.messages.length).toBe(accepted);
  });

  it("refuses what is not JSON, not said to be JSON, or not a POST", async () => {
    expect((await post("{")).json().type).toBe("https://developer.vonage.com/api-errors/#invalid-json");
    expect((await post(sms, headersOf(`Bearer ${rs256(claims())}`, "text/plain"))).status).toBe(415);
    expect((await fetch(`${vonage.url}/v1/messages`)).status).toBe(405);
    expect((await fetch(`${vonage.url}/v3/messages`)).status).toBe(404);
  });
});

describe("behaviour on demand", () => {
  it.each<[string, Behaviour, number, Record<string, unknown>]>([
    ["low balance", { do: "problem", status: 402 }, 402, { type: expect.stringContaining("#low-balance") }],
    [
      "a suspended account",
      { do: "problem", status: 403, anchor: "#account-suspended" },
      403,
      { title: "Account suspended" },
    ],
    [
      "an invalid recipient",
      { do: "problem", status: 422, anchor: "messages#1130" },
      422,
      { title: "Invalid recipient" },
    ],
    ["an internal error", { do: "problem", status: 500 }, 500, { title: "Internal error" }],
    ["a throttle", { do: "throttle", retryAfterSeconds: 7 }, 429, { title: "Rate Limit Hit" }],
  ])("answers %s, as often as told", async (_name, answer, status, words) => {
    vonage.behave({ times: 1, answer });
    const refused = await post(sms);
    expect(refused.status).toBe(status);
    expect(refused.json()).toMatchObject(words);
    expect((await post(sms)).status).toBe(202);
  });

  it("answers a gateway's page", async () => {
    vonage.behave({ answer: { do: "html", status: 502 } });
    const answer = await post(sms);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([502, "text/html"]);
  });

  it("chooses by recipient, reference, channel or any condition", async () => {
    const answer: Behaviour = { do: "problem", status: 500 };
    vonage.behave({ toEndsWith: "77", answer });
    vonage.behave({ clientRef: "bad", answer });
    vonage.behave({ channel: "whatsapp", when: ({ from }) => from === "447700900009", answer });
    const statuses = [
      await post(sms),
      await post({ ...sms, to: "999000000077" }),
      await post({ ...sms, client_ref: "bad" }),
      await post(whatsapp),
      await post({ ...whatsapp, from: "447700900009" }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([202, 500, 500, 202, 500]);
  });

  it.each<[Behaviour["do"], number]>([
    ["hang", 0],
    ["reset", 0],
    ["accept-then-hang", 1],
    ["accept-then-reset", 1],
  ])("does not answer after %s, having sent %i", async (how, sent) => {
    const accepted = vonage.messages.length;
    vonage.behave({ times: 1, answer: { do: how } as Behaviour });
    const attempt = fetch(`${vonage.url}/v1/messages`, {
      method: "POST",
      headers: headersOf(`Bearer ${rs256(claims())}`),
      body: JSON.stringify(sms),
      signal: AbortSignal.timeout(200),
    });
    await expect(attempt).rejects.toThrow();
    expect(vonage.messages.length - accepted).toBe(sent);
  });

  it("names what was sent twice", async () => {
    await post({ ...sms, client_ref: "twice" });
    await post({ ...sms, client_ref: "twice" });
    expect(vonage.records().sentTwice).toContain("twice");
    expect(vonage.records().sentTwice).not.toContain("ref-2");
  });
});

describe("the Applications API", () => {
  const get = async (authorization: string, id = credentials.applicationId) => {
    const response = await fetch(`${vonage.url}/v2/applications/${id}`, { headers: { authorization } });
    return { status: response.status, body: await response.json() };
  };
  const good = basic(credentials.accountId, credentials.accountSecret);

  it("shows the application's URLs as they are set", async () => {
    vonage.setUrls({ statusUrl: "https://example.com/s", inboundUrl: "https://example.com/i" });
    expect(await get(good)).toEqual({
      status: 200,
      body: {
        id: credentials.applicationId,
        name: "Sandbox application",
        capabilities: {
          messages: {
            version: "v1",
            webhooks: {
              inbound_url: { address: "https://example.com/i", http_method: "POST" },
              status_url: { address: "https://example.com/s", http_method: "POST" },
            },
          },
        },
        keys: { public_key: credentials.publicKey },
      },
    });
  });

  it("wants the account's key and secret, and knows one application", async () => {
    expect((await get(basic(credentials.accountId, "x"))).status).toBe(401);
    expect((await get(`Bearer ${rs256(claims())}`)).status).toBe(401);
    expect((await get(good, "00000000-0000-4000-8000-000000000000")).status).toBe(404);
  });
});
