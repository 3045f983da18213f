import { afterEach, describe, expect, it } from "@jest/globals";
import { smsInbound } from "../../src/sandbox/vonage/index.ts";
import { API_KEY, type WebEngage, type WebEngageSms } from "../../src/sandbox/webengage/index.ts";
import { buildSmsSend, RECIPIENT } from "../support/builders.ts";
import {
  AUTH,
  endJourneys,
  type Journey,
  type JourneyOptions,
  SERVICE_NAME,
  startJourney,
  until,
} from "../support/journey.ts";

afterEach(endJourneys);

const ID = "8a0c1c7e-5d43-4b0e-9d6f-0f7c2f3b9a11";
/** WebEngage has wrapped the link: it must not be decoded. */
const TEXT = "20% off: https://wbeg.in/x?u=%3D%3D%2B%20%20abcd&n=%C3%A9#%23 👋 canary";

function smsOf(messageId = ID, smsData: object = {}): WebEngageSms {
  return {
    version: "2.0",
    smsData: { toNumber: `+${RECIPIENT}`, fromNumber: "BRANDX", body: TEXT, ...smsData },
    metadata: {
      campaignType: "PROMOTIONAL",
      timestamp: "2026-01-25T10:24:16+0000",
      messageId,
      custom: { UUID: "key" },
      indiaDLT: { contentTemplateId: "1107", principalEntityId: "1101", telemarketerId: "tm1" },
    },
  };
}

async function startWithWebEngage(options: JourneyOptions = {}) {
  const journey = await startJourney({ ...options, platforms: ["webengage"] });
  return { journey, sms: journey.platforms.webengage!.sms, webengage: journey.platforms.webengage! };
}

const answerOf = ({ outcome }: Awaited<ReturnType<WebEngage["send"]>>) => ({
  status: outcome.status,
  body: JSON.parse(outcome.body),
});
const ACCEPTED = { status: 200, body: { status: "sms_accepted" } };
const sentBy = (journey: Journey, count: number) =>
  until("Vonage has it", () => journey.vonage.messages.length === count);

describe("an SMS from WebEngage to the person and back", () => {
  it("is accepted, sent letter by letter with its ids, and told once delivered, with its number of SMS", async () => {
    const { journey, sms } = await startWithWebEngage();

    expect(answerOf(await sms.send(smsOf()))).toEqual(ACCEPTED);
    await sentBy(journey, 1);

    expect(journey.sends()).toEqual([
      {
        channel: "sms",
        message_type: "text",
        text: TEXT,
        to: RECIPIENT,
        from: "BRANDX",
        client_ref: `1vws.${ID}`,
        sms: { content_id: "1107", entity_id: "1101" },
      },
    ]);
    const [message] = journey.vonage.messages;
    const parts = { sms: { count_total: "3" } };
    for (const status of ["submitted", "delivered", "delivered"] as const)
      expect(await journey.status(message!, status, parts)).toEqual([200]);

    expect(sms.dsns).toEqual([
      {
        ...{ version: "1.0", messageId: ID, toNumber: RECIPIENT },
        ...{ status: "sms_sent", statusCode: 0, smsCount: 3 },
      },
    ]);
    expect(journey.vcr.records().queues[`${SERVICE_NAME}-whatsapp`]?.accepted).toBe(0);
  });

  it("is told when Vonage takes it where the operator asked for that, and not again", async () => {
    const { journey, sms } = await startWithWebEngage({ env: { SMS_REPORT_SENT: "true" } });
    await sms.send(smsOf());
    await sentBy(journey, 1);

    expect(await journey.status(journey.vonage.messages[0]!, "submitted")).toEqual([200]);
    expect(sms.dsns).toEqual([expect.objectContaining({ status: "sms_sent", smsCount: 1 })]);
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(sms.dsns).toHaveLength(1);
  });

  it("comes back under an id of 500 characters of anything", async () => {
    const { journey, sms } = await startWithWebEngage();
    const id = "~campaign/é|".padEnd(500, "x");

    expect(answerOf(await sms.send(smsOf(id)))).toEqual(ACCEPTED);
    await sentBy(journey, 1);
    await journey.status(journey.vonage.messages[0]!, "delivered");

    expect(sms.dsns.map(({ messageId }) => messageId)).toEqual([id]);
  });

  it("is told failed with WebEngage's code and Vonage's words", async () => {
    const { journey, sms } = await startWithWebEngage();
    await sms.send(smsOf());
    await sentBy(journey, 1);
    const error = { title: "1481", detail: "Invalid sender header" };

    await journey.status(journey.vonage.messages[0]!, "rejected", { error });

    expect(sms.dsns).toEqual([
      {
        ...{ version: "1.0", messageId: ID, toNumber: RECIPIENT, status: "sms_failed" },
        ...{ statusCode: 2024, message: "1481, Invalid sender header" },
      },
    ]);
  });

  it("is refused in the words of the contract at once", async () => {
    const { journey, sms } = await startWithWebEngage();
    const post = (message: object, headers?: Record<string, string>) =>
      sms.post(JSON.stringify(message), headers);
    const answers = [
      await post({}),
      await sms.post("{"),
      await post(smsOf(ID, { body: "" })),
      await post(smsOf(ID, { body: "x".repeat(3_201) })),
      await post(smsOf(ID, { toNumber: "e0ec043b3f9e198ec09041687e4d4e8d" })),
      await post({ ...smsOf(), metadata: {} }),
      await post(smsOf(), { authorization: "Bearer other" }),
      // Of MoEngage.
      await post(smsOf(), { authorization: "", ...AUTH }),
      await post(smsOf(ID, { body: "x".repeat(1_100_000) })),
    ];

    expect(answers.map(({ status, body }) => [status, JSON.parse(body).statusCode])).toEqual([
      [400, 2010],
      [200, 9988],
      [400, 2002],
      [413, 2007],
      [400, 2003],
      [200, 9988],
      [401, 2011],
      [401, 2011],
      [413, 2007],
    ]);
    expect(JSON.parse(answers[4]?.body ?? "").message).toContain("only you can decrypt it");
    expect((await journey.post("/", buildSmsSend(), { authorization: `Bearer ${API_KEY}` })).status).toBe(
      401,
    );
    expect(journey.vcr.records().queues[`${SERVICE_NAME}-sms`]?.accepted).toBe(0);
  });
});

describe("what every platform is promised", () => {
  it("holds: each hears of its own messages only", async () => {
    const { journey, sms } = await startWithWebEngage();
    const moengage = (await journey.sendSms(buildSmsSend())).body as { trackingId: string };
    await sms.send(smsOf());
    await sentBy(journey, 2);
    await Promise.all(journey.vonage.messages.map((message) => journey.status(message, "delivered")));

    expect(journey.reports()).toEqual([{ trackingId: moengage.trackingId, status: "delivered", error: "" }]);
    expect(sms.dsns.map(({ messageId }) => messageId)).toEqual([ID]);
    expect(journey.platforms.webengage?.dsns).toEqual([]);
  });

  it("holds: a STOP reaches the platform that can be told, and WebEngage with its next SMS to the person", async () => {
    const { journey, sms } = await startWithWebEngage({ dataApi: true });
    const stop = smsInbound({ from: RECIPIENT, to: "14155550101" }, "STOP");
    expect(await journey.webhook("/webhooks/inbound", stop)).toMatchObject({ status: 200 });
    await until("MoEngage's profile knows", () => journey.callsTo("moengage", /customer/).length === 1);

    expect(answerOf(await sms.send(smsOf()))).toEqual(ACCEPTED);
    await until("WebEngage knows", () => sms.dsns.length === 1);

    expect(sms.dsns).toEqual([
      expect.objectContaining({ messageId: ID, status: "sms_failed", statusCode: 3000 }),
    ]);
    expect(journey.vonage.messages).toEqual([]);
  });

  it("holds: an opt-out that a carrier tells of WebEngage's SMS holds for the other platform", async () => {
    const { journey, sms } = await startWithWebEngage();
    await sms.send(smsOf());
    await sentBy(journey, 1);
    const error = { title: "1240", detail: "Illegal number: the recipient has opted out" };
    await journey.status(journey.vonage.messages[0]!, "rejected", { error });
    expect(sms.dsns).toEqual([expect.objectContaining({ statusCode: 3000 })]);

    await journey.sendSms(buildSmsSend());
    await until("MoEngage knows", () => journey.reports().length === 1);

    expect(journey.reports()).toEqual([expect.objectContaining({ status: "failed" })]);
    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("holds: a throttle of Vonage is waited out here, and WebEngage is not asked to send again", async () => {
    const { journey, sms } = await startWithWebEngage();
    journey.vonage.behave({ answer: { do: "throttle", retryAfterSeconds: 1 }, times: 5 });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => sms.send(smsOf(`id-${n}`))));

    expect(new Set(answers.map(({ outcome }) => outcome.status))).toEqual(new Set([200]));
    await until("Vonage has them all", () => journey.vonage.messages.length === 20, 30_000);
  });

  it("holds: what the queue cannot take is asked for again, and sent once", async () => {
    const { journey, sms } = await startWithWebEngage();
    journey.vcr.setFault("queue-service", { status: 500 });
    expect(answerOf(await sms.send(smsOf()))).toMatchObject({ status: 429, body: { statusCode: 2015 } });
    journey.vcr.setFault("queue-service", null);

    await Promise.all([1, 2, 3].map(() => sms.send(smsOf())));
    const acked = () => journey.vcr.records().queues[`${SERVICE_NAME}-sms`]?.acked;
    await until("all are done", () => acked() === 3);

    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("holds: intake needs no State", async () => {
    const { journey, sms } = await startWithWebEngage();
    journey.vcr.setFault("client-persistence-api", { down: true });

    expect(answerOf(await sms.send(smsOf()))).toEqual(ACCEPTED);

    journey.vcr.setFault("client-persistence-api", null);
    await until("Vonage has it", () => journey.vonage.messages.length === 1, 25_000);
  });

  it("holds: a notification that WebEngage could not take comes again, and is told once", async () => {
    const { journey, sms, webengage } = await startWithWebEngage();
    await sms.send(smsOf());
    await sentBy(journey, 1);
    webengage.setFault({ down: true });
    const delivered = journey.status(journey.vonage.messages[0]!, "delivered");
    await until("it was tried", () => journey.lines.some(({ msg }) => msg === "Report delivered: not taken"));
    webengage.setFault(null);

    expect((await delivered).at(-1)).toBe(200);
    expect(sms.dsns).toHaveLength(1);
  });
});

it("a campaign of WebEngage's SMS ends with every message told", async () => {
  const { journey, webengage } = await startWithWebEngage({
    traffic: { statuses: true, failureShare: 0.2, doubleShare: 0.1, shuffleShare: 0.1 },
  });
  const result = await webengage.campaign({ channel: "sms", count: 60, rate: 500 });

  expect(result).toMatchObject({ accepted: 60, refused: 0, gaveUp: 0 });
  await until("every message is settled", () => webengage.funnel("sms").settled === 60);
  expect(webengage.altered(journey.vonage.messages)).toEqual([]);
});
