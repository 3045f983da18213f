import { afterEach, describe, expect, it } from "@jest/globals";
import { smsInbound, userIdOf, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { buildSmsSend, buildWhatsAppSend, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { endJourneys, type Journey, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const REPLIES = {
  OPT_OUT_REPLY: "You have opted out, canary",
  OPT_IN_REPLY: "You have opted in, canary",
  DEFAULT_REPLY: "Sorry, reply START or STOP, canary",
};
const PARTY = { from: RECIPIENT, to: WABA_NUMBER };
const SMS_PARTY = { from: RECIPIENT, to: "14155550101" };
const USER = userIdOf(RECIPIENT);

type Party = Parameters<typeof whatsappInbound>[1];
const typed = (text: string, party: Party = PARTY) => whatsappInbound("text", party, { text });
const tapped = (contextUuid: string, text: string, payload: unknown) =>
  whatsappInbound("button", { ...PARTY, contextUuid }, { button: { text, payload } });

const inbound = (journey: Journey, body: object) => journey.webhook("/webhooks/inbound", body);
/** What each name last said. */
function stored(journey: Journey, channel = "whatsapp") {
  const flat = journey.vcr.state("account", "HGETALL", `suppressed:${channel}`) as string[];
  const words = flat
    .flatMap((field, at) => (at % 2 ? [] : [{ words: field.split(" "), at: Number(flat[at + 1]) }]))
    .sort((a, b) => a.at - b.at);
  return Object.fromEntries(words.map(({ words: [word, name] }) => [name, word]));
}
/** What the platform was told of people's answers, without the time. */
const told = (journey: Journey) =>
  journey.moengage.inbound.map(({ from, context, ...rest }) => ({
    from,
    context,
    said: rest.type === "text" ? rest.text.body : rest.button,
  }));
const profiles = (journey: Journey) => journey.moengage.customers.map(({ attributes }) => attributes);
/** The connector's own texts. */
const autoReplies = (journey: Journey) =>
  journey.vonage.messages
    .filter(({ request }) => request.client_ref?.startsWith("1var."))
    .map(({ request }) => ({ to: request.to, text: "text" in request ? request.text : "" }));
const accepted = (journey: Journey) =>
  Object.entries(journey.vcr.records().queues).map(([name, queue]) => [
    name.split("-").at(-1),
    queue.accepted,
  ]);
const said = (journey: Journey, pattern: RegExp) =>
  journey.lines.map(({ msg }) => msg).filter((msg) => pattern.test(msg));

async function campaign(journey: Journey, id: string, to = RECIPIENT) {
  const before = journey.vonage.messages.length;
  await journey.send(buildWhatsAppSend({ msg_id: id, to }));
  await until(`${id} is sent`, () => journey.vonage.messages.length > before);
  const message = journey.vonage.messages[before];
  if (!message) throw new Error("not sent");
  return message;
}

/** The message is refused for the opt-out, and the platform told so. */
async function suppressed(journey: Journey, id: string, to = RECIPIENT) {
  const before = journey.vonage.messages.length;
  await journey.send(buildWhatsAppSend({ msg_id: id, to }));
  await until(`${id} is reported`, () => journey.moengage.messages.get(id)?.statuses.length === 1);
  expect(journey.moengage.messages.get(id)?.statuses).toMatchObject([
    { status: "failed", reason: "opted_out The person has opted out of messages from this sender" },
  ]);
  expect(journey.vonage.messages.length).toBe(before);
}

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
      queues: [
        ["whatsapp", 2],
        ["sms", 0],
        ["reports", 0],
      ],
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

describe("taps and questions", () => {
  it("a tap finds its message after a restart, by another replica", async () => {
    const journey = await startJourney();
    const message = await campaign(journey, "m-1");
    await campaign(journey, "m-2");
    const second = await journey.replica();
    journey.vonage.setUrls({ inboundUrl: `${second.url}/webhooks/inbound` });
    const record = journey.vonage.sendInbound(tapped(message.uuid, "Yes, canary", { order: 7 }));
    await until("the tap is taken", () => record.outcome === "delivered");
    expect({ told: told(journey), stored: stored(journey), queues: accepted(journey) }).toEqual({
      told: [
        {
          from: RECIPIENT,
          context: { msg_id: "m-1" },
          said: { text: "Yes, canary", payload: '{"order":7}' },
        },
      ],
      stored: {},
      queues: [
        ["whatsapp", 2],
        ["sms", 0],
        ["reports", 0],
      ],
    });
  });

  it("a question gets the default reply once, and its statuses are nobody's", async () => {
    const journey = await startJourney({ env: REPLIES });
    for (const text of ["When do you open, canary?", "Hello canary??", "stop that noise, canary"])
      expect(await inbound(journey, typed(text))).toEqual({ status: 200, body: { status: "other" } });
    await until("the reply is sent", () => autoReplies(journey).length === 1);
    const [message] = journey.vonage.messages;
    if (!message) throw new Error("not sent");
    for (const status of ["submitted", "delivered", "read"] as const)
      expect(await journey.status(message, status)).toEqual([200]);
    expect(await journey.status(message, "rejected")).toEqual([200]);
    expect({
      autoReplies: autoReplies(journey),
      calls: journey.callsTo("moengage", /./),
      stored: stored(journey),
    }).toEqual({
      autoReplies: [{ to: RECIPIENT, text: "Sorry, reply START or STOP, canary" }],
      calls: [],
      stored: {},
    });
  });

  it("everything else people send is taken and has no effect", async () => {
    const journey = await startJourney({ env: REPLIES });
    const kinds = [
      "image",
      "video",
      "audio",
      "file",
      "sticker",
      "location",
      "contacts",
      "order",
      "reaction",
      "unsupported",
    ] as const;
    for (const kind of kinds)
      expect(await inbound(journey, whatsappInbound(kind, PARTY))).toEqual({
        status: 200,
        body: { status: "other" },
      });
    expect(await inbound(journey, { ...typed("STOP"), message_type: "hologram" })).toEqual({
      status: 200,
      body: { status: "other" },
    });
    expect(await inbound(journey, { ...typed("STOP"), channel: "rcs" })).toEqual({
      status: 200,
      body: { status: "ignored" },
    });
    expect([accepted(journey), journey.callsTo("moengage", /./), stored(journey)]).toEqual([
      [
        ["whatsapp", 0],
        ["sms", 0],
        ["reports", 0],
      ],
      [],
      {},
    ]);
  });

  it("somebody who has opted out gets the confirmation, and no answer after it", async () => {
    const journey = await startJourney({ env: REPLIES });
    for (const text of ["STOP", "But why?", "Anybody?"]) await inbound(journey, typed(text));
    await campaign(journey, "m-1", "447700900999");
    expect(autoReplies(journey)).toEqual([{ to: RECIPIENT, text: "You have opted out, canary" }]);
  });
});

describe("hidden numbers", () => {
  const hidden = (sender: object, contextUuid?: string) => ({
    ...typed("STOP", { from: USER, to: WABA_NUMBER, ...(contextUuid ? { contextUuid } : {}) }),
    whatsapp: { sender },
  });

  it.each([
    ["Vonage tells the number", { user_id: USER, wa_id: RECIPIENT }, false, false],
    ["the quoted message tells it", { user_id: USER }, true, false],
    ["a status told it before", { user_id: USER }, false, true],
  ])("%s: the number is suppressed", async (_, sender, quotes, hadStatus) => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    const message = await campaign(journey, "m-1");
    if (hadStatus) await journey.status(message, "delivered");
    expect(await inbound(journey, hidden(sender, quotes ? message.uuid : undefined))).toEqual({
      ...{ status: 200, body: { status: "opt_out" } },
    });
    await suppressed(journey, "m-2");
    await suppressed(journey, "m-3", USER);
    await until("the confirmation is sent", () => autoReplies(journey).length === 1);
    expect([told(journey), profiles(journey), autoReplies(journey)]).toEqual([
      [{ from: RECIPIENT, context: { msg_id: "m-1" }, said: "STOP" }],
      [{ moe_mobile: RECIPIENT, moe_wa_subscription: false }],
      [{ to: USER, text: "You have opted out, canary" }],
    ]);
  });

  it("nothing tells it: the id is suppressed, and the number from the moment it is known", async () => {
    const journey = await startJourney({ dataApi: true });
    await inbound(journey, hidden({ user_id: USER }));
    expect([stored(journey), told(journey), profiles(journey)]).toEqual([
      { [USER]: "stop" },
      [{ from: USER, context: {}, said: "STOP" }],
      [],
    ]);
    await suppressed(journey, "m-1", USER);
    const message = await campaign(journey, "m-2");
    await journey.status(message, "delivered");
    await suppressed(journey, "m-3");
  });
});

describe("webhooks that come twice, and forged ones", () => {
  it("two copies at the same moment, and one later, act once", async () => {
    const journey = await startJourney({ env: REPLIES, dataApi: true });
    const body = typed("STOP");
    const answers = await Promise.all([inbound(journey, body), inbound(journey, body)]);
    answers.push(await inbound(journey, body));
    await until("the confirmation is sent", () => autoReplies(journey).length > 0);
    expect([
      answers.map(({ status }) => status),
      told(journey).length,
      profiles(journey).length,
      accepted(journey),
    ]).toEqual([
      [200, 200, 200],
      1,
      1,
      [
        ["whatsapp", 1],
        ["sms", 0],
        ["reports", 0],
      ],
    ]);
  });

  it("a second STOP of the same person is told again", async () => {
    const journey = await startJourney();
    await inbound(journey, typed("STOP"));
    await inbound(journey, typed("STOP"));
    expect(told(journey).length).toBe(2);
  });

  it("is guarded as the status webhook is", async () => {
    const journey = await startJourney({ env: REPLIES });
    const body = typed("STOP");
    const at = "/webhooks/inbound";
    const answers = [
      await journey.webhook(at, body, { headers: () => ({}) }),
      await journey.webhook(at, body, { signatureSecret: "another" }),
      await journey.webhook(at, body, { altered: typed("STOP") }),
      await journey.webhook(at, body, { claims: { api_key: "ffffffff" } }),
      await journey.webhook(at, { ...body, from: undefined }),
    ];
    expect([answers.map(({ status }) => status), stored(journey), told(journey), journey.sends()]).toEqual([
      [503, 503, 401, 503, 400],
      {},
      [],
      [],
    ]);
  });
});

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
      [
        ["whatsapp", 1],
        ["sms", 0],
        ["reports", 1],
      ],
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
    expect([autoReplies(journey).length, accepted(journey)]).toEqual([
      1,
      [
        ["whatsapp", 2],
        ["sms", 0],
        ["reports", 0],
      ],
    ]);
  });
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
