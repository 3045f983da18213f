import { afterEach, describe, expect, it } from "@jest/globals";
import { whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { endJourneys, startJourney, until } from "../support/journey.ts";
import {
  accepted,
  autoReplies,
  campaign,
  inbound,
  PARTY,
  profiles,
  REPLIES,
  stored,
  suppressed,
  tapped,
  told,
  typed,
  USER,
} from "./replies.ts";

afterEach(endJourneys);

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
      queues: { whatsapp: 2 },
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
    expect([accepted(journey), journey.callsTo("moengage", /./), stored(journey)]).toEqual([{}, [], {}]);
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
    ]).toEqual([[200, 200, 200], 1, 1, { chat: 1 }]);
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
