import { afterEach, describe, expect, it } from "@jest/globals";
import { smsInbound, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { buildSmsSend, RECIPIENT } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";
import {
  accepted,
  autoReplies,
  campaign,
  inbound,
  PARTY,
  profiles,
  REPLIES,
  SMS_PARTY,
  said,
  stored,
  suppressed,
  tapped,
  told,
  typed,
  USER,
} from "./replies.ts";

afterEach(endJourneys);

describe("STOP and START", () => {
  it("STOP is stored, confirmed, told and written, and nothing more is sent until START", async () => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    await campaign(journey, "m-1");
    expect(await inbound(journey, typed("  Stop!! "))).toEqual({ status: 200, body: { status: "opt_out" } });
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    expect({
      stored: stored(journey),
      told: told(journey),
      profiles: profiles(journey),
      autoReplies: autoReplies(journey),
      queues: accepted(journey),
      log: said(journey, /^(Reply|Subscription)/),
    }).toEqual({
      stored: { [RECIPIENT]: "stop", [USER]: "stop" },
      told: [{ from: RECIPIENT, context: { msg_id: "m-1" }, said: "STOP" }],
      profiles: [{ moe_mobile: RECIPIENT, moe_wa_subscription: false }],
      autoReplies: [{ to: RECIPIENT, text: "You have opted out, canary" }],
      queues: { whatsapp: 1, chat: 1 },
      log: ["Reply received: opt_out", "Reply told to the platform", "Subscription written to MoEngage"],
    });

    await suppressed(journey, "m-2");
    await suppressed(journey, "m-3", USER);
    expect(await inbound(journey, typed("start"))).toEqual({ status: 200, body: { status: "opt_in" } });
    await campaign(journey, "m-4");
    await until("the opt-in is confirmed", () => autoReplies(journey).length === 2);
    expect({
      stored: stored(journey),
      told: told(journey)[1],
      profile: profiles(journey)[1],
      answer: autoReplies(journey)[1],
    }).toEqual({
      stored: { [RECIPIENT]: "start", [USER]: "start" },
      told: { from: RECIPIENT, context: { msg_id: "m-1" }, said: "START" },
      profile: { moe_mobile: RECIPIENT, moe_wa_subscription: true },
      answer: { to: RECIPIENT, text: "You have opted in, canary" },
    });
  });

  it("outlives the instance: another one of the account refuses as well", async () => {
    const journey = await startJourney({ start: "none" });
    const first = await journey.replica();
    journey.vcr.setApps([first.url]);
    journey.vonage.setUrls({ inboundUrl: `${first.url}/webhooks/inbound` });
    const record = journey.vonage.sendInbound(typed("STOP"));
    await until("STOP is taken", () => record.outcome === "delivered");
    await first.stop();
    const second = await journey.replica({
      INSTANCE_ID: "another",
      VCR_INSTANCE_SERVICE_NAME: "neru-journey-connector",
    });
    journey.vcr.setApps([second.url]);
    journey.moengage.setConnector(second.url);
    await suppressed(journey, "m-1");
  });

  it("heard by the instance of the other channel: counts all the same, and its log says what to change", async () => {
    const journey = await startJourney({ env: REPLIES });
    const sms = await journey.replica({ WHATSAPP_NUMBER: "", MOENGAGE_DELIVERY_URL: "" });
    journey.vonage.setUrls({ inboundUrl: `${sms.url}/webhooks/inbound` });
    for (const text of ["STOP", "Hello?"]) {
      const record = journey.vonage.sendInbound(typed(text));
      await until("it is taken", () => record.outcome === "delivered");
    }
    expect([stored(journey), told(journey), autoReplies(journey), said(journey, /^Reply/)]).toEqual([
      { [RECIPIENT]: "stop", [USER]: "stop" },
      [],
      [],
      [
        "Reply received: opt_out",
        "Reply recorded for the whole account, but not answered and no platform told: WhatsApp is off here. Give each instance a Vonage application of its own, or run one instance for both channels",
        "Reply ignored: WhatsApp is off here",
      ],
    ]);
    await suppressed(journey, "m-1");
  });

  it("in the customer's own words, by text or by button", async () => {
    const journey = await startJourney({
      env: { OPT_OUT_KEYWORD: "BAJA, 退订，СТОП", OPT_IN_KEYWORD: "ALTA" },
    });
    const message = await campaign(journey, "m-1");
    const answers = [
      typed("¡Baja!"),
      typed("退订。"),
      typed("стоп"),
      tapped(message.uuid, "Ya no", "baja"),
      tapped(message.uuid, "BAJA", { action: "x" }),
      whatsappInbound("reply", PARTY, { reply: { id: "row1", title: "Baja" } }),
      typed("alta"),
      typed("STOP"),
    ];
    const kinds = [];
    for (const body of answers) {
      const timestamp = new Date().toISOString();
      kinds.push((await inbound(journey, { ...body, timestamp })).body);
    }
    expect(kinds).toEqual([
      ...Array.from({ length: 6 }, () => ({ status: "opt_out" })),
      { status: "opt_in" },
      { status: "other" },
    ]);
    expect(told(journey).map((reply) => reply.said)).toEqual([
      ...Array.from({ length: 6 }, () => "STOP"),
      "START",
    ]);
  });

  it("on SMS: the profile is the one place to tell, and WhatsApp goes on", async () => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    expect(await inbound(journey, smsInbound(SMS_PARTY, "STOP"))).toEqual({
      status: 200,
      body: { status: "opt_out" },
    });
    await journey.sendSms(buildSmsSend());
    await until("the SMS is refused", () => journey.callsTo("moengage", /sms/).length === 1);
    await campaign(journey, "m-1");
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    expect({ told: told(journey), profiles: profiles(journey), stored: stored(journey, "sms") }).toEqual({
      told: [],
      profiles: [{ moe_mobile: RECIPIENT, moe_sms_subscription: "OPTOUT" }],
      stored: { [RECIPIENT]: "stop" },
    });
    expect(journey.callsTo("moengage", /sms/)[0]?.body).toMatchObject({
      status: "failed",
      error: "opted_out, The person has opted out of messages from this sender",
    });
  });

  it("of somebody who was never written to has an empty context", async () => {
    const journey = await startJourney();
    await inbound(journey, typed("STOP"));
    expect(told(journey)).toEqual([{ from: RECIPIENT, context: {}, said: "STOP" }]);
  });
});

it("a STOP costs 16 calls of State at the most, beside those that send its confirmation", async () => {
  const journey = await startJourney({ env: REPLIES, dataApi: true });
  const stateCalls = () =>
    journey
      .callsTo("vcr", "/")
      .map(({ body }) => body as { operation: string; key: string })
      .map(({ operation, key }) => `${operation} ${key.split(":")[0]}`);
  await campaign(journey, "m-1");
  await until("it is remembered", () => stateCalls().includes("EXPIRE sent"));
  const before = stateCalls().length;
  await inbound(journey, typed("STOP"));
  // The start looks for dead letters and at State's mark meanwhile.
  const calls = stateCalls()
    .slice(before)
    .filter((call) => !/ (claims|dead-letters|held|marks?)$/.test(call));
  expect(calls).toContain("HSET suppressed");
  expect(calls.length).toBeLessThanOrEqual(16);
});

describe("a carrier's opt-out", () => {
  const error = {
    type: "https://developer.vonage.com/api-errors/messages#1240",
    title: 1240,
    detail: "Opted out",
  };

  it("is recorded, written into the profile and reported, and nothing more is sent", async () => {
    const journey = await startJourney({ dataApi: true });
    await journey.sendSms(buildSmsSend());
    await until("it is sent", () => journey.vonage.messages.length === 1);
    const [message] = journey.vonage.messages;
    if (!message) throw new Error("not sent");
    expect(await journey.status(message, "rejected", { error })).toEqual([200]);
    await journey.sendSms(buildSmsSend());
    await until("the next is refused", () => journey.callsTo("moengage", /sms/).length === 2);
    expect({
      stored: stored(journey, "sms"),
      profiles: profiles(journey),
      reports: journey
        .callsTo("moengage", /sms/)
        .map(({ body }) => (body as { error: string }).error.split(",")[0]),
      sent: journey.vonage.messages.length,
    }).toEqual({
      stored: { [RECIPIENT]: "stop" },
      profiles: [{ moe_mobile: RECIPIENT, moe_sms_subscription: "OPTOUT" }],
      reports: ["1240", "opted_out"],
      sent: 1,
    });
  });

  it("does not wait for a platform that is away", async () => {
    const journey = await startJourney();
    await journey.sendSms(buildSmsSend());
    await until("it is sent", () => journey.vonage.messages.length === 1);
    journey.moengage.setFault("sms", { down: true });
    const [message] = journey.vonage.messages;
    if (!message) throw new Error("not sent");
    const answered = journey.status(message, "rejected", { error });
    await until(
      "it is recorded",
      () => said(journey, /^The carrier reports an opt-out: recorded/).length > 0,
    );
    expect(stored(journey, "sms")).toEqual({ [RECIPIENT]: "stop" });
    journey.moengage.setFault("sms", null);
    expect((await answered).at(-1)).toBe(200);
  });
});
