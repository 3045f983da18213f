import { afterEach, describe, expect, it } from "@jest/globals";
import { RECIPIENT } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";
import {
  accepted,
  autoReplies,
  campaign,
  inbound,
  profiles,
  REPLIES,
  said,
  stored,
  suppressed,
  told,
  typed,
  USER,
} from "./replies.ts";

afterEach(endJourneys);

describe("neighbours that are away", () => {
  it("MoEngage: nobody waits for it, and it is told when it is back, by whoever runs then", async () => {
    const journey = await startJourney({ env: REPLIES, start: "none" });
    const first = await journey.replica();
    const replace = async (url: string) => {
      journey.vcr.setApps([url]);
      journey.vonage.setUrls({ inboundUrl: `${url}/webhooks/inbound` });
      journey.moengage.setConnector(url);
    };
    await replace(first.url);
    await until("the queues are ready", () => said(journey, /^Queues are ready/).length === 1);
    journey.moengage.setFault("whatsapp", { down: true });
    const record = journey.vonage.sendInbound(typed("STOP"));
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    await until("STOP is taken", () => record.outcome === "delivered");
    expect([record.attempts.length, stored(journey), told(journey), accepted(journey)]).toEqual([
      1,
      { [RECIPIENT]: "stop", [USER]: "stop" },
      [],
      { chat: 1, reports: 1 },
    ]);
    await until("it was asked again", () => journey.callsTo("moengage", /dlr/).length === 2);
    await first.stop();
    journey.moengage.setFault("whatsapp", null);
    const second = await journey.replica();
    await replace(second.url);
    await until("it is told", () => told(journey).length === 1);
    expect(told(journey)).toEqual([{ from: RECIPIENT, context: {}, said: "STOP" }]);
    expect(autoReplies(journey).length).toBe(1);
  });

  it("a STOP from the outbox is not told after a newer START", async () => {
    const journey = await startJourney({ dataApi: true, start: "none" });
    const first = await journey.replica();
    await until("the queues are ready", () => said(journey, /^Queues are ready/).length === 1);
    journey.vcr.setApps([first.url]);
    journey.vonage.setUrls({ inboundUrl: `${first.url}/webhooks/inbound` });
    journey.moengage.setFault("whatsapp", { down: true });
    for (const [text, age] of [
      ["STOP", 5_000],
      ["START", 0],
    ] as const) {
      const timestamp = new Date(Date.now() - age).toISOString();
      const record = journey.vonage.sendInbound({ ...typed(text), timestamp });
      await until(`${text} is taken`, () => record.outcome === "delivered");
    }
    await until("both are being held", () => said(journey, /dispatcher/).length === 2);
    await first.stop();
    journey.moengage.setFault("whatsapp", null);
    journey.vcr.setApps([(await journey.replica()).url]);
    await until("the START is told", () => told(journey).length > 0);
    await until("the STOP is dropped", () => said(journey, /^Reply outdated: not told/).length > 0);
    expect([told(journey).map((reply) => reply.said), profiles(journey)]).toEqual([
      ["START"],
      [
        { moe_mobile: RECIPIENT, moe_wa_subscription: false },
        { moe_mobile: RECIPIENT, moe_wa_subscription: true },
      ],
    ]);
  });

  it.each([
    ["State", "client-persistence-api"],
    ["the queue", "queue-service"],
  ] as const)("%s: 503, and Vonage's retry completes what is missing", async (_, provider) => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    journey.vcr.setFault(provider, { down: true });
    const record = journey.vonage.sendInbound(typed("STOP"));
    await until("it was refused", () => record.attempts.length >= 2);
    const before = [told(journey).length, profiles(journey).length, autoReplies(journey).length];
    journey.vcr.setFault(provider, null);
    await until("STOP is taken", () => record.outcome === "delivered");
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    expect([
      before,
      new Set(record.attempts.map(({ status }) => status)),
      stored(journey),
      told(journey).length,
      profiles(journey).length,
    ]).toEqual([[0, 0, 0], new Set([503, 200]), { [RECIPIENT]: "stop", [USER]: "stop" }, 1, 1]);
  });

  it("MoEngage and the queue: 503, and the retry does only what is missing", async () => {
    const journey = await startJourney({ env: {}, dataApi: true });
    journey.moengage.setFault("whatsapp", { down: true });
    journey.vcr.setFault("queue-service", { down: true });
    const record = journey.vonage.sendInbound(typed("STOP"));
    await until("it was refused", () => record.attempts.length >= 2);
    expect([stored(journey), profiles(journey)]).toEqual([{ [RECIPIENT]: "stop", [USER]: "stop" }, []]);
    journey.moengage.setFault("whatsapp", null);
    journey.vcr.setFault("queue-service", null);
    await until("STOP is taken", () => record.outcome === "delivered");
    await until("it is told", () => told(journey).length === 1);
    expect([told(journey).length, profiles(journey).length]).toEqual([1, 1]);
  });

  it("the Data API answers 503 for a moment: tried again within the same webhook", async () => {
    const journey = await startJourney({ dataApi: true });
    journey.moengage.setFault("data", { down: true });
    const answered = inbound(journey, typed("STOP"));
    await until("it was asked", () =>
      journey.callsTo("moengage", /customer/).some(({ status }) => status === 503),
    );
    journey.moengage.setFault("data", null);
    await journey.skip(2_000);
    expect(await answered).toEqual({ status: 200, body: { status: "opt_out" } });
    expect([journey.callsTo("moengage", /customer/).length, profiles(journey).length]).toEqual([2, 1]);
  });

  it("the Data API never answers: 503 within 10 s with the opt-out in force, and Vonage's retry writes it", async () => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    journey.moengage.setFault("data", { hang: true });
    const started = journey.now();
    const record = journey.vonage.sendInbound(typed("STOP"));
    await until("it is asked", () => journey.callsTo("moengage", /customer/).length === 1);
    await until("the rest is done", () => told(journey).length === 1 && autoReplies(journey).length === 1);
    await journey.skip(8_000, /customer/);
    await until("Vonage is refused", () => record.attempts.length === 1);
    expect(journey.now() - started).toBeLessThan(10_000);
    expect([record.attempts[0]?.status, stored(journey), told(journey).length]).toEqual([
      503,
      { [RECIPIENT]: "stop", [USER]: "stop" },
      1,
    ]);
    journey.moengage.setFault("data", null);
    await until("STOP is taken", () => record.outcome === "delivered");
    expect([told(journey).length, profiles(journey).length, autoReplies(journey).length]).toEqual([1, 1, 1]);
  });

  it.each([400, 401, 403])(
    "the Data API refuses with %i: said in words, and the opt-out stands",
    async (status) => {
      const journey = await startJourney({ dataApi: true });
      journey.moengage.setFault("data", { status });
      expect(await inbound(journey, typed("STOP"))).toEqual({ status: 200, body: { status: "opt_out" } });
      expect([said(journey, /^MoEngage refused the subscription/).length, told(journey).length]).toEqual([
        1, 1,
      ]);
      await suppressed(journey, "m-1");
    },
  );

  it("Vonage throttles the confirmation: it waits its turn and is sent once", async () => {
    const journey = await startJourney({ env: REPLIES });
    journey.vonage.behave({ times: 1, answer: { do: "throttle", retryAfterSeconds: 1 } });
    await inbound(journey, typed("STOP"));
    await until("it was throttled", () => journey.sends().length === 1);
    await journey.skip(1_000);
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    expect(journey.sends().length).toBe(2);
  });

  it("nobody knows whether the confirmation left: it is not sent again", async () => {
    const journey = await startJourney({
      env: { ...REPLIES, IN_DOUBT_WAIT_SECONDS: "1", IN_DOUBT_POLICY: "resend" },
    });
    journey.vonage.behave({ times: 1, answer: { do: "accept-then-reset" } });
    await inbound(journey, typed("STOP"));
    await until("it was sent", () => autoReplies(journey).length === 1);
    await journey.skip(1_000);
    await until("it is given up", () => said(journey, /^Auto-reply: its outcome is unknown/).length === 1);
    await campaign(journey, "m-1", "447700900999");
    expect([autoReplies(journey).length, accepted(journey)]).toEqual([1, { whatsapp: 1, chat: 1 }]);
  });
});
