import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Messages } from "@vonage/messages";
import type { OutboundMessage, Template } from "../../src/core/message.ts";
import type { State } from "../../src/core/ports.ts";
import { createHttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { createVonageSender, type VonageSettings } from "../../src/vonage/client.ts";
import { parseReference, resolveReference } from "../../src/vonage/reference.ts";
import { toRequest } from "../../src/vonage/to-request.ts";
import { fixturesOf } from "../fixtures/index.ts";
import { buildSmsMessage, buildWhatsAppMessage, MSG_ID, VENDOR_ID } from "../support/builders.ts";
import { type Answer, answer, createKeys, startServer } from "./loopback.ts";

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const APPLICATION_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
const MESSAGES = "https://developer.vonage.com/api-errors/messages#";

const accepted = answer(202, { message_uuid: VENDOR_ID });
const unauthorized = answer(401, {
  type: "https://developer.vonage.com/api-errors/#unathorized",
  title: "No",
});

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

interface Setup {
  answers?: Answer[];
  settings?: Partial<VonageSettings>;
  state?: State;
  deadlineMs?: number;
}

/** A sender on real sockets to a loopback server, with a clock that the test turns. */
async function createSubject({ answers = [accepted], settings = {}, state, deadlineMs }: Setup = {}) {
  const server = await startServer(...answers);
  const httpClient = createHttpClient(4);
  toClose.push(httpClient.close, server.close);
  const asked: HttpRequest[] = [];
  const keys = createKeys();
  const clock = { now: Date.now() };
  const sender = createVonageSender(
    { apiHost: server.url, applicationId: APPLICATION_ID, privateKey, ...settings },
    {
      ...httpClient,
      request(request) {
        asked.push(request);
        return httpClient.request(deadlineMs === undefined ? request : { ...request, deadlineMs });
      },
    },
    state ?? keys.state,
    () => clock.now,
  );
  const bodies = () => server.received.map(({ body }) => JSON.parse(body));
  const tokens = () => server.received.map(({ headers }) => headers.authorization);
  return { ...server, ...keys, sender, asked, clock, bodies, tokens };
}

function claimsOf(authorization: string | undefined) {
  const [header = "", payload = "", signature = ""] = authorization?.replace("Bearer ", "").split(".") ?? [];
  const valid = verify(
    "sha256",
    Buffer.from(`${header}.${payload}`),
    createPublicKey(privateKey),
    Buffer.from(signature, "base64url"),
  );
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { valid, header: decode(header), claims: decode(payload) };
}

const messages: [string, OutboundMessage][] = [
  ["a template", buildWhatsAppMessage()],
  ["WhatsApp text", buildWhatsAppMessage({ content: { type: "text", text: "You have opted out." } })],
  ["an SMS", buildSmsMessage({ ttlSeconds: 90, contentId: "1107", entityId: "1101" })],
];

describe("the sender", () => {
  it.each(messages)("resolves to Vonage's message id of %s", async (_what, message) => {
    const { sender, asked } = await createSubject();

    await expect(sender.send(message)).resolves.toEqual({ outcome: "accepted", vendorId: VENDOR_ID });
    expect(asked.map((request) => request.deadlineMs)).toEqual([15_000]);
  });

  it.each(messages)("asks for the same as the SDK as shipped: %s", async (_what, message) => {
    const { sender, received, url } = await createSubject();
    const sdk = new Messages({ applicationId: APPLICATION_ID, privateKey }, { apiHost: url });

    await sender.send(message);
    const reference = JSON.parse(received[0]?.body ?? "").client_ref;
    await sdk.send(toRequest(message, reference) as unknown as Parameters<Messages["send"]>[0]);

    const [ours, theirs] = received.map(({ method, path, headers, body }) => {
      const { valid, header, claims } = claimsOf(headers.authorization);
      return {
        method,
        path,
        body: JSON.parse(body),
        contentType: headers["content-type"],
        scheme: headers.authorization?.split(" ")[0],
        token: { valid, header, claimNames: Object.keys(claims).sort(), application: claims.application_id },
      };
    });
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({
      method: "POST",
      path: "/v1/messages",
      contentType: "application/json",
      scheme: "Bearer",
      token: { valid: true, claimNames: ["application_id", "exp", "iat", "jti"] },
    });
  });

  it("differs from the SDK as shipped in headers that Vonage does not need", async () => {
    const { sender, received, url } = await createSubject();
    const sdk = new Messages({ applicationId: APPLICATION_ID, privateKey }, { apiHost: url });
    const message = buildWhatsAppMessage();

    await sender.send(message);
    await sdk.send(toRequest(message, "x") as unknown as Parameters<Messages["send"]>[0]);

    const [ours, theirs] = received.map(({ headers }) => Object.keys(headers).sort());
    const common = ["accept", "authorization", "connection", "content-length", "content-type", "host"];
    expect(ours).toEqual(common);
    expect(theirs?.filter((name) => !common.includes(name))).toEqual(expect.arrayContaining(["user-agent"]));
  });

  it.each(fixturesOf("moengage-whatsapp-send"))(
    "hands the template on byte by byte, whatever its keys: %s",
    async (_variant, text) => {
      const { sender, received } = await createSubject();
      const { template } = JSON.parse(text) as { template: Template };

      await sender.send(buildWhatsAppMessage({ content: { type: "template", template } }));

      const { components } = JSON.parse(text).template;
      const { custom } = toRequest(
        buildWhatsAppMessage({ content: { type: "template", template: JSON.parse(text).template } }),
        "x",
      );
      expect(received[0]?.body).toContain(`"custom":${JSON.stringify(custom)}`);
      expect(received[0]?.body).toContain(components === undefined ? "" : JSON.stringify(components));
    },
  );

  it("names this instance's status address with each message", async () => {
    const statusUrl = "https://connector.example.com/webhooks/status";
    const { sender, bodies } = await createSubject({ settings: { statusUrl } });

    await sender.send(buildWhatsAppMessage());

    expect(bodies()).toEqual([
      toRequest(buildWhatsAppMessage(), `1vmw.${MSG_ID}`, { webhookUrl: statusUrl }),
    ]);
  });
});

describe("the sender's token", () => {
  it("is used again until a minute before it ends", async () => {
    const { sender, clock, tokens } = await createSubject();

    await sender.send(buildWhatsAppMessage());
    clock.now += 838_000;
    await sender.send(buildWhatsAppMessage());
    clock.now += 3_000;
    await sender.send(buildWhatsAppMessage());
    await sender.send(buildWhatsAppMessage());

    const [first, second, third, fourth] = tokens();
    expect(second).toBe(first);
    expect(third).not.toBe(second);
    expect(fourth).toBe(third);
  });

  it("lives 15 minutes and names the application", async () => {
    const { sender, clock, tokens } = await createSubject();

    await sender.send(buildWhatsAppMessage());

    expect(claimsOf(tokens()[0])).toMatchObject({
      valid: true,
      header: { alg: "RS256", typ: "JWT" },
      claims: { application_id: APPLICATION_ID, exp: Math.floor(clock.now / 1_000) + 900 },
    });
  });

  it("is made anew once after a 401, for the same body, and then kept", async () => {
    const { sender, tokens, bodies } = await createSubject({ answers: [unauthorized, accepted] });

    await expect(sender.send(buildWhatsAppMessage())).resolves.toEqual({
      outcome: "accepted",
      vendorId: VENDOR_ID,
    });
    await sender.send(buildWhatsAppMessage());

    const [first, second, third] = tokens();
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    expect(bodies()[1]).toEqual(bodies()[0]);
  });

  it("is made anew only once: a second 401 is the account's trouble", async () => {
    const { sender, received } = await createSubject({ answers: [unauthorized] });

    expect(await sender.send(buildWhatsAppMessage())).toEqual({
      outcome: "account",
      concerns: "account",
      code: "401",
      description: "No",
      facts: { status: 401, vonageCode: "unathorized" },
    });
    expect(received).toHaveLength(2);
  });
});

describe("the sender's failures", () => {
  const hangUp: Answer = (res) => void res.socket?.destroy();
  const cutShort: Answer = (res) => {
    res.writeHead(202, { "content-length": "100" });
    res.write("{");
    setImmediate(() => res.socket?.destroy());
  };
  const never: Answer = () => undefined;

  it.each([
    [
      "422",
      answer(422, { type: `${MESSAGES}1120`, title: "Invalid sender", detail: "x" }),
      "refused",
      { status: 422, vonageCode: "1120" },
    ],
    ["400", answer(400, ""), "refused", { status: 400, vonageCode: "400" }],
    [
      "402",
      answer(402, { type: "https://developer.nexmo.com/api-errors/#low-balance" }),
      "account",
      { status: 402, vonageCode: "low-balance" },
    ],
    ["403", answer(403, "<html>"), "account", { status: 403, vonageCode: "403" }],
    [
      "a redirect, which is not followed",
      answer(307, "", { location: "/elsewhere" }),
      "account",
      { status: 307, vonageCode: "307" },
    ],
    [
      "429",
      answer(429, "", { "retry-after": "15" }),
      "throttled",
      { status: 429, vonageCode: "429", retryAfterSeconds: 15 },
    ],
    [
      "500",
      answer(500, "<html>", { "x-request-id": "req-1" }),
      "transient",
      { status: 500, vonageCode: "500", requestId: "req-1" },
    ],
    ["503", answer(503, ""), "transient", { status: 503, vonageCode: "503" }],
    ["502", answer(502, "<html>"), "unknown", { status: 502, vonageCode: "502" }],
    ["504", answer(504, ""), "unknown", { status: 504, vonageCode: "504" }],
    ["202 with HTML", answer(202, "<html>"), "unknown", { status: 202 }],
    ["202 with nothing", answer(202, ""), "unknown", { status: 202 }],
    ["202 without an id", answer(202, {}), "unknown", { status: 202 }],
    ["a connection lost after the body", hangUp, "unknown", { reason: "UND_ERR_SOCKET" }],
    ["a connection lost within the answer", cutShort, "unknown", { reason: expect.any(String) }],
  ])("after %s", async (_what, reply, outcome, facts) => {
    const { sender, received } = await createSubject({ answers: [reply] });

    const result = await sender.send(buildWhatsAppMessage());

    expect(result).toMatchObject({ outcome });
    expect(result).toHaveProperty("facts", facts);
    expect(received).toHaveLength(1);
  });

  it("after no answer within the deadline: nobody knows", async () => {
    const { sender, received } = await createSubject({ answers: [never], deadlineMs: 100 });

    expect(await sender.send(buildWhatsAppMessage())).toEqual({
      outcome: "unknown",
      facts: { reason: "TimeoutError" },
    });
    expect(received).toHaveLength(1);
  });

  it("after a refused connection: surely not sent", async () => {
    const gone = await startServer();
    await gone.close();
    const { sender } = await createSubject({ settings: { apiHost: gone.url } });

    expect(await sender.send(buildWhatsAppMessage())).toEqual({
      outcome: "transient",
      facts: { reason: "ECONNREFUSED" },
    });
  });

  it("carry neither the request nor the token", async () => {
    const replies = [answer(422, "{}"), answer(500, ""), answer(202, ""), hangUp];
    for (const reply of replies) {
      const { sender } = await createSubject({ answers: [reply] });

      const result = await sender.send(buildSmsMessage());

      expect(result.outcome).not.toBe("accepted");
      expect(JSON.stringify(result)).not.toMatch(/447700900123|Hi Ana|Bearer|eyJ/);
    }
  });
});

describe("the sender's reference", () => {
  const blame = answer(422, { type: `${MESSAGES}1060`, title: "Invalid client reference", detail: "x" });
  const blameByName = answer(422, {
    type: `${MESSAGES}1150`,
    title: "Invalid params",
    invalid_parameters: [{ name: "client_ref", reason: "too long" }],
  });

  it.each([
    ["by its anchor", blame],
    ["by its name", blameByName],
  ])("is sent once more as a short key that State knows when Vonage blames it %s", async (_how, reply) => {
    const { sender, bodies, state } = await createSubject({ answers: [reply, accepted] });

    await expect(sender.send(buildWhatsAppMessage())).resolves.toEqual({
      outcome: "accepted",
      vendorId: VENDOR_ID,
    });

    const [first, second] = bodies();
    expect(first.client_ref).toBe(`1vmw.${MSG_ID}`);
    expect(second).toEqual({ ...first, client_ref: expect.stringMatching(/^1kmw\.[\w-]{22}$/) });
    const reference = parseReference(second.client_ref);
    expect(reference && (await resolveReference(state, reference))).toBe(MSG_ID);
  });

  it("is not mended twice", async () => {
    const { sender, received } = await createSubject({ answers: [blame] });

    expect(await sender.send(buildWhatsAppMessage())).toMatchObject({
      outcome: "refused",
      code: "1450",
      facts: { status: 422, vonageCode: "1060", blamesReference: true },
    });
    expect(received).toHaveLength(2);
  });

  it("that is a key already is not sent again", async () => {
    const { sender, received } = await createSubject({ answers: [blame] });

    expect(await sender.send(buildWhatsAppMessage({ id: "x".repeat(96) }))).toMatchObject({
      outcome: "refused",
    });
    expect(received).toHaveLength(1);
  });

  it("tells the outcome of the second send, whatever it is", async () => {
    const { sender } = await createSubject({ answers: [blame, answer(502, "")] });

    expect(await sender.send(buildWhatsAppMessage())).toMatchObject({ outcome: "unknown" });
  });

  it("is kept in State before a message with a long id leaves", async () => {
    const keptByThen: string[] = [];
    const { sender, kept } = await createSubject({
      answers: [
        (res, received) => {
          keptByThen.push(...kept.values());
          accepted(res, received);
        },
      ],
    });

    await sender.send(buildWhatsAppMessage({ id: "x".repeat(96) }));

    expect(keptByThen).toEqual(["x".repeat(96)]);
  });

  it("that cannot be kept means that nothing was sent", async () => {
    const state = { setKey: () => Promise.reject(new Error("State is down")) } as unknown as State;
    const { sender, received } = await createSubject({ state });

    expect(await sender.send(buildWhatsAppMessage({ id: "x".repeat(96) }))).toEqual({
      outcome: "transient",
      facts: {},
    });
    expect(received).toEqual([]);
  });
});
