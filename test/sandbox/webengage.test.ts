import { afterEach, describe, expect, it } from "@jest/globals";
import { createRandom } from "../../src/sandbox/random.ts";
import { type SandboxServer, serve } from "../../src/sandbox/server.ts";
import { startWebEngage, type WebEngage, webengageSms } from "../../src/sandbox/webengage/index.ts";
import { RETRY_WAITS_MS } from "../../src/sandbox/webengage/sms-contract.ts";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

async function start(connectorUrl = "http://127.0.0.1:1"): Promise<WebEngage> {
  const webengage = await startWebEngage({ connectorUrl });
  open.push(webengage);
  return webengage;
}

async function tell({ env }: WebEngage, dsn: object, headers: Record<string, string> = {}) {
  const { status } = await fetch(env["WEBENGAGE_SMS_DSN_URL"] ?? "", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${env["WEBENGAGE_DSN_TOKEN"]}`,
      ...headers,
    },
    body: JSON.stringify(dsn),
  });
  return status;
}

const SENT = {
  ...{ version: "1.0", messageId: "a", toNumber: "999500000001" },
  ...{ status: "sms_sent", statusCode: 0, smsCount: 1 },
};
const { smsCount: _, ...UNCOUNTED } = SENT;
const FAILED = { ...UNCOUNTED, status: "sms_failed", statusCode: 2009, message: "1260, unreachable" };

describe("WebEngage's tracking URL for SMS", () => {
  it.each([
    ["a delivery", SENT],
    ["a failure", FAILED],
  ])("takes %s", async (_, dsn) => {
    const webengage = await start();
    expect(await tell(webengage, dsn)).toBe(204);
    expect(webengage.sms.dsns).toEqual([dsn]);
  });

  it.each<[string, object, string]>([
    ["a delivery that is not counted", UNCOUNTED, "wrong DSN"],
    ["a failure in no words", { ...FAILED, message: "" }, "wrong DSN"],
    ["a failure that would have it sent again", { ...FAILED, statusCode: 2015 }, "wrong DSN"],
    ["a code of WhatsApp's", { ...FAILED, statusCode: 2014 }, "wrong DSN"],
    ["a word of WhatsApp's", { ...SENT, status: "whatsapp_sent" }, "wrong DSN"],
    ["a time, which it has no field for", { ...SENT, timestamp: "2018-01-25T10:24:16+0000" }, "wrong DSN"],
  ])("refuses %s", async (_, dsn, rule) => {
    const webengage = await start();
    expect(await tell(webengage, dsn)).toBe(400);
    expect(webengage.violations()).toEqual([expect.objectContaining({ rule })]);
  });

  it("refuses whoever has no token", async () => {
    const webengage = await start();
    expect(await tell(webengage, SENT, { authorization: "Bearer other" })).toBe(401);
  });
});

describe("a send of an SMS", () => {
  it("is tried again after 2015 as long as the contract says: ten times, for 102 seconds", () => {
    expect(RETRY_WAITS_MS.slice(0, 4)).toEqual([0, 200, 400, 800]);
    expect(RETRY_WAITS_MS).toHaveLength(10);
    expect(RETRY_WAITS_MS.reduce((sum, ms) => sum + ms)).toBe(102_200);
  });

  async function answered(status: number, body: object): Promise<WebEngage> {
    const connector: SandboxServer = await serve(0, () => ({ status, body }));
    open.push(connector);
    const webengage = await start(connector.url);
    await webengage.sms.send(webengageSms(createRandom(), { from: "BRANDX", to: "999500000001" }));
    return webengage;
  }

  it.each<[string, number, object]>([
    ["with another HTTP status", 200, { status: "sms_rejected", statusCode: 2003, message: "why" }],
    ["without words", 400, { status: "sms_rejected", statusCode: 2003 }],
    ["without the supported version", 400, { status: "sms_rejected", statusCode: 2010, message: "why" }],
    ["in WhatsApp's words", 200, { status: "whatsapp_accepted", statusCode: 0 }],
  ])("must not be answered %s", async (_, status, body) => {
    const webengage = await answered(status, body);
    expect(webengage.violations()).toEqual([expect.objectContaining({ rule: "wrong answer" })]);
  });

  it.each<[string, number, object]>([
    ["accepted", 200, { status: "sms_accepted" }],
    ["refused", 403, { status: "sms_rejected", statusCode: 3000, message: "opted out" }],
  ])("may be %s", async (_, status, body) => {
    expect((await answered(status, body)).violations()).toEqual([]);
  });
});
