import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConnectorError } from "../../src/lib/errors.ts";
import { buildSmsSend, buildVonageStatus, buildWhatsAppSend, MSG_ID } from "../support/builders.ts";
import { unavailable } from "../support/ports.ts";
import {
  FORM_TYPE,
  JSON_TYPE,
  KEY,
  NEXT_SECRET,
  openSite,
  ROUTES,
  SECRET,
  type Site,
  send,
  signed,
} from "./site.ts";

const _STATUS_AT = Date.UTC(2025, 1, 3, 12, 14, 25);
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const CREDENTIALS = { "api-key": KEY, "api-secret": SECRET };
const json = (body: unknown, headers: Record<string, string> = CREDENTIALS): RequestInit => ({
  headers: { "content-type": JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.stop());
beforeEach(() => {
  for (const list of [site.accepted, site.dispatched, site.statuses, site.replied, site.log.lines])
    list.length = 0;
});

describe("credentials of the platform", () => {
  const pair = `${KEY}:${SECRET}`;
  it.each<[string, Record<string, string>]>([
    ["api-key and api-secret", CREDENTIALS],
    ["API-KEY and API-SECRET", { "API-KEY": KEY, "API-SECRET": SECRET }],
    ["api_key and api_secret", { api_key: KEY, api_secret: SECRET }],
    ["Authorization: Custom", { authorization: `Custom ${pair}` }],
    ["Authorization: custom", { authorization: `custom  ${pair} ` }],
    ["Authorization: Basic", { authorization: basic(pair) }],
    ["Authentication: Custom", { authentication: `Custom ${pair}` }],
    ["Authentication: Basic", { authentication: basic(pair) }],
    ["the second secret", { "api-key": KEY, "api-secret": NEXT_SECRET }],
    ["a wrong header beside the right one", { ...CREDENTIALS, authorization: "Bearer x" }],
  ])("are accepted as %s", async (_, headers) => {
    expect(await send(`${site.url}/webhooks/send`, json(ROUTES["whatsapp"]?.good, headers))).toEqual({
      status: 200,
      body: { status: "success" },
    });
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["a wrong secret", { "api-key": KEY, "api-secret": "x" }],
    ["a wrong key", { "api-key": "x", "api-secret": SECRET }],
    ["the key alone", { "api-key": KEY }],
    ["empty values", { "api-key": "", "api-secret": "" }],
    ["the pair as a bearer token", { authorization: `Bearer ${pair}` }],
    ["no scheme", { authorization: pair }],
    ["a pair that is cut", { authorization: `Custom ${pair.slice(0, -1)}` }],
    ["both secrets at once", { "api-key": KEY, "api-secret": `${SECRET},${NEXT_SECRET}` }],
    ["broken base64", { authorization: "Basic %%%%" }],
  ])("are refused as %s, and nothing happens", async (_, headers) => {
    const answers = await Promise.all(
      ["/webhooks/send", "/"].map((path) => send(`${site.url}${path}`, json({ anything: 1 }, headers))),
    );
    expect(answers).toEqual([
      { status: 401, body: { message: "Invalid credentials" } },
      { status: 401, body: { message: "Invalid credentials", error: "unauthorized" } },
    ]);
    expect(site.accepted).toEqual([]);
  });

  it("are asked for before the body is read", async () => {
    const answer = await send(`${site.url}/webhooks/send`, { body: "x".repeat(3_000_000) });
    expect(answer.status).toBe(401);
  });
});

describe("POST /webhooks/send", () => {
  it("accepts the message", async () => {
    await send(`${site.url}/webhooks/send`, json(buildWhatsAppSend()));
    expect(site.accepted).toMatchObject([{ id: MSG_ID, channel: "whatsapp", origin: "mw" }]);
  });

  it.each([
    ["template", { template: undefined }, "7001"],
    ["recipient", { to: "abc" }, "7002"],
    ["sender", { from: "1" }, "7004"],
    ["id", { msg_id: undefined }, "7004"],
  ])("answers 200 failure for a message that can never be sent: %s", async (_, over, code) => {
    expect(await send(`${site.url}/webhooks/send`, json(buildWhatsAppSend(over)))).toEqual({
      status: 200,
      body: { status: "failure", error: { code, message: expect.any(String) } },
    });
  });

  it.each([
    ["the queue does not take it", unavailable("queue_unavailable"), 503, /try again later/],
    ["a fault of ours", new TypeError("secret detail"), 500, /try again later/],
    [
      "a full backlog",
      new ConnectorError("backlog_full", "Too many wait", { retryable: true, httpStatus: 429 }),
      429,
      /Too many wait/,
    ],
  ])("answers %s with a status to retry on, and shows no inside", async (_, error, status, words) => {
    const own = await openSite({ accept: () => Promise.reject(error) });
    const answers = [
      await send(`${own.url}/webhooks/send`, json(buildWhatsAppSend())),
      await send(`${own.url}/`, json(buildSmsSend())),
    ];
    await own.stop();
    expect(answers).toEqual([
      { status, body: { message: expect.stringMatching(words) } },
      { status, body: { message: expect.stringMatching(words), error: expect.any(String) } },
    ]);
    expect(JSON.stringify([answers, own.log.lines])).not.toContain("secret detail");
  });
});

describe("POST /", () => {
  it.each([
    ["JSON", json(buildSmsSend())],
    [
      "JSON with a charset",
      json(buildSmsSend(), { ...CREDENTIALS, "content-type": "Application/JSON; charset=UTF-8" }),
    ],
    [
      "a form",
      { headers: { ...CREDENTIALS, "content-type": FORM_TYPE }, body: "text=Hi+Ana&to=%2B447700900123" },
    ],
  ])("accepts the message as %s", async (_, init) => {
    expect(await send(`${site.url}/`, init)).toEqual({
      status: 200,
      body: { trackingId: "tracking-1", status: "accepted" },
    });
    expect(site.accepted).toMatchObject([{ id: "tracking-1", to: "447700900123", channel: "sms" }]);
  });

  it.each([
    "application/json;charset=utf-8",
    'application/json; charset="UTF-8"',
    "application/json ; charset=us-ascii",
    "application/json; version=2; charset=utf8; charset=latin1",
    "application/json; charset",
    "application/json;",
  ])("reads the Content-Type %s", async (contentType) => {
    const answer = await send(
      `${site.url}/`,
      json(buildSmsSend(), { ...CREDENTIALS, "content-type": contentType }),
    );
    expect(answer.status).toBe(200);
  });

  it.each([
    'application/json; charset="latin1"',
    "application/json; charset=utf-16",
    "application/json, text/plain",
    "application/jsonp",
    "json",
    ";charset=utf-8",
  ])("does not read the Content-Type %s", async (contentType) => {
    const answer = await send(
      `${site.url}/`,
      json(buildSmsSend(), { ...CREDENTIALS, "content-type": contentType }),
    );
    expect(answer.status).toBe(415);
  });

  it("takes the last of duplicated form keys", async () => {
    await send(`${site.url}/`, {
      headers: { ...CREDENTIALS, "content-type": FORM_TYPE },
      body: "text=one&text=two&to=447700900123",
    });
    expect(site.accepted).toMatchObject([{ text: "two" }]);
  });

  it("answers 400 in words for a message that can never be sent", async () => {
    expect(await send(`${site.url}/`, json({ to: "447700900123" }))).toEqual({
      status: 400,
      body: { message: expect.stringContaining("text is missing"), error: "invalid_request" },
    });
  });
});

describe.each(["/webhooks/status", "/webhooks/passed-message-status"])("POST %s", (path) => {
  const post = (body: string, headers: Record<string, string>) =>
    send(`${site.url}${path}`, { headers: { "content-type": JSON_TYPE, ...headers }, body });
  const good = JSON.stringify(buildVonageStatus());

  it("hands a signed status on, and answers what was made of it", async () => {
    expect(await post(good, signed(good))).toEqual({ status: 200, body: { status: "ok" } });
    expect(site.statuses).toMatchObject([{ reference: { origin: "mw", id: MSG_ID }, status: "delivered" }]);
    const own = await openSite({ receiveStatus: async () => "ignored" });
    const answer = await send(`${own.url}${path}`, {
      headers: { "content-type": JSON_TYPE, ...signed(good) },
      body: good,
    });
    await own.stop();
    expect(answer).toEqual({ status: 200, body: { status: "ignored" } });
  });

  it("takes the token that came through the callback router, and only that", async () => {
    const { authorization } = signed(good);
    const own = { "x-vonage-webhook-auth-token": authorization.slice(7), authorization: "Bearer router" };
    expect((await post(good, own)).status).toBe(200);
    expect((await post(good, { ...own, "x-vonage-webhook-auth-token": "x", authorization })).status).toBe(
      503,
    );
  });

  it.each<[string, Record<string, string>, number]>([
    ["unsigned", {}, 503],
    ["signed with another secret", signed(good, {}, "another"), 503],
    ["signed over another body", signed(`${good} `), 401],
    ["of another account", signed(good, { api_key: "other" }), 503],
    ["of another issuer", signed(good, { iss: "Me" }), 401],
    ["too old", signed(good, { iat: 1 }), 503],
  ])("refuses a status that is %s", async (_, headers, status) => {
    expect((await post(good, headers)).status).toBe(status);
    expect(site.statuses).toEqual([]);
  });

  it.each([
    ["a neighbour is away", unavailable()],
    ["of a fault of ours", new TypeError("x")],
  ])("answers 503 when %s", async (_, error) => {
    const own = await openSite({ receiveStatus: () => Promise.reject(error) });
    const answer = await send(`${own.url}${path}`, {
      headers: { "content-type": JSON_TYPE, ...signed(good) },
      body: good,
    });
    await own.stop();
    expect(answer).toEqual({ status: 503, body: { message: "Try again later" } });
  });
});

describe("other requests", () => {
  it.each([
    ["GET", "/_/health", 200, { status: "ok" }],
    ["HEAD", "/_/health", 200, ""],
    ["GET", "/_/metrics", 200, "up 1\n"],
  ])("%s %s is answered", async (method, path, status, body) => {
    expect(await send(`${site.url}${path}`, { method })).toEqual({ status, body });
  });

  const paths = Object.values(ROUTES).map(({ path }) => path);
  it.each([
    ...paths.flatMap((path) =>
      ["GET", "HEAD", "PUT", "DELETE", "PATCH"].map((method) => [method, path] as const),
    ),
    ["POST", "/_/health"],
    ["POST", "/webhooks"],
    ["GET", "/../../etc/passwd"],
  ])("%s %s is 404", async (method, path) => {
    const { status, body } = await send(`${site.url}${path}`, { method, headers: CREDENTIALS });
    expect({ status, words: method === "HEAD" || Object.keys(body as object) }).toEqual({
      status: 404,
      words: method === "HEAD" || ["message"],
    });
  });

  it("a path that cannot be decoded is 400 or 404, never 500", async () => {
    for (const path of ["/%", "/%ff", "/webhooks/%E0%A4%A"])
      expect([400, 404]).toContain((await send(`${site.url}${path}`)).status);
  });

  it("shows nothing of the software in its headers", async () => {
    const { headers } = await fetch(`${site.url}/_/health`);
    expect([headers.get("x-powered-by"), headers.get("server"), headers.get("etag")]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("a send that its template would not take", () => {
  it.each<[string, number, string, number]>([
    ["is read again, by what a newer list knows of the template", 1, "success", 2],
    ["is refused when it would not then either", 2, "failure", 2],
  ])("%s", async (_, refusals, status, tries) => {
    const received: string[] = [];
    const other = await openSite({
      async accept({ id }) {
        if (received.push(id) <= refusals) throw new ConnectorError("invalid_template", "does not fit");
      },
    });
    const answer = await send(`${other.url}/webhooks/send`, json(buildWhatsAppSend()));
    await other.stop();
    expect([answer, received]).toMatchObject([{ status: 200, body: { status } }, Array(tries).fill(MSG_ID)]);
  });
});

it.each<[string, Record<string, string>, boolean]>([
  ["nothing", {}, false],
  ["an empty header", { authorization: "" }, false],
  ["a wrong pair", { "api-key": KEY, "api-secret": "wrong" }, true],
  ["a wrong password", { authorization: basic("a:b") }, true],
  ["a form that is none", { authentication: `${KEY}:${SECRET}` }, true],
])("a send with %s is refused, and it is told whether it had credentials", async (_, headers, expected) => {
  const told: unknown[] = [];
  const other = await openSite({ notAccepted: (refused) => void told.push(refused) });
  const { status } = await send(`${other.url}/webhooks/send`, json(buildWhatsAppSend(), headers));
  await other.stop();
  expect([status, told]).toMatchObject([401, [{ code: "unauthorized", hasCredentials: expected }]]);
});
