import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { sandboxWaba, startVonage, type Vonage } from "../../src/sandbox/vonage/index.ts";
import { createToken } from "../../src/vonage/client.ts";
import { createManager } from "../../src/vonage/manager.ts";
import { createTemplateSource } from "../../src/vonage/templates.ts";
import { type Answer, answer, startServer } from "./loopback.ts";

const credentials = createCredentials();
const httpClient = createHttpClient(8);
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => httpClient.close());

const DEADLINE = 20_000;

/** Time passes only while the source pauses. */
function createSource(apiHost: string, over: HttpClient = httpClient) {
  let at = 0;
  const pauses: number[] = [];
  const token = createToken(
    { applicationId: credentials.applicationId, privateKey: credentials.privateKey },
    Date.now,
  );
  const settings = { apiHost, accountId: credentials.accountId, accountSecret: credentials.accountSecret };
  const pause = async (ms: number) => {
    pauses.push(ms);
    at += ms;
  };
  return { pauses, source: createTemplateSource(createManager(settings, over, token, () => at, pause)) };
}

async function serving(...answers: Answer[]) {
  const server = await startServer(...answers);
  closing.push(server.close);
  return { ...createSource(server.url), received: server.received };
}

const entry = (id: number, more: object = {}) => ({
  id: String(id),
  name: `t${id}`,
  language: "en",
  category: "UTILITY",
  status: "APPROVED",
  components: [{ type: "BODY", text: "Hi" }],
  ...more,
});
const entries = (from: number, count: number) => Array.from({ length: count }, (_, at) => entry(from + at));
const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => "no fault",
    ({ code, httpStatus, message }) => ({ code, httpStatus, message }),
  );

describe("the list of templates, from an account", () => {
  let vonage: Vonage;
  beforeAll(async () => {
    vonage = await startVonage({
      credentials,
      wabas: [sandboxWaba(), { id: "2", numbers: ["15550100"], templates: [] }],
    });
  });
  afterAll(() => vonage.stop());

  it("follows every page, and keeps components as they come", async () => {
    const { source } = createSource(vonage.url);
    const list = await source.list(vonage.wabas[0]!.id, DEADLINE);
    expect(list.map(({ id, name, language, status }) => ({ id, name, language, status }))).toEqual(
      vonage.wabas[0]!.templates.map(({ id, name, language, status }) => ({ id, name, language, status })),
    );
    expect(list.find(({ name }) => name === "booking_flow")).toEqual({
      id: expect.any(String),
      name: "booking_flow",
      language: "en",
      category: "UTILITY",
      status: "APPROVED",
      parameterFormat: "POSITIONAL",
      components: vonage.wabas[0]!.templates.find(({ name }) => name === "booking_flow")!.components,
    });
    expect(list.find(({ name }) => name === "named_order")?.parameterFormat).toBe("NAMED");
    expect(vonage.managementCalls.map((call) => call.replace(/after=[\w-]+/, "after=…"))).toEqual([
      `/v2/whatsapp-manager/wabas/${vonage.wabas[0]!.id}/templates?limit=100`,
      `/v2/whatsapp-manager/wabas/${vonage.wabas[0]!.id}/templates?limit=100&after=…`,
      `/v2/whatsapp-manager/wabas/${vonage.wabas[0]!.id}/templates?limit=100&after=…`,
    ]);
  });

  it("is empty where there are none", async () => {
    expect(await createSource(vonage.url).source.list("2", DEADLINE)).toEqual([]);
  });

  it("says that an account is not known", async () => {
    expect(await fault(createSource(vonage.url).source.list("404", DEADLINE))).toEqual({
      code: "templates_refused",
      httpStatus: 502,
      message:
        "Vonage refuses to tell the templates of WABA 404 (HTTP 404): check that WABA_ID, the application and the API key belong to the same Vonage account",
    });
  });

  it.each([
    ["447700900000", "104996122399160"],
    ["15550100", "2"],
    ["15550199", undefined],
  ])("finds the account that holds %s: %s", async (number, wabaId) => {
    expect(await createSource(vonage.url).source.findWaba(number, DEADLINE)).toBe(wabaId);
  });
});

describe("an account that takes its key and secret alone", () => {
  it("is asked with the token first, and after that no more", async () => {
    const vonage = await startVonage({ credentials, management: { auth: "basic", pageSize: 500 } });
    closing.push(vonage.stop);
    const { source } = createSource(vonage.url);
    expect((await source.list("104996122399160", DEADLINE)).length).toBe(30);
    expect((await source.list("104996122399160", DEADLINE)).length).toBe(30);
    expect(vonage.managementCalls.length).toBe(3);
  });

  it("is told apart from one that takes neither", async () => {
    const { source, received } = await serving(answer(401, {}), answer(403, {}));
    expect(await fault(source.list("1", DEADLINE))).toMatchObject({
      code: "templates_refused",
      httpStatus: 502,
    });
    expect(received.map(({ headers }) => headers.authorization?.split(" ")[0])).toEqual(["Bearer", "Basic"]);
  });
});

describe("pages", () => {
  it("goes on after a full page that names no next one", async () => {
    const { source, received } = await serving(
      answer(200, { templates: entries(0, 100), paging: { cursors: { after: "a" } } }),
      answer(200, { templates: [] }),
    );
    expect((await source.list("1", DEADLINE)).length).toBe(100);
    expect(received.map(({ path }) => path?.split("?")[1])).toEqual(["limit=100", "limit=100&after=a"]);
  });

  it("stops after a page that is not full and names no next one", async () => {
    const { source, received } = await serving(
      answer(200, { templates: entries(0, 3), paging: { cursors: { after: "a" } } }),
    );
    expect((await source.list("1", DEADLINE)).length).toBe(3);
    expect(received.length).toBe(1);
  });

  it("takes the cursor from the next address, and asks its own host for it", async () => {
    const { source, received } = await serving(
      answer(200, {
        templates: entries(0, 1),
        paging: { next: "https://elsewhere.example.com/x?after=b%3D&limit=1" },
      }),
      answer(200, { templates: entries(1, 1), paging: null }),
    );
    expect((await source.list("1", DEADLINE)).map(({ id }) => id)).toEqual(["0", "1"]);
    expect(received[1]?.path).toBe("/v2/whatsapp-manager/wabas/1/templates?limit=100&after=b%3D");
  });

  it("keeps one of a template that comes on two pages", async () => {
    const { source } = await serving(
      answer(200, {
        templates: entries(0, 2),
        paging: { cursors: { after: "a" }, next: "https://x/?after=a" },
      }),
      answer(200, { templates: entries(1, 2) }),
    );
    expect((await source.list("1", DEADLINE)).map(({ id }) => id)).toEqual(["0", "1", "2"]);
  });

  it.each([
    ["that go round", [answer(200, { templates: entries(0, 1), paging: { next: "https://x/?after=a" } })]],
    [
      "whose next one cannot be asked for",
      [answer(200, { templates: entries(0, 1), paging: { next: "https://x/" } })],
    ],
    ["that are no list", [answer(200, { data: [] })]],
    ["that are no JSON", [answer(200, "<html>")]],
    ["with an entry that is no template", [answer(200, { templates: [entry(1), { id: "2", name: "x" }] })]],
    [
      "of which a later one is broken",
      [answer(200, { templates: entries(0, 1), paging: { next: "https://x/?after=a" } }), answer(200, "{}")],
    ],
  ])("refuses pages %s rather than give a part", async (_name, answers) => {
    const { source } = await serving(...answers);
    expect(await fault(source.list("1", DEADLINE))).toEqual({
      code: "templates_malformed",
      httpStatus: 502,
      message: "Vonage's answer about the templates of WABA 1 is not understood",
    });
  });

  it("ends where no account has so many templates", async () => {
    let page = 0;
    const { source, received } = await serving((res, request) => {
      page++;
      answer(200, { templates: entries(page, 1), paging: { next: `https://x/?after=p${page}` } })(
        res,
        request,
      );
    });
    expect(await fault(source.list("1", DEADLINE))).toMatchObject({ code: "templates_malformed" });
    expect(received.length).toBe(100);
  });
});

describe("dates", () => {
  it.each([
    [{ created_at: "2026-01-15T10:30:00Z" }, Date.UTC(2026, 0, 15, 10, 30)],
    [{ created_time: 1_768_473_000 }, 1_768_473_000_000],
    [{ created_time: "1768473000000" }, 1_768_473_000_000],
    [{ created_at: "some day" }, undefined],
    [{}, undefined],
  ])("reads %j", async (dates, createdAt) => {
    const { source } = await serving(answer(200, { templates: [entry(1, dates)] }));
    expect((await source.list("1", DEADLINE))[0]?.createdAt).toBe(createdAt);
  });
});

describe("trouble", () => {
  const good = answer(200, { templates: [entry(1)] });

  it("is waited out, longer each time, and as long as Vonage asks", async () => {
    const { source, pauses } = await serving(
      answer(503, "down"),
      answer(500, {}),
      answer(429, {}, { "retry-after": "3" }),
      (res) => void res.destroy(),
      good,
    );
    expect((await source.list("1", DEADLINE)).length).toBe(1);
    expect(pauses).toEqual([500, 1_000, 3_000, 4_000]);
  });

  it("is told in words once the time is up", async () => {
    const { source, pauses } = await serving(answer(503, "down"));
    expect(await fault(source.list("1", DEADLINE))).toEqual({
      code: "templates_unavailable",
      httpStatus: 503,
      message: "Vonage does not tell the templates of WABA 1 now (HTTP 503): try again in some minutes",
    });
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(DEADLINE);
  });

  it("does not wait for what comes after the time is up", async () => {
    const { source, pauses } = await serving(answer(429, {}, { "retry-after": "3600" }));
    expect(await fault(source.list("1", DEADLINE))).toMatchObject({
      code: "templates_unavailable",
      httpStatus: 503,
    });
    expect(pauses).toEqual([]);
  });

  it("is a lost answer", async () => {
    const { source } = await serving((res) => void res.destroy());
    expect(await fault(source.list("1", DEADLINE))).toEqual({
      code: "templates_late",
      httpStatus: 504,
      message: "Vonage did not tell the templates of WABA 1 in time: try again in some minutes",
    });
  });

  it("is a host that is not there", async () => {
    expect(await fault(createSource("http://127.0.0.1:1").source.list("1", DEADLINE))).toEqual({
      code: "templates_unavailable",
      httpStatus: 503,
      message:
        "Vonage could not be reached to tell the templates of WABA 1 in time: try again in some minutes",
    });
  });

  it.each([
    ["https://api-eu.nexmo.com", "https://api.nexmo.com"],
    ["https://api.nexmo.com", "https://api.nexmo.com"],
    ["http://127.0.0.1:3", "http://127.0.0.1:3"],
  ])("is not caused by asking %s: templates are at %s", async (apiHost, host) => {
    const asked: string[] = [];
    const recording: HttpClient = {
      request: async ({ url }: HttpRequest) => {
        asked.push(url);
        return { status: 200, headers: {}, text: JSON.stringify({ templates: [] }) };
      },
      close: async () => undefined,
    };
    await createSource(apiHost, recording).source.list("1", DEADLINE);
    expect(asked).toEqual([`${host}/v2/whatsapp-manager/wabas/1/templates?limit=100`]);
  });
});

describe("the account that holds a number", () => {
  const wabas = (ids: string[], total_pages: number) =>
    answer(200, { total_pages, _embedded: { wabas: ids.map((waba_id) => ({ waba_id })) } });
  const numbers = (...items: unknown[]) => answer(200, { total_pages: 1, _embedded: { numbers: items } });

  it.each([
    ["a plain number", "14155550100"],
    ["a formatted number", { phone_number: "+1 (415) 555-0100" }],
    ["a number as a number", { external_id: 14_155_550_100 }],
  ])("is recognised by %s", async (_name, item) => {
    const { source } = await serving(wabas(["7"], 1), numbers({ number: "1" }, item));
    expect(await source.findWaba("14155550100", DEADLINE)).toBe("7");
  });

  it("is looked for on every page of accounts", async () => {
    const { source, received } = await serving(wabas(["7"], 2), wabas(["8"], 2), (res, request) => {
      const found = request.path?.includes("/wabas/8/") ?? false;
      numbers({ number: found ? "14155550100" : "1" })(res, request);
    });
    expect(await source.findWaba("14155550100", DEADLINE)).toBe("8");
    expect(received.map(({ path }) => path).sort()).toEqual([
      "/v1/channel-manager/whatsapp/wabas/7/numbers?page=1&page_size=50",
      "/v1/channel-manager/whatsapp/wabas/8/numbers?page=1&page_size=50",
      "/v1/channel-manager/whatsapp/wabas?page=1&page_size=50",
      "/v1/channel-manager/whatsapp/wabas?page=2&page_size=50",
    ]);
  });

  it("is not guessed when an account's numbers cannot be read", async () => {
    const { source } = await serving(wabas(["7"], 1), answer(404, {}));
    expect(await fault(source.findWaba("14155550100", DEADLINE))).toMatchObject({
      code: "templates_refused",
      httpStatus: 502,
    });
  });

  it("cannot be found with a key that may not ask", async () => {
    const { source } = await serving(answer(403, {}));
    expect(await fault(source.findWaba("14155550100", DEADLINE))).toEqual({
      code: "templates_refused",
      httpStatus: 502,
      message:
        "Vonage refuses to tell which WhatsApp Business Accounts this API key has (HTTP 403): check that WABA_ID, the application and the API key belong to the same Vonage account",
    });
  });
});
