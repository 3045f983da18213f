import { afterEach, describe, expect, it } from "@jest/globals";
import { ConnectorError } from "../../src/lib/errors.ts";
import { smsInbound, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { unavailable } from "../support/ports.ts";
import { JSON_TYPE, openSite, type Site, send, signed } from "./site.ts";

let site: Site;
afterEach(() => site.stop());

const PARTY = { from: "447700900123", to: "14155550100" };
const deliver = (body: unknown, headers?: Record<string, string>) => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(`${site.url}/webhooks/inbound`, {
    headers: { "content-type": JSON_TYPE, ...(headers ?? signed(text)) },
    body: text,
  });
};

describe("POST /webhooks/inbound", () => {
  it("hands the message on, and answers what was made of it", async () => {
    site = await openSite();
    const answers = [
      await deliver(whatsappInbound("text", PARTY, { text: "Hi" })),
      await deliver(smsInbound(PARTY, "Hi")),
    ];
    expect([answers, site.replied.map(({ channel, content }) => [channel, content])]).toEqual([
      [
        { status: 200, body: { status: "other" } },
        { status: 200, body: { status: "other" } },
      ],
      [
        ["whatsapp", { type: "text", text: "Hi" }],
        ["sms", { type: "text", text: "Hi" }],
      ],
    ]);
  });

  it("takes a channel that is not ours, and ignores it", async () => {
    site = await openSite();
    const answer = await deliver({ ...smsInbound(PARTY, "Hi"), channel: "viber_service" });
    expect([answer, site.replied]).toEqual([{ status: 200, body: { status: "ignored" } }, []]);
  });

  it.each([
    ["what may pass later", unavailable(), 503],
    ["a fault of our own", new Error("inner words"), 503],
    ["what never will", new ConnectorError("invalid_webhook", "Not an inbound webhook"), 400],
  ])("%s is answered so that Vonage does the right thing", async (_, error, status) => {
    site = await openSite({ receiveInbound: () => Promise.reject(error) });
    const answer = await deliver(smsInbound(PARTY, "Hi"));
    expect(answer).toEqual({
      status,
      body: { message: status === 503 ? "Try again later" : "Not an inbound webhook" },
    });
    expect(JSON.stringify(site.log.lines)).not.toMatch(/inner words|447700900123/);
  });

  it.each([
    ["unsigned", () => ({}), 503],
    ["signed with another secret", (text: string) => signed(text, {}, "another"), 503],
    ["signed over another body", () => signed("{}"), 401],
    ["of another account", (text: string) => signed(text, { api_key: "ffffffff" }), 503],
    ["too old", (text: string) => signed(text, { iat: 1_700_000_000 }), 503],
  ])("is not handed on when it is %s", async (_, headers, status) => {
    site = await openSite();
    const text = JSON.stringify(smsInbound(PARTY, "STOP"));
    expect([(await deliver(text, headers(text))).status, site.replied]).toEqual([status, []]);
  });
});
