import { afterEach, describe, expect, it } from "@jest/globals";
import { type People, startPeople } from "../../src/sandbox/people.ts";
import { smsInbound, startVonage, type Vonage, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { credentials, eventually, startApp } from "./helpers.ts";

const BASIC = `Basic ${Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64")}`;
const started: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
});

async function startTown(share: number) {
  const app = await startApp();
  const vonage = await startVonage({
    credentials,
    statusUrl: `${app.url}/webhooks/status`,
    inboundUrl: `${app.url}/webhooks/inbound`,
    traffic: { delayMs: [1, 5] },
  });
  const people = startPeople({ vonage, seed: 1, share, autoReplies: ["You have opted out"] });
  started.push(app, vonage, people);
  const inbound = () =>
    app.calls
      .filter(({ path }) => path === "/webhooks/inbound")
      .map(({ body }) => body as Record<string, unknown>);
  return { vonage, people, inbound };
}

async function send(vonage: Vonage, messages: object[]) {
  for (const message of messages) {
    await fetch(`${vonage.url}/v1/messages`, {
      method: "POST",
      headers: { authorization: BASIC, "content-type": "application/json" },
      body: JSON.stringify({ message_type: "text", text: "Hello", ...message }),
    });
  }
  await eventually(() => vonage.records().open === 0, "every status");
}

const settled = (people: People, vonage: Vonage) =>
  eventually(() => people.pending() === 0 && vonage.records().open === 0, "every answer");

const number = (n: number) => `99900100${String(n).padStart(4, "0")}`;

describe("people with phones", () => {
  it("answer the first message that reaches them, once, in ways the fake's own samples allow", async () => {
    const { vonage, people, inbound } = await startTown(1);
    const campaign = Array.from({ length: 40 }, (_, n) => ({
      channel: n % 2 ? "sms" : "whatsapp",
      to: number(n),
      from: "447700900000",
    }));
    await send(vonage, campaign);
    await settled(people, vonage);
    await send(vonage, campaign);
    await settled(people, vonage);
    const { STOP, START, tap, question } = people.deeds;
    expect([STOP + tap + question, inbound().length]).toEqual([40, 40 + START]);
    for (const deed of [STOP, START, tap, question, people.hidden]) expect(deed).toBeGreaterThan(0);
    const shapes = [smsInbound({ from: "1", to: "2" }, "x"), whatsappInbound("text", { from: "1", to: "2" })];
    const known = new Set([...shapes.flatMap(Object.keys), "context", "button"]);
    expect(
      inbound()
        .flatMap((body) => Object.keys(body))
        .filter((key) => !known.has(key)),
    ).toEqual([]);
    const out = campaign.filter(({ channel, to }) => people.hasOptedOut(channel as "sms", to));
    expect(out.length).toBe(STOP - START);
  });

  it("cannot answer a name, do not answer the brand's own answers, and some never answer", async () => {
    const { vonage, people, inbound } = await startTown(1);
    await send(vonage, [
      { channel: "sms", to: number(1), from: "Acme" },
      { channel: "sms", to: number(2), from: "447700900000", text: "You have opted out" },
    ]);
    await settled(people, vonage);
    expect(inbound()).toEqual([]);
    const silent = await startTown(0);
    await send(silent.vonage, [{ channel: "sms", to: number(3), from: "447700900000" }]);
    await settled(silent.people, silent.vonage);
    expect(silent.inbound()).toEqual([]);
  });
});
