import { afterEach, describe, expect, it } from "@jest/globals";
import { buildSmsSend, RECIPIENT } from "../support/builders.ts";
import { AUTH, endJourneys, type Journey, SERVICE_NAME, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const accepted = { status: 200, body: { trackingId: expect.stringMatching(UUID), status: "accepted" } };

/** Sends one SMS through the fake platform, and resolves to its tracking id once Vonage has it. */
async function sendOne(journey: Journey, body: object = buildSmsSend()): Promise<string> {
  const before = journey.vonage.messages.length;
  const answer = await journey.sendSms(body);
  expect(answer).toEqual(accepted);
  await until("Vonage has the SMS", () => journey.vonage.messages.length === before + 1);
  return (answer.body as { trackingId: string }).trackingId;
}

describe("an SMS from the platform to the person and back", () => {
  it("is accepted, queued, sent and reported delivered under the tracking id that was answered", async () => {
    const journey = await startJourney();
    const id = await sendOne(journey, buildSmsSend({ text: "Grüße 👋 49 % off canary" }));
    expect(journey.sends()).toEqual([
      {
        channel: "sms",
        message_type: "text",
        text: "Grüße 👋 49 % off canary",
        to: RECIPIENT,
        from: "MyBrand",
        client_ref: `1vms.${id}`,
      },
    ]);
    const [message] = journey.vonage.messages;
    expect(await journey.status(message!, "submitted")).toEqual([200]);
    expect(await journey.status(message!, "delivered")).toEqual([200]);
    expect(journey.reports()).toEqual([{ trackingId: id, status: "delivered", error: "" }]);

    const queue = `${SERVICE_NAME}-sms`;
    await until("the queue has its answer", () => journey.vcr.records().queues[queue]?.acked === 1);
    expect(journey.vcr.records().queues[`${SERVICE_NAME}-whatsapp`]?.accepted).toBe(0);
    expect(journey.linesOf(id).toSorted()).toEqual(
      [
        `Sending POST to …/queue/${queue}/enqueue`,
        "POST /webhooks/message-dispatcher",
        "Message delivered",
        `Sending SMS via Vonage: msg_id=${id}`,
        "Status submitted received",
        "Report sent: unwanted",
        "Status delivered received",
        "Report delivered: posted",
      ].toSorted(),
    );
  });

  it("is one message when an ingress repeats the request under the same X-Request-Id, at whatever replica", async () => {
    const journey = await startJourney();
    const replica = await journey.replica();
    const post = async (to: string, headers: Record<string, string>, body: object = buildSmsSend()) => {
      const answer = await fetch(`${to}/`, {
        method: "POST",
        headers: { ...AUTH, "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { trackingId: string }).trackingId;
    };
    const request = { "x-request-id": "7f3c" };
    const first = await post(journey.url, request);
    expect([await post(journey.url, request), await post(replica.url, request)]).toEqual([first, first]);
    const others = [
      await post(journey.url, request, buildSmsSend({ text: "Another canary" })),
      await post(journey.url, { "x-request-id": "7f3d" }),
      await post(journey.url, {}),
      await post(journey.url, {}),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    await until("the queue has every answer", () => {
      return journey.vcr.records().queues[`${SERVICE_NAME}-sms`]?.acked === 7;
    });
    expect(journey.vonage.messages).toHaveLength(5);
  });

  it("is reported failed with Vonage's code and words in one text", async () => {
    const journey = await startJourney();
    const id = await sendOne(journey);
    const error = { type: "https://developer.vonage.com/api-errors/messages#1190", title: "1190" };
    const overrides = { error: { ...error, detail: "Absent subscriber, permanent" } };
    expect(await journey.status(journey.vonage.messages[0]!, "undeliverable", overrides)).toEqual([200]);
    expect(journey.reports()).toEqual([
      { trackingId: id, status: "failed", error: "1190, Absent subscriber, permanent" },
    ]);
  });

  it("is also reported sent where the operator asked for it", async () => {
    const journey = await startJourney({ env: { SMS_REPORT_SENT: "true" }, allow: ["sent for SMS"] });
    const id = await sendOne(journey);
    expect(await journey.status(journey.vonage.messages[0]!, "submitted")).toEqual([200]);
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(journey.reports()).toEqual([
      { trackingId: id, status: "sent", error: "" },
      { trackingId: id, status: "delivered", error: "" },
    ]);
  });

  it("tells one delivery a call, however many statuses come together", async () => {
    const journey = await startJourney();
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { body } = await journey.sendSms(buildSmsSend());
        return (body as { trackingId: string }).trackingId;
      }),
    );
    await until("Vonage has them all", () => journey.vonage.messages.length === 6);
    await Promise.all(journey.vonage.messages.map((message) => journey.status(message, "delivered")));
    const reports = journey.reports() as { trackingId: string }[];
    expect(reports.map(({ trackingId }) => trackingId).toSorted()).toEqual(ids.toSorted());
  });
});

describe("what an SMS request may say", () => {
  const json = (body: object) => ({ type: "application/json", text: JSON.stringify(body) });
  const form = (body: Record<string, string>) => ({
    type: "application/x-www-form-urlencoded",
    text: new URLSearchParams(body).toString(),
  });
  const all = { template_id: "1107160000000000001", entity_id: "1101740000000012345" };
  const regulatory = { content_id: all.template_id, entity_id: all.entity_id };
  const base = { text: "Hello over there, canary", to: `+${RECIPIENT}` };
  const cases: [string, { type: string; text: string }, object][] = [
    ["JSON with from", json({ ...base, from: "Acme" }), { from: "Acme" }],
    ["JSON with sender", json({ ...base, sender: "+447700900555" }), { from: "447700900555" }],
    ["from rather than sender", json({ ...base, from: "Acme", sender: "Other" }), { from: "Acme" }],
    [
      "ids and a time to live in JSON",
      json({ ...base, ...all, ttl: 600 }),
      { from: "MyBrand", sms: regulatory, ttl: 600 },
    ],
    ["a form", form(base), { from: "MyBrand" }],
    [
      "ids and a time to live in a form",
      form({ ...base, ...all, sender: "Acme", ttl: "90" }),
      { from: "Acme", sms: regulatory, ttl: 90 },
    ],
  ];

  it.each(cases)("takes %s", async (_name, { type, text }, expected) => {
    const journey = await startJourney();
    const answer = await journey.post("/", text, { ...AUTH, "content-type": type });
    expect(answer).toEqual(accepted);
    await until("Vonage has the SMS", () => journey.sends().length === 1);
    const { trackingId } = answer.body as { trackingId: string };
    expect(journey.sends()).toEqual([
      {
        channel: "sms",
        message_type: "text",
        text: base.text,
        to: RECIPIENT,
        client_ref: `1vms.${trackingId}`,
        ...expected,
      },
    ]);
  });

  it.each([
    ["a text that is too long", { text: "x".repeat(3_201) }, "message_too_long", /3201 characters/],
    ["an empty text", { text: "" }, "invalid_request", /text is missing/],
    ["no recipient", { to: undefined }, "invalid_recipient", /to is missing/],
    ["a number that is none", { to: "12-34" }, "invalid_recipient", /not a phone number/],
    ["a time to live below twenty seconds", { ttl: 19 }, "invalid_request", /ttl must be/],
  ])("refuses %s in words and sends nothing", async (_name, fault, error, words) => {
    const journey = await startJourney();
    expect(await journey.post("/", buildSmsSend(fault))).toEqual({
      status: 400,
      body: { message: expect.stringMatching(words), error },
    });
    expect(journey.vcr.records().queues[`${SERVICE_NAME}-sms`]?.accepted).toBe(0);
    expect(journey.sends()).toEqual([]);
    expect(journey.lines.map(({ msg }) => msg)).toContain(`Send not accepted: ${error}`);
  });
});
