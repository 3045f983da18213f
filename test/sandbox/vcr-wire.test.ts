import { request as httpRequest } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Messages, vcr as sdkRoot } from "@vonage/vcr-sdk";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { credentials, providerClaims, providerHeaders, rs256, SERVICE_NAME, sdk } from "./helpers.ts";

let vcr: Vcr;
beforeAll(async () => {
  vcr = await startVcr({ credentials, serviceName: SERVICE_NAME });
  await sdk(vcr.url).queue.createQueue("q", "job", { active: false, maxInflight: 1, msgPerSecond: 1 });
});
afterAll(() => vcr.stop());
afterEach(() => {
  for (const name of ["queue-service", "client-persistence-api"] as const) vcr.setFault(name, null);
});

const debugUrl = (provider: string, path = "/") => `${vcr.url}${path}?func=${provider}.neru&async=false`;

async function call(
  provider: string,
  method: string,
  path: string,
  body?: unknown,
  headers = providerHeaders(),
) {
  const response = await fetch(debugUrl(provider, path), {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const callback = {
  filters: [],
  id: "5f0c3a52-2b1c-4b8e-9d9e-3f0f6f4d2c11",
  instanceServiceName: SERVICE_NAME,
  sessionId: "00000000-0000-0000-0000-000000000000",
  instanceId: "inst-1",
  path: "job",
};
const queueBody = { name: "new", callback, active: true, rate: { maxInflight: 1, msgPerSecond: 1 } };

describe("who may call", () => {
  const without = (name: string) => {
    const { [name]: _gone, ...rest } = providerHeaders();
    return rest as Record<string, string>;
  };
  const stranger = createCredentials();

  it.each<[string, () => Record<string, string>]>([
    ["no token", () => without("authorization")],
    ["no trace id", () => without("x-neru-traceid")],
    ["no session id", () => without("x-neru-sessionid")],
    ["no instance id", () => without("x-neru-instanceid")],
    ["another account's header", () => ({ ...providerHeaders(), "x-neru-apiaccountid": "other" })],
    ["another application's header", () => ({ ...providerHeaders(), "x-neru-apiapplicationid": "other" })],
    ["another key", () => providerHeaders(rs256(providerClaims(), stranger))],
    ["an expired token", () => providerHeaders(rs256({ ...providerClaims(), exp: 1 }))],
    ["a token without exp", () => providerHeaders(rs256({ ...providerClaims(), exp: undefined }))],
    ["another audience", () => providerHeaders(rs256({ ...providerClaims(), aud: "x" }))],
    ["another issuer", () => providerHeaders(rs256({ ...providerClaims(), iss: "x" }))],
    ["another account's claim", () => providerHeaders(rs256({ ...providerClaims(), api_account_id: "x" }))],
    [
      "another application's claim",
      () => providerHeaders(rs256({ ...providerClaims(), api_application_id: "x" })),
    ],
    ["another instance service", () => providerHeaders(rs256({ ...providerClaims(), sub: "x" }))],
  ])("refuses %s with 401", async (_name, headers) => {
    expect((await call("queue-service", "GET", "/queue", undefined, headers())).status).toBe(401);
  });

  it("refuses a body that does not say it is JSON", async () => {
    const headers = { ...providerHeaders(), "content-type": "text/plain" };
    expect((await call("queue-service", "POST", "/queue/q/enqueue", [1], headers)).status).toBe(415);
  });
});

describe("how it is addressed", () => {
  const overHttp = (path: string, host: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(vcr.url);
      const options = { hostname, port, path, headers: { ...providerHeaders(), host } };
      httpRequest(options, (response) => {
        response.setEncoding("utf8");
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(`${response.statusCode} ${text}`));
      })
        .on("error", reject)
        .end();
    });

  it.each([
    ["the production host", "/queue", "queue-service.neru"],
    ["a proxy's absolute form", "http://queue-service.neru/queue", "queue-service.neru"],
    ["the debug form", "/queue?func=queue-service.neru&async=false", "localhost"],
  ])("understands %s", async (_name, path, host) => {
    expect(await overHttp(path, host)).toBe('200 ["q"]');
  });

  it("does not know other providers", async () => {
    expect((await call("vonage-api", "POST", "/invoke", {})).status).toBe(404);
  });
});

describe("the shapes it refuses", () => {
  it.each<[string, string, string, string, unknown, number]>([
    ["creating a queue that exists", "queue-service", "POST", "/queue", { ...queueBody, name: "q" }, 409],
    ["a queue name with a slash", "queue-service", "POST", "/queue", { ...queueBody, name: "a/b" }, 400],
    ["a bare callback", "queue-service", "POST", "/queue", { ...queueBody, callback: "job" }, 400],
    ["a rate of nothing", "queue-service", "POST", "/queue", { ...queueBody, rate: {} }, 400],
    ["an update of the callback", "queue-service", "POST", "/queue/q", { callback }, 400],
    ["details of an unknown queue", "queue-service", "GET", "/queue/none", undefined, 404],
    ["enqueueing to an unknown queue", "queue-service", "POST", "/queue/none/enqueue", [1], 404],
    ["deleting an unknown queue", "queue-service", "DELETE", "/queue/none", undefined, 404],
    ["pausing an unknown queue", "queue-service", "PUT", "/queue/none/pause", undefined, 404],
    ["a job outside an array", "queue-service", "POST", "/queue/q/enqueue", { a: 1 }, 400],
    ["a body that is not JSON", "queue-service", "POST", "/queue/q/enqueue", "[1,", 400],
    ["a dead letter count of zero", "queue-service", "POST", "/queue/none/deadletter/pop", undefined, 404],
    [
      "a number as argument",
      "client-persistence-api",
      "POST",
      "/",
      { operation: "SET", namespace: "n", key: "k", args: [1] },
      400,
    ],
    ["no namespace", "client-persistence-api", "POST", "/", { operation: "GET", key: "k", args: [] }, 400],
    [
      "an unknown operation",
      "client-persistence-api",
      "POST",
      "/",
      { operation: "SETNX", namespace: "n", key: "k", args: ["1"] },
      400,
    ],
    [
      "SET with an expiry",
      "client-persistence-api",
      "POST",
      "/",
      { operation: "SET", namespace: "n", key: "k", args: ["1", "EX", "5"] },
      400,
    ],
    ["a subscription without callback", "vonage-messaging", "POST", "/subscribe-inbound-messages", {}, 400],
  ])("%s", async (_name, provider, method, path, body, status) => {
    expect((await call(provider, method, path, body)).status).toBe(status);
  });

  it.each([
    [8_000, 200],
    [8_001, 413],
  ])("answers an enqueue of %i bytes with %i", async (size, status) => {
    const body = JSON.stringify(["x".repeat(size - 4)]);
    expect(Buffer.byteLength(body)).toBe(size);
    expect((await call("queue-service", "POST", "/queue/q/enqueue", body)).status).toBe(status);
  });

  it("answers GET of the State double encoded", async () => {
    vcr.state("n", "SET", "k", ['{"x":1}']);
    const command = { operation: "GET", namespace: "n", key: "k", args: [] };
    expect((await call("client-persistence-api", "POST", "/", command)).text).toBe('"{\\"x\\":1}"');
  });
});

describe("subscriptions", () => {
  it("records what the SDK subscribes and forgets what it unsubscribes", async () => {
    const messages = new Messages(sdk(vcr.url).session);
    const [anyone, us] = [
      { type: "whatsapp", number: null as unknown as string },
      { type: "whatsapp", number: "447700900000" },
    ];
    const id = await messages.onMessage("webhooks/inbound", anyone, us);
    await messages.onMessageEvent("webhooks/status", us, anyone);
    expect(vcr.records().subscriptions).toEqual([
      {
        kind: "messages",
        from: anyone,
        to: us,
        callback: expect.objectContaining({ id, path: "webhooks/inbound" }),
      },
      {
        kind: "events",
        from: us,
        to: anyone,
        callback: expect.objectContaining({ path: "webhooks/status" }),
      },
    ]);
    const { status } = await call("vonage-messaging", "POST", "/", {
      header: { traceId: "t", apiApplicationId: credentials.applicationId },
      actions: [{ provider: "vonage-messaging", action: "unsubscribe-event", payload: { id } }],
    });
    expect(status).toBe(200);
    expect(vcr.records().subscriptions.map(({ kind }) => kind)).toEqual(["events"]);
    expect(typeof sdkRoot.unsubscribe).toBe("function");
  });
});

describe("trouble on demand", () => {
  it("is down, lies, or is late, and then works again", async () => {
    vcr.setFault("queue-service", { down: true });
    expect((await call("queue-service", "GET", "/queue")).status).toBe(503);
    vcr.setFault("queue-service", { lie: true });
    expect((await call("queue-service", "GET", "/queue")).text).toMatch(/^<html>/);
    vcr.setFault("queue-service", { delayMs: 20 });
    const startedAt = performance.now();
    expect((await call("queue-service", "GET", "/queue")).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(18);
    vcr.setFault("queue-service", null);
    expect((await call("queue-service", "GET", "/queue")).text).toBe('["q"]');
  });

  it("hangs", async () => {
    vcr.setFault("client-persistence-api", { hang: true });
    const attempt = fetch(debugUrl("client-persistence-api"), {
      method: "POST",
      headers: providerHeaders(),
      body: "{}",
      signal: AbortSignal.timeout(30),
    });
    await expect(attempt).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("is steered and read over HTTP by another process", async () => {
    const put = (path: string, body: unknown) =>
      fetch(`${vcr.url}/_sandbox${path}`, { method: "PUT", body: JSON.stringify(body) });
    expect((await put("/faults", { "queue-service": { down: true } })).status).toBe(200);
    expect((await call("queue-service", "GET", "/queue")).status).toBe(503);
    expect((await put("/faults", { "queue-service": null })).status).toBe(200);
    expect((await put("/faults", { "queue-service": { dwon: true } })).status).toBe(400);
    expect((await put("/faults", { nobody: {} })).status).toBe(400);
    const records = await (await fetch(`${vcr.url}/_sandbox/records`)).json();
    expect(records).toEqual(JSON.parse(JSON.stringify(vcr.records())));
  });
});

describe("logs", () => {
  it.each(["logs-submission", "events-submission"])(
    "takes %s, and holds it against the caller",
    async (provider) => {
      const loud = jest.spyOn(console, "error").mockImplementation(() => {});
      const before = vcr.records().violations.length;
      expect((await call(provider, "POST", "/", { message: "Sending POST" })).status).toBe(200);
      expect(vcr.records().violations.length).toBe(before + 1);
      expect(loud).toHaveBeenCalledWith(expect.stringContaining(provider));
      loud.mockRestore();
    },
  );
});
