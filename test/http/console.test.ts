import { afterEach, describe, expect, it } from "@jest/globals";
import type { ConsolePorts } from "../../src/console/ports.ts";
import { PAGES } from "../../src/console/views/layout.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import { basicAuth } from "../../src/lib/http.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { createTestConsole, HOSTILE } from "../console/fixtures.ts";
import { unavailable } from "../support/ports.ts";
import { KEY, openSite, SECRET, type Site } from "./site.ts";

const PASSWORD = "correct-horse";
const NOW = Date.UTC(2026, 0, 15, 12);
let site: Site;
afterEach(() => site?.stop());

/** A runtime in which a wrong password is answered at once. */
const runtime = {
  ...systemRuntime,
  now: () => NOW,
  setTimeout: (work: () => void, ms: number) => systemRuntime.setTimeout(work, ms === 500 ? 0 : ms),
};

async function open({
  word,
  passwords = [PASSWORD],
  ...over
}: { word?: string; passwords?: string[] | undefined; account?: boolean } & Partial<ConsolePorts> = {}) {
  const { ports, asked } = createTestConsole(word, over);
  const secrets = {
    passwords: over.account ? undefined : passwords,
    account: { id: "abcd1234", secret: "account-secret" },
    publicUrl: "https://connector.example",
  };
  site = await openSite({ console: { console: ports, secrets, runtime } });
  return { asked, site };
}

const AUTH = { authorization: basicAuth("anyone", PASSWORD) };

async function get(path: string, headers: Record<string, string> = AUTH) {
  const response = await fetch(`${site.url}/console${path}`, { headers, redirect: "manual" });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}
const getJson = async (path: string) => {
  const { status, text } = await get(path);
  return { status, body: JSON.parse(text) as unknown };
};
async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(`${site.url}/console${path}`, {
    ...{ method: "POST", redirect: "manual" },
    headers: {
      ...AUTH,
      "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json",
      ...headers,
    },
    body: isForm || typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const audit = () => site.log.lines.filter(({ msg }) => msg.startsWith("Console: "));

describe("who may see the console", () => {
  it.each<[string, Record<string, string>, number]>([
    ["the password with any name", { authorization: basicAuth("ops@example.com", PASSWORD) }, 200],
    ["a second password while they change", { authorization: basicAuth("", "next-password") }, 200],
    ["nothing", {}, 401],
    ["a wrong password", { authorization: basicAuth("ops", "wrong") }, 401],
    [
      "the account's key and secret, where there is a password",
      { authorization: basicAuth("abcd1234", "account-secret") },
      401,
    ],
    ["the platform's credentials as Basic", { authorization: basicAuth(KEY, SECRET) }, 401],
    ["the platform's credentials as headers", { "api-key": KEY, "api-secret": SECRET }, 401],
    ["something else than Basic", { authorization: `Bearer ${PASSWORD}` }, 401],
  ])("%s", async (_name, headers, status) => {
    await open({ passwords: [PASSWORD, "next-password"] });
    const answers = await Promise.all(
      ["/status", "/api/status", "/assets/console.css"].map(
        async (path) => (await get(path, headers)).status,
      ),
    );
    expect(answers).toEqual([status, status, status]);
  });

  it.each<[string, string, string, number]>([
    ["the account's key and secret", "abcd1234", "account-secret", 200],
    ["the secret with another name", "somebody", "account-secret", 401],
    ["nothing between", "", "", 401],
  ])("without a password: %s", async (_name, name, secret, status) => {
    await open({ account: true });
    expect((await get("/api/status", { authorization: basicAuth(name, secret) })).status).toBe(status);
  });

  it("asks a browser for a password, and tells a wrong one to the log, masked", async () => {
    await open();
    const first = await get("/status", {});
    expect([first.headers.get("www-authenticate"), first.text.includes("Password needed")]).toEqual([
      'Basic realm="Vonage connector", charset="UTF-8"',
      true,
    ]);
    expect(site.log.at("warn")).toEqual([]);
    await get("/status", { authorization: basicAuth("447700900123", "guess-what") });
    expect(site.log.at("warn").map(({ msg }) => msg)).toEqual(["Request refused: unauthorized"]);
    expect(JSON.stringify(site.log.lines)).not.toMatch(/guess-what|447700900123/);
  });

  it("refuses wrong passwords with 429 after twenty of them, and a right one never", async () => {
    await open();
    const wrong = async () => (await get("/status", { authorization: basicAuth("x", "wrong") })).status;
    const statuses: number[] = [];
    for (let tries = 0; tries < 22; tries++) statuses.push(await wrong());
    expect([new Set(statuses.slice(0, 20)), statuses.slice(20)]).toEqual([new Set([401]), [429, 429]]);
    expect((await get("/status")).status).toBe(200);
  });

  it("is told so in JSON where it asked for JSON", async () => {
    await open();
    const { status, text } = await get("/api/status", {});
    expect([status, JSON.parse(text)]).toEqual([401, { message: expect.any(String) }]);
  });

  it("is answered with headers that keep everything here and nothing elsewhere", async () => {
    await open();
    for (const path of ["/status", "/api/status", "/nowhere"]) {
      const { headers } = await get(path);
      expect([
        headers.get("cache-control"),
        headers.get("x-frame-options"),
        headers.get("x-content-type-options"),
        headers.get("content-security-policy"),
      ]).toEqual([
        "no-store",
        "DENY",
        "nosniff",
        expect.stringMatching(/^default-src 'none'; .*script-src 'self'; .*frame-ancestors 'none'$/),
      ]);
    }
  });
});

describe("a change", () => {
  const body = { action: "add", channel: "sms", number: "447700900123" };

  it.each<[string, Record<string, string>, number]>([
    ["a program", {}, 200],
    ["our own page", { "sec-fetch-site": "same-origin", origin: "SITE" }, 200],
    ["our own page behind an ingress", { origin: "https://connector.example" }, 200],
    ["another site, by its origin", { origin: "https://evil.example" }, 403],
    ["a page without an origin", { origin: "null" }, 403],
    ["another site", { "sec-fetch-site": "cross-site" }, 403],
    ["a neighbour under the same domain", { "sec-fetch-site": "same-site" }, 403],
  ])("asked for by %s", async (_name, headers, status) => {
    const { asked } = await open();
    const given = { ...headers, ...(headers["origin"] === "SITE" ? { origin: site.url } : {}) };
    const answers = [
      await post("/api/opt-outs", body, given),
      await post("/opt-outs", new URLSearchParams(body), given),
    ];
    expect([answers.map((answer) => answer.status), asked.length]).toEqual([
      [status, status],
      status === 200 ? 2 : 0,
    ]);
  });

  it.each<[string, string, unknown, unknown, object]>([
    ["opt-outs", "/api/opt-outs", body, body, { channel: "sms", person: "…0123", changed: true }],
    [
      "a replay",
      "/api/dead-letters/replay",
      { ids: ["id-1"], dryRun: true },
      { ids: ["id-1"], dryRun: true },
      { replayed: 1, left: 0, dryRun: true },
    ],
    [
      "a replay by time",
      "/api/dead-letters/replay",
      { queue: "sms", since: "1h" },
      { queue: "sms", since: NOW - 3_600_000, dryRun: false },
      { queue: "sms", replayed: 1, left: 0, dryRun: false },
    ],
    [
      "an import",
      "/api/opt-outs/import",
      { csv: "447700900123", channel: "sms", dryRun: true },
      { csv: "447700900123", channel: "sms", action: "add", dryRun: true },
      { channel: "sms", changed: 1, same: 0, skipped: 1, dryRun: true },
    ],
    [
      "an import of a file",
      "/api/opt-outs/import?channel=sms&dryRun=true",
      "447700900123\n",
      { csv: "447700900123\n", channel: "sms", action: "add", dryRun: true },
      { channel: "sms", changed: 1, same: 0, skipped: 1, dryRun: true },
    ],
    ["a sync", "/api/templates/sync", "", "sync", { templates: 1 }],
    [
      "a test send",
      "/api/test-send",
      { channel: "sms", to: "447700900123", text: "Hello" },
      { channel: "sms", to: "447700900123", text: "Hello" },
      { msg_id: "test-1", channel: "sms" },
    ],
  ])(
    "%s is done and leaves an audit line, without a number or a text",
    async (_name, path, given, expected, line) => {
      const { asked } = await open();
      const headers: Record<string, string> = path.includes("?") ? { "content-type": "text/csv" } : {};
      expect((await post(path, given, headers)).status).toBe(200);
      expect(asked).toEqual([expected]);
      expect(audit()).toEqual([
        { level: "info", msg: expect.any(String), fields: { by: "anyone", ...line } },
      ]);
      expect(JSON.stringify(site.log.lines)).not.toMatch(/447700900123|Hello/);
    },
  );

  it("that takes long goes on, and leaves its audit line when it is made", async () => {
    let done: (answer: { id: string }) => void = () => undefined;
    const { ports } = createTestConsole("x", {
      testSend: () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    });
    const secrets = { passwords: [PASSWORD], account: { id: "", secret: "" }, publicUrl: undefined };
    const soon = { ...runtime, setTimeout: (work: () => void) => systemRuntime.setTimeout(work, 0) };
    site = await openSite({ console: { console: ports, secrets, runtime: soon } });
    const { status, text } = await post("/api/test-send", { channel: "sms", to: "447700900123", text: "Hi" });
    expect([status, JSON.parse(text).message, audit()]).toEqual([
      503,
      expect.stringMatching(/it goes on/),
      [],
    ]);
    done({ id: "late" });
    await get("/settings");
    expect(audit().map(({ fields }) => fields["msg_id"])).toEqual(["late"]);
  });

  it.each<[string, string, unknown, object]>([
    ["opt-outs", "/api/opt-outs", body, { channel: "sms", person: "…0123" }],
    [
      "a replay",
      "/api/dead-letters/replay",
      { queue: "sms", all: true, dryRun: true },
      { queue: "sms", dryRun: true },
    ],
    [
      "an import",
      "/api/opt-outs/import",
      { csv: "447700900123", channel: "sms" },
      { channel: "sms", changed: 400, same: 1, left: 99, dryRun: false },
    ],
    ["a sync", "/api/templates/sync", "", {}],
    [
      "a test send",
      "/api/test-send",
      { channel: "sms", to: "447700900123", text: "Hello" },
      { channel: "sms" },
    ],
  ])("%s that fails leaves an audit line, which says how far it came", async (_name, path, given, line) => {
    const fail = () => Promise.reject(unavailable());
    const { ports } = createTestConsole("x", { testSend: fail });
    const console: ConsolePorts = {
      ...ports,
      letters: { ...ports.letters, replay: fail },
      templates: { ...ports.templates, sync: fail },
      optOuts: {
        ...ports.optOuts,
        act: fail,
        async importCsv(_request, tell) {
          tell?.({ changed: 400, same: 1, left: 99 });
          return fail();
        },
      },
    };
    const secrets = { passwords: [PASSWORD], account: { id: "", secret: "" }, publicUrl: undefined };
    site = await openSite({ console: { console, secrets, runtime } });
    expect((await post(path, given)).status).toBe(503);
    expect(audit()).toEqual([
      {
        ...{ level: "info", msg: expect.stringMatching(/: failed$/) },
        fields: { by: "anyone", ...line, code: "provider_refused" },
      },
    ]);
    expect(JSON.stringify(site.log.lines)).not.toMatch(/447700900123|Hello/);
  });

  it("that only looks leaves no audit line", async () => {
    await open();
    await post("/api/opt-outs", { ...body, action: "check" });
    expect(audit()).toEqual([]);
  });

  it("is no GET", async () => {
    const { asked } = await open();
    const paths = [
      "/api/test-send",
      "/api/dead-letters/replay",
      "/api/opt-outs/import",
      "/api/templates/sync",
    ];
    expect(await Promise.all(paths.map(async (path) => (await get(path)).status))).toEqual([
      404, 404, 404, 404,
    ]);
    expect(asked).toEqual([]);
  });

  it.each<[string, string, unknown, RegExp]>([
    ["an unknown field", "/api/opt-outs", { ...body, numbers: 1 }, /unknown field numbers/],
    [
      "an unknown action",
      "/api/opt-outs",
      { ...body, action: "delete" },
      /action must be check or add or remove/,
    ],
    ["nothing chosen", "/api/dead-letters/replay", {}, /say which to put back/],
    ["two choices", "/api/dead-letters/replay", { all: true, since: "1h" }, /only one of them/],
    ["a bad time", "/api/dead-letters/replay", { since: "yesterday" }, /since must be a duration/],
    ["a list as the body", "/api/opt-outs", [body], /must be a JSON object/],
    ["no JSON", "/api/opt-outs", "{", /not valid JSON/],
    ["a misspelt parameter", "/api/templates/sync?dry=1", {}, /unknown field dry/],
  ])("with %s is 400 in words", async (_name, path, given, words) => {
    const { asked } = await open();
    const { status, text } = await post(path, given);
    expect([status, JSON.parse(text).message, asked]).toEqual([400, expect.stringMatching(words), []]);
  });

  it("is no larger than a list of numbers can be", async () => {
    await open();
    expect((await post("/api/test-send", "x".repeat(1_100_000))).status).toBe(413);
    expect(
      (await post("/api/opt-outs/import", "x".repeat(8_500_000), { "content-type": "text/csv" })).status,
    ).toBe(413);
  });
});

describe("the JSON", () => {
  it.each<[string, string, unknown]>([
    ["results of a day", "/api/results", { from: NOW - 86_400_000, to: NOW }],
    [
      "results by filter",
      "/api/results?since=2h&until=2026-01-15T11:00:00Z&platform=moengage&channel=sms&template=x",
      { from: NOW - 7_200_000, to: NOW - 3_600_000, platform: "moengage", channel: "sms", template: "x" },
    ],
    ["results of all that is kept", "/api/results?since=90d", { from: NOW - 14 * 86_400_000, to: NOW }],
    ["failures", "/api/failures?code=1022&limit=5", { from: NOW - 86_400_000, code: "1022", limit: 5 }],
    ["a story, by an id of any characters", "/api/messages/a%2Fb%20%3C", { id: "a/b <" }],
  ])("%s", async (_name, path, expected) => {
    const { asked } = await open();
    expect([(await get(path)).status, asked]).toEqual([200, [expected]]);
  });

  it.each(["/status", "/setup", "/dead-letters", "/opt-outs", "/templates", "/connected-source-mapper"])(
    "%s",
    async (path) => {
      await open();
      const { status, body } = await getJson(`/api${path}`);
      expect([status, body]).toEqual([200, expect.any(Object)]);
    },
  );

  it.each<[string, RegExp]>([
    ["/api/status?verbose=1", /unknown parameter verbose/],
    ["/api/results?sinc=24h", /unknown parameter sinc: there are since, until, platform/],
    ["/api/results?since=1h&since=2h", /since must be text/],
    ["/api/results?channel=fax", /channel must be whatsapp or sms/],
    ["/api/results?since=1h&until=2d", /since must be before until/],
    ["/api/failures?limit=0", /limit must be a whole number/],
    ["/api/messages/x?y=1", /unknown parameter y/],
    ["/api/messages/%zz", /cannot be read: a % is/],
  ])("%s is 400 in words", async (path, words) => {
    await open();
    expect(await getJson(path)).toEqual({ status: 400, body: { message: expect.stringMatching(words) } });
  });

  it("of an id that nobody knows is 404", async () => {
    await open();
    expect(await getJson("/api/messages/nobody")).toEqual({
      status: 404,
      body: { found: false, message: "Nothing is known of order_shipped" },
    });
  });

  it("as a CSV has its own name and type", async () => {
    await open();
    const { status, headers, text } = await get("/api/results.csv?since=1h");
    expect([
      status,
      headers.get("content-type"),
      headers.get("content-disposition"),
      text.slice(0, 18),
    ]).toEqual([
      ...[200, "text/csv; charset=utf-8"],
      ...['attachment; filename="results-2026-01-15.csv"', "platform,channel,s"],
    ]);
  });

  it("shows nothing of an error of our own", async () => {
    await open({ status: async () => Promise.reject(new Error("inner words")) });
    const { status, body } = await getJson("/api/status");
    expect([status, body]).toEqual([500, { message: expect.stringMatching(/cannot be read now/) }]);
  });
});

const away = () => new Promise<never>(() => undefined);

describe("the pages", () => {
  const paths = PAGES.map(([name]) => `/${name}`);
  const withQuery = [
    ...paths,
    "/message?id=x",
    "/message?id=nobody",
    "/results?since=7d&template=x",
    "/failures?code=y",
  ];

  it("lead from /console to the first", async () => {
    await open();
    const { status, headers } = await get("");
    expect([status, headers.get("location")]).toEqual([303, "/console/status"]);
  });

  it.each(withQuery)("%s escapes whatever came from outside, and is a whole page", async (path) => {
    await open({ word: HOSTILE });
    const { status, text } = await get(path);
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script>|<img|onerror=(?!alert\(1\)&gt;)|javascript:/);
    expect(text).toContain('<html lang="en">');
    expect(text).toMatch(/<main id="content".*<h1>.*<\/main>/s);
    expect(text).not.toMatch(/(?:src|href|action)="(?!\/console|#|"|\?)/);
  });

  it.each(withQuery)("%s says in words when nobody answers", async (path) => {
    const dead = { list: away, replay: away, totals: away, act: away, importCsv: away, sync: away };
    const gone = () =>
      Promise.reject(new ConnectorError("provider_refused", "inner words", { retryable: true }));
    const letters = { ...dead, list: gone };
    await open({
      ...{ status: gone, results: gone, failures: gone, story: gone, setup: gone },
      ...{ letters, optOuts: { ...dead, totals: gone }, templates: { ...dead, list: gone } },
    });
    const { status, text } = await get(path);
    expect([status, text.includes("inner words")]).toEqual([200, false]);
    if (!["/message", "/settings", "/test-send"].includes(path)) expect(text).toContain("cannot be read now");
  });

  it.each(["/status", "/api/status", "/held", "/api/dead-letters"])(
    "%s is there within three seconds, whoever hangs",
    async (path) => {
      const { ports } = createTestConsole();
      let waited = 0;
      const impatient = {
        ...runtime,
        setTimeout(work: () => void, ms: number) {
          waited = Math.max(waited, ms);
          return systemRuntime.setTimeout(work, 0);
        },
      };
      const secrets = { passwords: [PASSWORD], account: { id: "", secret: "" }, publicUrl: undefined };
      const letters = { ...ports.letters, list: away };
      site = await openSite({
        console: { console: { ...ports, status: away, letters }, secrets, runtime: impatient },
      });
      const { text } = await get(path);
      expect([text.includes("cannot be read now"), waited <= 3_000]).toEqual([true, true]);
    },
  );

  it("tell a query that makes no sense", async () => {
    await open();
    const { status, text } = await get("/results?sinc=1h");
    expect([status, text.includes("unknown parameter sinc")]).toEqual([400, true]);
  });

  it.each<[string, Record<string, string>, unknown, RegExp]>([
    ["/held", { ids: "k1" }, { ids: ["k1"], dryRun: false }, /1 message put back on the queue, 0 still held/],
    [
      "/held",
      { since: "24h", dryRun: "true" },
      { since: NOW - 86_400_000, dryRun: true },
      /would be put back/,
    ],
    [
      "/opt-outs",
      { action: "remove", channel: "sms", number: "447700900123" },
      { action: "remove", channel: "sms", number: "447700900123" },
      /number …0123/,
    ],
    [
      "/opt-outs",
      { action: "add", channel: "sms", csv: "1\r\n2", dryRun: "true" },
      { csv: "1\r\n2", channel: "sms", action: "add", dryRun: true },
      /1 person would be changed/,
    ],
    ["/templates", {}, "sync", /Synced: 1 templates/],
  ])("%s takes its form", async (path, form, expected, words) => {
    const { asked } = await open();
    const { status, text } = await post(path, new URLSearchParams(form));
    expect([status, asked, text]).toEqual([200, [expected], expect.stringMatching(words)]);
  });

  it("a test send leads to its story; one that cannot be is told on the page, which shows no number", async () => {
    await open();
    const form = {
      channel: "whatsapp",
      to: "447700900456",
      template: "x",
      language: "en",
      parameters: "Ana\r\nB",
      text: "",
    };
    const sent = await post("/test-send", new URLSearchParams(form));
    expect([sent.status, sent.headers.get("location")]).toEqual([303, "/console/message?id=test-1"]);
    await site.stop();
    await open({ testSend: () => Promise.reject(new ConnectorError("invalid_sender", "WhatsApp is off")) });
    const refused = await post("/test-send", new URLSearchParams(form));
    expect([
      refused.status,
      refused.text.includes("WhatsApp is off"),
      refused.text.includes("447700900456"),
    ]).toEqual([200, true, false]);
  });
});
