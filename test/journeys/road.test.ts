import { afterEach, describe, expect, it } from "@jest/globals";
import { fixturesOf } from "../fixtures/index.ts";
import { buildWhatsAppSend, MSG_ID, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { withCanaries } from "../support/canaries.ts";
import { endJourneys, SERVICE_NAME, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const TEMPLATE = {
  name: "order_update",
  language: { code: "en_US" },
  components: [{ type: "body", parameters: [{ type: "text", text: "Anastasia canary" }] }],
};
const SUBMITTED_AT = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000);
const at = (seconds: number) => new Date(SUBMITTED_AT.getTime() + seconds * 1_000);
const isoSeconds = (date: Date) => date.toISOString().replace(".000Z", "Z");
const epochSeconds = (date: Date) => String(date.getTime() / 1_000);

describe("a WhatsApp message from the platform to the person and back", () => {
  it("is accepted, queued, sent, and reported sent, delivered and read, with one id in every log line", async () => {
    const journey = await startJourney();
    const answer = await journey.send(buildWhatsAppSend({ to: `+${RECIPIENT}`, template: TEMPLATE }));
    expect(answer).toEqual({ status: 200, body: { status: "success" } });

    await until("Vonage has the message", () => journey.vonage.messages.length === 1);
    expect(journey.sends()).toEqual([
      {
        channel: "whatsapp",
        message_type: "custom",
        to: RECIPIENT,
        from: WABA_NUMBER,
        client_ref: `1vmw.${MSG_ID}`,
        custom: {
          type: "template",
          template: { ...TEMPLATE, language: { code: "en_US", policy: "deterministic" } },
        },
      },
    ]);

    const [message] = journey.vonage.messages;
    for (const [seconds, name] of [
      [1, "submitted"],
      [2, "delivered"],
      [3, "read"],
    ] as const) {
      expect(await journey.status(message!, name, { timestamp: isoSeconds(at(seconds)) })).toEqual([200]);
    }
    expect(journey.reports()).toEqual(
      [
        { msg_id: MSG_ID, status: "sent", timestamp: epochSeconds(at(1)) },
        { msg_id: MSG_ID, status: "delivered", timestamp: epochSeconds(at(2)) },
        { msg_id: MSG_ID, status: "read", timestamp: epochSeconds(at(3)) },
      ].map((report) => ({ statuses: [report] })),
    );

    const queue = `${SERVICE_NAME}-whatsapp`;
    await until("the queue has its answer", () => journey.vcr.records().queues[queue]?.acked === 1);
    expect(journey.vcr.records().queues[queue]).toMatchObject({
      accepted: 1,
      delivered: 1,
      dead: 0,
      waiting: 0,
    });
    const [enqueue] = journey.callsTo("vcr", `/queue/${queue}/enqueue`);
    expect(enqueue?.body).toEqual([
      { kid: expect.any(String), mac: expect.any(String), body: expect.stringContaining(MSG_ID) },
    ]);

    expect(journey.linesOf(MSG_ID).toSorted()).toEqual(
      [
        `Sending POST to …/queue/${queue}/enqueue`,
        "POST /webhooks/message-dispatcher",
        "Message delivered",
        "execute { template: { name: 'order_update' } }",
        `Sending WhatsApp via Vonage: msg_id=${MSG_ID}`,
        "Status submitted received",
        "Report sent: posted",
        "Status delivered received",
        "Report delivered: posted",
        "Status read received",
        "Report read: posted",
      ].toSorted(),
    );
  });

  it("reports a failure with Vonage's code and words", async () => {
    const journey = await startJourney();
    await journey.send(buildWhatsAppSend());
    await until("Vonage has the message", () => journey.vonage.messages.length === 1);
    const error = { type: "https://developer.vonage.com/api-errors/messages#1300", title: 1300 };
    const told = {
      timestamp: isoSeconds(at(1)),
      error: { ...error, detail: "Not part of the provider network" },
    };
    expect(await journey.status(journey.vonage.messages[0]!, "rejected", told)).toEqual([200]);
    expect(journey.reports()).toEqual([
      {
        statuses: [
          {
            msg_id: MSG_ID,
            status: "failed",
            timestamp: epochSeconds(at(1)),
            error: { code: "1300", description: "Not part of the provider network" },
          },
        ],
      },
    ]);
    expect(journey.linesOf(MSG_ID)).toEqual(
      expect.arrayContaining(["Status rejected received", "Report failed: posted"]),
    );
  });

  it("brings every kind of component to Vonage as it left the platform, with a policy for the language", async () => {
    const journey = await startJourney();
    const fixtures = fixturesOf("moengage-whatsapp-send").map(([variant, text]) => ({
      ...withCanaries(JSON.parse(text) as { template: { components?: unknown[] } }),
      msg_id: variant,
    }));
    const answers = await Promise.all(fixtures.map((fixture) => journey.send(fixture)));
    expect(answers.filter(({ body }) => (body as { status: string }).status !== "success")).toEqual([]);
    await until("Vonage has them all", () => journey.sends().length === fixtures.length);

    const arrived = new Map(journey.sends().map((body) => [String(body["client_ref"]), body["custom"]]));
    for (const { msg_id, template } of fixtures) {
      const policy = { ...(template as unknown as typeof TEMPLATE).language, policy: "deterministic" };
      const { language: _, ...rest } = template as unknown as typeof TEMPLATE;
      const { template: sent } = arrived.get(`1vmw.${msg_id}`) as { template: typeof TEMPLATE };
      const { language, ...others } = sent;
      expect(language).toEqual(policy);
      expect(JSON.stringify(others)).toBe(JSON.stringify(rest));
    }
  });
});
