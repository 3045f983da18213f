import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { API_KEY, type WebEngage, type WebEngageSend } from "../../src/sandbox/webengage/index.ts";
import { REAL } from "../platforms/webengage/fixtures.ts";
import { buildWhatsAppSend, MSG_ID, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { withCanaries } from "../support/canaries.ts";
import { endJourneys, type Journey, type JourneyOptions, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

async function startWithWebEngage(
  options: JourneyOptions = {},
): Promise<{ journey: Journey; webengage: WebEngage }> {
  const journey = await startJourney({ ...options, platforms: ["webengage"] });
  return { journey, webengage: journey.platforms.webengage! };
}

const ID = "ed70a6d4-431c-4d18-a062-a4d0a6c68153";

function sendOf(templateData: object = {}, messageId = ID, fromNumber = WABA_NUMBER): WebEngageSend {
  return {
    version: "1.0",
    whatsAppData: {
      toNumber: RECIPIENT,
      fromNumber,
      templateData: {
        templateName: "order_update",
        language: "en",
        type: "TEXT",
        templateVariables: ["Anastasia canary"],
        ...templateData,
      },
      customData: { key: "value" },
    },
    metadata: { campaignType: "PROMOTIONAL", timestamp: "2024-07-03T05:13:15+0000", messageId },
  };
}

const answerOf = ({ outcome }: Awaited<ReturnType<WebEngage["send"]>>) => ({
  status: outcome.status,
  body: JSON.parse(outcome.body),
});
const ACCEPTED = { status: 200, body: { status: "whatsapp_accepted", statusCode: 0 } };
const told = ({ dsns }: WebEngage) => dsns.map(({ status, statusCode }) => `${status} ${statusCode}`);

describe("a message from WebEngage to the person and back", () => {
  it("is accepted, sent, and told once delivered and once read, under its own id", async () => {
    const { journey, webengage } = await startWithWebEngage();

    expect(answerOf(await webengage.send(sendOf({ buttonUrlParam: "offer-canary" })))).toEqual(ACCEPTED);
    await until("Vonage has it", () => journey.vonage.messages.length === 1);

    expect(journey.sends()).toEqual([
      {
        channel: "whatsapp",
        message_type: "custom",
        to: RECIPIENT,
        from: WABA_NUMBER,
        client_ref: `1vww.${ID}`,
        custom: {
          type: "template",
          template: {
            name: "order_update",
            language: { code: "en", policy: "deterministic" },
            components: [
              { type: "body", parameters: [{ type: "text", text: "Anastasia canary" }] },
              {
                type: "button",
                sub_type: "url",
                index: "0",
                parameters: [{ type: "text", text: "offer-canary" }],
              },
            ],
          },
        },
      },
    ]);
    const [message] = journey.vonage.messages;
    const timestamp = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();
    for (const status of ["submitted", "delivered", "delivered", "read"] as const)
      expect(await journey.status(message!, status, { timestamp })).toEqual([200]);

    const common = { version: "1.0", messageId: ID, toNumber: RECIPIENT, statusCode: 0 };
    expect(webengage.dsns).toEqual(
      ["whatsapp_sent", "whatsapp_read"].map((status) => ({
        ...common,
        status,
        timestamp: `${timestamp.slice(0, 19)}+0000`,
      })),
    );
    expect(journey.reports()).toEqual([]);
  });

  it("comes back under an id of 500 characters of anything", async () => {
    const { journey, webengage } = await startWithWebEngage();
    const id = "~campaign/é|".padEnd(500, "x");

    expect(answerOf(await webengage.send(sendOf({}, id)))).toEqual(ACCEPTED);
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    await journey.status(journey.vonage.messages[0]!, "delivered");

    expect(webengage.dsns.map(({ messageId }) => messageId)).toEqual([id]);
  });

  it("carries every example of the contract, with real numbers", async () => {
    const { journey, webengage } = await startWithWebEngage({ env: { WHATSAPP_NUMBER: "913341800001" } });
    const sends = REAL.map(([variant, send]) => {
      const { metadata, ...rest } = withCanaries(send) as unknown as WebEngageSend;
      return { ...rest, metadata: { ...metadata, messageId: variant } };
    });

    for (const send of sends) expect(answerOf(await webengage.send(send))).toEqual(ACCEPTED);
    await until("Vonage has them", () => journey.vonage.messages.length === sends.length);

    expect(journey.vonage.records().answers).toEqual({ 202: sends.length });
  });

  it("reads a finished message by its template, and places its buttons", async () => {
    const number = "447700900000";
    const { journey, webengage } = await startWithWebEngage({
      env: { WHATSAPP_NUMBER: number, MOENGAGE_DELIVERY_URL: "" },
    });
    await until("the templates are known", () =>
      journey.lines.some(({ msg }) => msg === "Templates fetched"),
    );
    const send = async (data: object, id: string) => {
      // The list is fetched once a second at the most.
      await journey.skip(1_000);
      return answerOf(await webengage.send(sendOf({ templateVariables: undefined, ...data }, id, number)));
    };

    const greeting = {
      templateName: "greeting",
      message: "Hello Anastasia canary, your booking is AB-123456.",
    };
    expect(await send(greeting, "fits")).toEqual(ACCEPTED);
    expect(await send({ ...greeting, message: "Hello Anastasia canary" }, "misfits")).toMatchObject({
      status: 400,
      body: { statusCode: 2022 },
    });
    expect(await send({ templateName: "nobody_has_it", templateVariables: ["x"] }, "absent")).toMatchObject({
      status: 400,
      body: { statusCode: 2021, message: "the WhatsApp account has no template nobody_has_it" },
    });
    const noPicture = { templateName: "header_image", templateVariables: ["Ana"] };
    expect(await send(noPicture, "other kind")).toMatchObject({ status: 400, body: { statusCode: 2023 } });

    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    expect(journey.sends()[0]?.["custom"]).toMatchObject({
      template: {
        components: [
          {
            type: "body",
            parameters: [
              { type: "text", text: "Anastasia canary" },
              { type: "text", text: "AB-123456" },
            ],
          },
        ],
      },
    });
  });
});

describe("a finished message while the template list cannot be had", () => {
  const number = "447700900000";
  const greeting = {
    templateVariables: undefined,
    templateName: "greeting",
    message: "Hello Anastasia canary, your booking is AB-123456.",
  };

  it("is asked for again until the list is there, which is asked for until it comes", async () => {
    const { journey, webengage } = await startWithWebEngage({
      start: "none",
      env: { WHATSAPP_NUMBER: number, MOENGAGE_DELIVERY_URL: "" },
    });
    journey.vonage.setFault("wabas", { status: 403 });
    webengage.setConnector((await journey.replica()).url);
    await until("the list was refused", () =>
      journey.lines.some(({ msg }) => msg === "Templates not synced"),
    );

    expect(answerOf(await webengage.send(sendOf(greeting, "early", number)))).toMatchObject({
      status: 429,
      body: { statusCode: 2015, message: expect.stringContaining("the template list is not there yet") },
    });
    expect(answerOf(await webengage.send(sendOf({}, "variables", number)))).toEqual(ACCEPTED);

    journey.vonage.setFault("wabas", null);
    await until("the list is there", () => journey.lines.some(({ msg }) => msg === "Templates synced"));
    expect(answerOf(await webengage.send(sendOf(greeting, "early", number)))).toEqual(ACCEPTED);
  });

  it("is read by the list that another replica has put into State", async () => {
    const { journey, webengage } = await startWithWebEngage({
      env: { WHATSAPP_NUMBER: number, MOENGAGE_DELIVERY_URL: "" },
    });
    const [waba] = journey.vonage.wabas;
    await until(
      "the list is kept",
      () => journey.vcr.state("application:journey", "GET", `templates:${waba?.id}`) !== null,
    );
    for (const route of ["wabas", "templates"] as const) journey.vonage.setFault(route, { status: 403 });
    webengage.setConnector((await journey.replica()).url);

    const statuses = new Set<number | undefined>();
    for (let tries = 0; tries < 500 && !statuses.has(200); tries++) {
      statuses.add(answerOf(await webengage.send(sendOf(greeting, "once", number))).status);
      await sleep(5);
    }
    expect([...statuses].filter((status) => status !== 429)).toEqual([200]);
  });
});

describe("what cannot be delivered", () => {
  it("is told with WebEngage's code and Vonage's words", async () => {
    const { journey, webengage } = await startWithWebEngage();
    await webengage.send(sendOf());
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    const error = { title: "1300", detail: "Not part of the provider network" };

    await journey.status(journey.vonage.messages[0]!, "rejected", { error });

    expect(webengage.dsns).toEqual([
      expect.objectContaining({
        status: "whatsapp_failed",
        statusCode: 2003,
        reason: "1300, Not part of the provider network",
      }),
    ]);
  });

  it("is told 9988 when nobody knows what became of it", async () => {
    const { journey, webengage } = await startWithWebEngage({ env: { IN_DOUBT_WAIT_SECONDS: "1" } });
    journey.vonage.behave({ answer: { do: "accept-then-reset" } });

    await webengage.send(sendOf());
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    await journey.skip(1_000);
    await until("WebEngage knows", () => webengage.dsns.length === 1);

    expect(webengage.dsns).toEqual([
      expect.objectContaining({
        statusCode: 9988,
        reason: expect.stringContaining("outcome_unknown"),
      }),
    ]);
    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("is refused in the words of the contract at once", async () => {
    const { journey, webengage } = await startWithWebEngage();
    const answers = [
      await webengage.post("{}"),
      await webengage.post("{"),
      await webengage.post(JSON.stringify(sendOf({ templateName: "" }))),
      await webengage.post(JSON.stringify(sendOf()), { authorization: "Bearer other" }),
      await webengage.post(JSON.stringify(sendOf()), { "content-type": "text/plain" }),
      await webengage.post(JSON.stringify(sendOf({ message: "x".repeat(1_100_000) }))),
      await webengage.post(JSON.stringify(sendOf({}, ID, "14155559999"))),
    ];

    expect(answers.map(({ status, body }) => [status, JSON.parse(body).statusCode])).toEqual([
      [400, 2010],
      [400, 2019],
      [400, 2021],
      [401, 2011],
      [400, 2019],
      [413, 2007],
      [400, 2004],
    ]);
    expect(journey.vcr.records().queues).not.toHaveProperty("sent");
  });
});

describe("what every platform is promised", () => {
  it("holds: a STOP to a sender that both use reaches both, WebEngage with its next send", async () => {
    const { journey, webengage } = await startWithWebEngage();
    await journey.send(buildWhatsAppSend());
    await until("Vonage has MoEngage's", () => journey.vonage.messages.length === 1);
    const stop = whatsappInbound("text", { from: RECIPIENT, to: WABA_NUMBER }, { text: "STOP" });
    expect(await journey.webhook("/webhooks/inbound", stop)).toMatchObject({ status: 200 });
    expect(journey.moengage.inbound).toEqual([
      expect.objectContaining({ type: "text", text: { body: "STOP" }, context: { msg_id: MSG_ID } }),
    ]);

    expect(answerOf(await webengage.send(sendOf()))).toEqual(ACCEPTED);
    await until("WebEngage knows", () => webengage.dsns.length === 1);

    expect(webengage.dsns).toEqual([
      expect.objectContaining({ messageId: ID, status: "whatsapp_failed", statusCode: 2024 }),
    ]);
    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("holds: intake needs no State", async () => {
    const { journey, webengage } = await startWithWebEngage();
    journey.vcr.setFault("client-persistence-api", { down: true });

    expect(answerOf(await webengage.send(sendOf()))).toEqual(ACCEPTED);

    journey.vcr.setFault("client-persistence-api", null);
    await until("Vonage has it", () => journey.vonage.messages.length === 1, 25_000);
  });

  it("holds: a repeated request is sent once", async () => {
    const { journey, webengage } = await startWithWebEngage();
    await Promise.all([1, 2, 3].map(() => webengage.send(sendOf())));
    const queue = () =>
      Object.values(journey.vcr.records().queues).reduce((sum, { acked }) => sum + acked, 0);
    await until("all are done", () => queue() === 3);

    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("holds: a notification that WebEngage could not take comes again, and is told once", async () => {
    const { journey, webengage } = await startWithWebEngage();
    await webengage.send(sendOf());
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    webengage.setFault({ down: true });
    const delivered = journey.status(journey.vonage.messages[0]!, "delivered");
    await until("it was tried", () => journey.lines.some(({ msg }) => msg === "Report delivered: not taken"));
    webengage.setFault(null);

    expect((await delivered).at(-1)).toBe(200);
    expect(told(webengage)).toEqual(["whatsapp_sent 0"]);
  });

  it("holds: what cannot be sent in time is turned away for WebEngage to send again", async () => {
    const { webengage } = await startWithWebEngage({
      env: { DISPATCH_RATE_PER_SECOND: "1", MESSAGE_TTL_SECONDS: "60" },
    });
    const sends = Array.from({ length: 80 }, (_, n) => webengage.send(sendOf({}, `id-${n}`)));
    const answers = (await Promise.all(sends)).map(answerOf);

    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(10);
    expect(new Set(refused.map(({ body }) => body.statusCode))).toEqual(new Set([2015]));
  });

  it("holds: a username and password let in as well as a key", async () => {
    const { webengage } = await startWithWebEngage({
      env: { WEBENGAGE_USERNAME: "webengage", WEBENGAGE_PASSWORD: "admin" },
    });
    const statusOf = async (authorization: string) =>
      (await webengage.post(JSON.stringify(sendOf()), { authorization })).status;

    expect([
      await statusOf("Basic d2ViZW5nYWdlOmFkbWlu"),
      await statusOf(`Bearer ${API_KEY}`),
      await statusOf("Basic d2ViZW5nYWdlOm90aGVy"),
    ]).toEqual([200, 200, 401]);
  });
});
