import { createHash, createHmac, createPrivateKey } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Connector, start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { SendJob } from "../../src/core/job.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { signJwt } from "../../src/sandbox/jwt.ts";
import { type MoEngage, startMoEngage } from "../../src/sandbox/moengage/index.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { signWebhook, startVonage, type Vonage } from "../../src/sandbox/vonage/index.ts";
import { SENDERS } from "../../src/sandbox/world.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { until, whatsappMessage } from "../support/ports.ts";

const WHATSAPP_NUMBER = SENDERS.whatsapp;
const own = createCredentials();
const foreign = createCredentials();
const previous = createCredentials();
const SECOND = "the-next-signature-secret-of-this-account";

let vcr: Vcr;
let vonage: Vonage;
let moengage: MoEngage;
let connector: Connector;
let url: string;
const lines: string[] = [];

beforeAll(async () => {
  vcr = await startVcr({ credentials: own });
  vonage = await startVonage({ credentials: own, traffic: { statuses: false } });
  moengage = await startMoEngage({ credentials: own });
  connector = await start(
    parseConfig({
      ...credentialsEnv(own),
      VCR_PRIVATE_KEY_PREVIOUS: previous.privateKey,
      VONAGE_SIGNATURE_SECRET: `${own.signatureSecret},${SECOND}`,
      CONNECTOR_API_KEY: "platform",
      CONNECTOR_API_SECRET: "old-secret,new-secret",
      VCR_PROVIDERS_URL: vcr.url,
      VONAGE_API_HOST: vonage.url,
      WHATSAPP_NUMBER,
      PREFLIGHT: "off",
      MOENGAGE_DELIVERY_URL: moengage.deliveryUrl,
      VCR_PORT: "0",
    }),
    { write: (line) => void lines.push(line) },
  );
  url = `http://127.0.0.1:${connector.port}`;
  // Queues are not polled here: jobs are posted by hand.
  await until(() => lines.some((line) => line.includes("Queues are ready")));
});
afterAll(async () => {
  await connector.stop();
  await Promise.all([vcr.stop(), vonage.stop(), moengage.stop()]);
});

/** What a forgery must not move. */
const effects = () => ({
  enqueued: Object.values(vcr.records().queues).reduce((sum, { accepted }) => sum + accepted, 0),
  sent: vonage.messages.length,
  told: moengage.records().reports,
});
let before: ReturnType<typeof effects>;
beforeEach(() => {
  before = effects();
});

async function post(path: string, body: string | object, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

let count = 0;
function job(over: Partial<SendJob> = {}): SendJob {
  const now = Date.now();
  const message = whatsappMessage({
    id: `forged-${++count}`,
    from: WHATSAPP_NUMBER,
    to: "999000000001",
    acceptedAt: now,
    expiresAt: now + 60_000,
  });
  return { kind: "send", attempt: 1, message, ...over };
}
const sealedBy = (privateKey: string, sealed = job()) => createJobSigner([privateKey]).sign(sealed);
const JOBS = "/webhooks/message-dispatcher";
const QUEUE_HEADERS = {
  "x-neru-queue-name": "connector-whatsapp",
  "x-neru-sessionid": "00000000-0000-0000-0000-000000000000",
};

describe("a job that this connector did not make", () => {
  const flip = (text: string) => (text.startsWith("A") ? `B${text.slice(1)}` : `A${text.slice(1)}`);
  const mine = () => sealedBy(own.privateKey);
  const forgeries: [string, () => unknown][] = [
    ["carries no signature", () => job()],
    [
      "has a changed recipient",
      () => ({ ...mine(), body: mine().body.replace("999000000001", "999000000666") }),
    ],
    ["has a space more", () => ({ ...mine(), body: `${mine().body} ` })],
    ["has a changed proof", () => ({ ...mine(), mac: flip(mine().mac) })],
    ["has the proof of another job", () => ({ ...mine(), mac: sealedBy(own.privateKey).mac })],
    ["has no proof", () => ({ ...mine(), mac: "" })],
    ["names an unknown key", () => ({ ...mine(), kid: flip(mine().kid) })],
    ["is of another application", () => sealedBy(foreign.privateKey)],
    [
      "is of another application and names our key",
      () => ({ ...sealedBy(foreign.privateKey), kid: mine().kid }),
    ],
    ["points at nothing", () => ({ ...mine(), body: undefined, parked: "job:none" })],
    ["points at another key of State", () => ({ ...mine(), body: undefined, parked: "suppressed:whatsapp" })],
    ["is an array", () => [mine()]],
    ["is null", () => null],
    ["is a number", () => 7],
  ];
  it.each(forgeries)("%s: refused with 401, nothing happens", async (_name, forge) => {
    expect(await post(JOBS, JSON.stringify(forge()), QUEUE_HEADERS)).toBe(401);
    expect(effects()).toEqual(before);
  });

  it("has changed content under its parked key: refused", async () => {
    const { body, ...envelope } = mine();
    vcr.state(`application:debug`, "SET", "job:parked", [
      JSON.stringify(body.replace("999000000001", "999000000666")),
    ]);
    expect(await post(JOBS, { ...envelope, parked: "job:parked" })).toBe(401);
    expect(effects()).toEqual(before);
  });
});

describe("a job of this connector", () => {
  it.each([
    ["today's key", own.privateKey],
    ["the key before", previous.privateKey],
  ])("signed with %s is done; replayed, it is not done again", async (_name, privateKey) => {
    const sealed = sealedBy(privateKey);
    expect(await post(JOBS, sealed)).toBe(200);
    expect(await Promise.all([post(JOBS, sealed), post(JOBS, sealed)])).toEqual([200, 200]);
    expect(vonage.messages.length - before.sent).toBe(1);
  });
});

const status = (id = "known-1", over: object = {}) =>
  JSON.stringify({
    message_uuid: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
    to: "999000000001",
    from: WHATSAPP_NUMBER,
    timestamp: new Date().toISOString(),
    status: "delivered",
    channel: "whatsapp",
    client_ref: `1vmw.${id}`,
    ...over,
  });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = (raw: string) => ({
  iat: Math.floor(Date.now() / 1_000),
  jti: `jti-${++count}`,
  iss: "Vonage",
  payload_hash: createHash("sha256").update(raw).digest("hex"),
  api_key: own.accountId,
  application_id: own.applicationId,
});
function hmacToken(header: object, payload: object, secret: string): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}
const ago = (seconds: number) => Math.floor(Date.now() / 1_000) - seconds;

describe.each(["/webhooks/status", "/webhooks/passed-message-status", "/webhooks/inbound"])(
  "a webhook to %s",
  (path) => {
    const raw = status();
    const none = undefined as unknown as string;
    const forgeries: [string, number, () => Record<string, string>][] = [
      ["without a token", 503, () => ({})],
      ["with an empty token", 503, () => bearer("")],
      ["with a word for a token", 503, () => bearer("letmein")],
      ["with the platform's credentials", 503, () => ({ "api-key": "platform", "api-secret": "new-secret" })],
      ["with alg none", 503, () => bearer(`${part({ alg: "none" })}.${part(claims(raw))}.`)],
      [
        "with alg none and the secret's signature",
        503,
        () => bearer(hmacToken({ alg: "none" }, claims(raw), own.signatureSecret)),
      ],
      [
        "that says RS256, with the secret as key",
        503,
        () => bearer(hmacToken({ alg: "RS256", typ: "JWT" }, claims(raw), own.signatureSecret)),
      ],
      [
        "signed with RS256 and the application's key",
        503,
        () => bearer(signJwt("RS256", claims(raw), createPrivateKey(own.privateKey))),
      ],
      [
        "with the public key as secret",
        503,
        () => bearer(hmacToken({ alg: "HS256" }, claims(raw), own.publicKey)),
      ],
      [
        "signed with another secret",
        503,
        () => bearer(signWebhook(foreign, raw, { api_key: own.accountId })),
      ],
      ["with an empty secret", 503, () => bearer(hmacToken({ alg: "HS256" }, claims(raw), ""))],
      ["with the token of another body", 401, () => bearer(signWebhook(own, status("known-2")))],
      ["without a body hash", 401, () => bearer(signWebhook(own, raw, { payload_hash: none }))],
      ["with an empty body hash", 401, () => bearer(signWebhook(own, raw, { payload_hash: "" }))],
      ["of another account", 503, () => bearer(signWebhook(own, raw, { api_key: foreign.accountId }))],
      ["without an account", 503, () => bearer(signWebhook(own, raw, { api_key: none }))],
      ["of another issuer", 401, () => bearer(signWebhook(own, raw, { iss: "vonage" }))],
      ["of the day before yesterday", 503, () => bearer(signWebhook(own, raw, { iat: ago(26 * 3_600) }))],
      ["of ancient times", 503, () => bearer(signWebhook(own, raw, { iat: 1 }))],
      ["of tomorrow", 503, () => bearer(signWebhook(own, raw, { iat: ago(-24 * 3_600) }))],
      ["of no time", 503, () => bearer(signWebhook(own, raw, { iat: none }))],
      [
        "with a good token behind a bad one in Vonage's own header",
        503,
        () => ({ ...bearer(signWebhook(own, raw)), "x-vonage-webhook-auth-token": "bad" }),
      ],
    ];
    it.each(forgeries)("%s: refused with %i, nobody is told", async (_name, expected, forge) => {
      expect(await post(path, raw, forge())).toBe(expected);
      expect(effects()).toEqual(before);
    });

    it("whose token id belongs to another body is refused", async () => {
      const jti = `jti-again-${path}`;
      const ignored = status("x", { client_ref: "not-ours", channel: "viber_service" });
      expect(await post(path, ignored, bearer(signWebhook(own, ignored, { jti })))).toBe(200);
      expect(await post(path, ignored, bearer(signWebhook(own, ignored, { jti })))).toBe(200);
      expect(await post(path, raw, bearer(signWebhook(own, raw, { jti })))).toBe(401);
      expect(effects()).toEqual(before);
    });
  },
);

it.each([
  ["the first secret", own.signatureSecret],
  ["the second secret, while it is rotated", SECOND],
])("a status signed with %s is told, and told once when it comes again", async (name, signatureSecret) => {
  await moengage.send({
    msg_id: `told-${name.length}`,
    from: WHATSAPP_NUMBER,
    to: "999000000001",
    template: { name: "greeting", language: { code: "en" } },
  });
  const raw = status(`told-${name.length}`);
  const headers = bearer(signWebhook({ ...own, signatureSecret }, raw));
  expect(await post("/webhooks/status", raw, headers)).toBe(200);
  expect(await post("/webhooks/status", raw, headers)).toBe(200);
  expect(effects().told - before.told).toBe(1);
});

describe("a platform's request", () => {
  const body = {
    msg_id: "platform-1",
    from: WHATSAPP_NUMBER,
    to: "999000000001",
    template: { name: "greeting", language: { code: "en" } },
  };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  it.each<[string, Record<string, string>]>([
    ["no credentials", {}],
    ["a wrong secret", { "api-key": "platform", "api-secret": "old-secret " + "x" }],
    ["a wrong key", { "api-key": "nobody", "api-secret": "new-secret" }],
    ["both secrets at once", { "api-key": "platform", "api-secret": "old-secret,new-secret" }],
    ["the account's credentials", { "api-key": own.accountId, "api-secret": own.accountSecret }],
    ["an empty secret", { "api-key": "platform", "api-secret": "" }],
    ["a secret alone", { "api-secret": "new-secret" }],
    ["the pair as a bearer token", { authorization: "Bearer platform:new-secret" }],
    ["an unknown scheme", { authorization: "Digest platform:new-secret" }],
    ["a bad pair in Basic", { authorization: basic("platform:nope") }],
    ["a webhook's token", bearer(signWebhook(own, JSON.stringify(body)))],
    ["a prefix of the secret", { "api-key": "platform", "api-secret": "new-secre" }],
  ])("with %s is refused with 401", async (_name, headers) => {
    expect(await post("/webhooks/send", body, headers)).toBe(401);
    expect(effects()).toEqual(before);
  });

  it.each<[string, Record<string, string>]>([
    ["the old secret", { "api-key": "platform", "api-secret": "old-secret" }],
    ["the new secret", { "api-key": "platform", "api-secret": "new-secret" }],
    ["the new secret in Basic", { authorization: basic("platform:new-secret") }],
  ])("with %s is taken", async (_name, headers) => {
    expect(await post("/webhooks/send", body, headers)).toBe(200);
    expect(effects().enqueued - before.enqueued).toBe(1);
  });
});

it("leaves no secret, token, number or key in the log, refusals included", () => {
  const log = lines.join("");
  const secrets = [
    own.accountSecret,
    own.signatureSecret,
    SECOND,
    "old-secret",
    "new-secret",
    "PRIVATE KEY",
    "999000000",
    "eyJ",
    moengage.deliveryUrl,
  ];
  expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
});
