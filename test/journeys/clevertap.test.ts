import { afterEach, describe, expect, it } from "@jest/globals";
import type { FailuresAnswer, ResultsAnswer } from "../../src/core/insight.ts";
import { type CleverTap, chatSend, templateSend } from "../../src/sandbox/clevertap/index.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { smsInbound, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { buildWhatsAppSend, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import {
  AUTH,
  credentials,
  endJourneys,
  type Journey,
  type JourneyOptions,
  startJourney,
  until,
} from "../support/journey.ts";

afterEach(endJourneys);

const SENDER = "14155550101";

async function begin(options: JourneyOptions = {}): Promise<{ journey: Journey; clevertap: CleverTap }> {
  const env = { SMS_SENDER_ID: SENDER, ...options.env };
  const journey = await startJourney({ ...options, env, platforms: ["clevertap"] });
  journey.vonage.wabas[0]!.numbers = [WABA_NUMBER];
  return { journey, clevertap: journey.platforms.clevertap! };
}

const ID = "25596363|1639561857|20220227|25596363";
const SMS_ID = `${RECIPIENT}.1200000000.1654002362.20220531.0.wzrk_default.-1.`;
const random = createRandom(1);
const template = (name: string, msgId = ID, to = RECIPIENT) =>
  templateSend(random, { from: WABA_NUMBER, to, msgId, template: name }).message;
const sms = (id = SMS_ID, to = `+${RECIPIENT}`) => ({ id, to, text: "Your order is ready, canary" });

const answerOf = (outcome: { status?: number; body: string }) => ({
  status: outcome.status,
  body: JSON.parse(outcome.body),
});
const SUCCESS = { status: 200, body: { status: "success" } };
const isSent = (journey: Journey, count = 1) =>
  until("Vonage has it", () => journey.vonage.messages.length === count);

describe("a WhatsApp message from CleverTap to the person and back", () => {
  it("is sent, and each status told in CleverTap's words under its id, without a call of State for it", async () => {
    const { journey, clevertap } = await begin();
    expect(answerOf((await clevertap.send(template("plain_notice"))).outcome)).toEqual(SUCCESS);
    await isSent(journey);
    const [message] = journey.vonage.messages;
    expect(journey.sends()).toEqual([
      {
        ...{ channel: "whatsapp", message_type: "custom", to: RECIPIENT, from: WABA_NUMBER },
        client_ref: "1ecw.25596363_7c1639561857_7c20220227_7c25596363",
        custom: {
          type: "template",
          template: { name: "plain_notice", language: { code: "en", policy: "deterministic" } },
        },
      },
    ]);
    for (const status of ["submitted", "delivered", "delivered", "read"] as const)
      expect(await journey.status(message!, status)).toEqual([200]);
    const told = clevertap.statuses.flatMap(({ statuses }) =>
      statuses.map(({ msgId, status }) => [msgId, status]),
    );
    expect(told).toEqual([
      [ID, "sent"],
      [ID, "delivered"],
      [ID, "read"],
    ]);
    expect(journey.reports()).toEqual([]);
    expect(journey.callsTo("vcr", /./).filter(({ text }) => text?.includes('"ref:'))).toEqual([]);
  });

  it("is told failed with CleverTap's code and Vonage's words, several in one call", async () => {
    const { journey, clevertap } = await begin();
    const ids = Array.from({ length: 40 }, (_, n) => `${n}|2|3|4`);
    await Promise.all(ids.map((id) => clevertap.send(template("plain_notice", id))));
    await isSent(journey, ids.length);
    const error = { title: "1340", detail: "Outside the allowed window" };
    await Promise.all(
      journey.vonage.messages.map((message) => journey.status(message, "rejected", { error })),
    );
    const told = clevertap.statuses.flatMap(({ statuses }) => statuses);
    expect(told.map(({ msgId }) => msgId).toSorted()).toEqual(ids.toSorted());
    expect(new Set(told.map((one) => JSON.stringify("error" in one && one.error)))).toEqual(
      new Set([JSON.stringify({ code: 1008, title: "1340, Outside the allowed window" })]),
    );
    expect(clevertap.statuses.length).toBeLessThan(ids.length);
  });

  it.each([
    ["wrong credentials", { authorization: "Basic eDp5" }, { code: 2000, message: "Invalid credentials" }],
    [
      "a number of nobody's",
      {},
      {
        code: 2002,
        message:
          "to ****0123 cannot be a phone number: leave out the zero in front and begin with the country code",
      },
    ],
  ])("is answered in CleverTap's codes with %s", async (_, headers, error) => {
    const { journey, clevertap } = await begin();
    const body = { ...template("plain_notice"), to: "00000123" };
    expect(answerOf(await clevertap.post("whatsapp", body, headers))).toEqual({
      status: 200,
      body: { status: "failure", error },
    });
    expect(journey.sends()).toEqual([]);
  });

  it("is turned away with 429 when more waits than can be sent in time, and a chat is not", async () => {
    const { journey, clevertap } = await begin({
      env: { DISPATCH_RATE_PER_SECOND: "1", MESSAGE_TTL_SECONDS: "60" },
    });
    const isTurnedAway = async (id: string) =>
      (await clevertap.send(template("plain_notice", id))).outcome.status === 429;
    let turnedAway = 0;
    // What waits is counted now and then; on a slow machine some of it has gone by then.
    for (let wave = 0; wave < 10 && turnedAway <= 10; wave++) {
      const sends = Array.from({ length: 80 }, (_, n) => isTurnedAway(`${wave}-${n}|1`));
      turnedAway += (await Promise.all(sends)).filter(Boolean).length;
    }
    expect(turnedAway).toBeGreaterThan(10);
    const chat = chatSend(WABA_NUMBER, RECIPIENT, "chat|1", "We open at nine, canary");
    expect(answerOf((await clevertap.send(chat)).outcome)).toEqual(SUCCESS);
    await until("the chat has its answer", () =>
      journey.vonage.messages.some(({ request }) => "text" in request && request.text.startsWith("We open")),
    );
    expect(journey.vonage.messages.length).toBeLessThan(40);
  });
});

describe("what CleverTap tries when somebody saves it", () => {
  /** Saves once more, as somebody does who is told to, while a slow machine has not read the list in time. */
  async function saveUntil<T>(journey: Journey, isRight: (answer: T) => boolean, save: () => Promise<T>) {
    for (let tries = 1; ; tries++) {
      const answer = await save();
      if (isRight(answer) || tries === 5) return answer;
      await journey.skip(2_000);
    }
  }
  const greeting = {
    saved: false,
    body: { status: "failure", error: { code: 2001, message: expect.any(String) } },
  };

  it("is taken for a new provider, in both of its forms, and sent to nobody", async () => {
    const { journey, clevertap } = await begin();
    expect(await clevertap.saveProvider()).toBe(true);
    expect([journey.sends(), journey.callsTo("vcr", /enqueue/)]).toEqual([[], []]);
  });

  it("is a template that fits, and another that does not: each difference is told", async () => {
    const { journey, clevertap } = await begin();
    expect(await clevertap.saveTemplate("greeting")).toEqual({ saved: true, body: { status: "success" } });
    await journey.skip(1_000);
    expect(await clevertap.saveTemplate("greeting", "de")).toEqual({
      ...greeting,
      body: {
        status: "failure",
        error: { code: 2001, message: "greeting does not exist in de, only in en and pt_BR" },
      },
    });
    const noPicture = { ...template("header_image", "0|0|0|0"), components: [] };
    expect(answerOf(await clevertap.post("whatsapp", noPicture))).toEqual({
      status: 200,
      body: {
        status: "failure",
        error: {
          code: 2001,
          message: expect.stringContaining(
            "header of header_image (en) needs an image, the send has none; body of header_image (en) has 1 parameter, the send has 0",
          ),
        },
      },
    });
    expect([journey.sends(), journey.callsTo("vcr", /enqueue/)]).toEqual([[], []]);
    expect(clevertap.statuses).toEqual([]);
  });

  it("is compared with the live list: a template that was mended a moment ago is saved", async () => {
    const { journey, clevertap } = await begin();
    const { templates } = journey.vonage.wabas[0]!;
    const [mended] = templates.splice(
      templates.findIndex(({ name }) => name === "greeting"),
      1,
    );
    const saved = (isSaved: boolean) =>
      saveUntil(
        journey,
        (answer) => answer.saved === isSaved,
        () => clevertap.saveTemplate("greeting"),
      );
    expect(await saved(false)).toMatchObject(greeting);
    templates.push(mended!);
    await journey.skip(1_000);
    expect(await saved(true)).toMatchObject({ saved: true });
  });

  it.each([
    ["a trial", "0|0|0|0", []],
    ["a send", "7|8|9|7", [{ type: "header", parameters: [{ type: "text", text: "Ana" }] }]],
  ])("is read by what the live list knows of a template that is new: %s", async (_, msgId, sent) => {
    const { journey, clevertap } = await begin();
    // The list is there, and does not have it.
    await clevertap.saveTemplate("plain_notice");
    await journey.skip(1_000);
    const { templates } = journey.vonage.wabas[0]!;
    const components = [{ type: "HEADER", format: "TEXT", text: "Hello {{1}}!" }];
    templates.push({ ...templates.find(({ name }) => name === "greeting")!, name: "newest", components });
    const header = { type: "header", header: { type: "text", text: { text: "Hello Ana!" } } };
    const send = { ...template("newest", msgId), components: [header] };
    const success = { status: 200, body: { status: "success" } };
    const save = async () => answerOf(await clevertap.post("whatsapp", send));
    const isSaved = ({ body }: { body: unknown }) => JSON.stringify(body) === JSON.stringify(success.body);
    expect(await saveUntil(journey, isSaved, save)).toEqual(success);
    if (sent.length > 0) await until("it is sent", () => journey.vonage.messages.length > 0);
    expect(
      journey.vonage.messages.map(({ request }) =>
        request.message_type === "custom" ? request.custom["template"] : undefined,
      ),
    ).toMatchObject(sent.map((part) => ({ name: "newest", components: [part] })));
  });
});

describe("what a person answers on WhatsApp", () => {
  const party = { from: RECIPIENT, to: WABA_NUMBER };

  it("is heard with the message that it answers, a tap as text, and STOP written into the profile", async () => {
    const { journey, clevertap } = await begin();
    await clevertap.send(template("quick_replies"));
    await isSent(journey);
    const contextUuid = journey.vonage.messages[0]!.uuid;
    const say = (body: object) => journey.webhook("/webhooks/inbound", body);
    await say(whatsappInbound("text", party, { text: "When do you open, canary?" }));
    await say(
      whatsappInbound(
        "button",
        { ...party, contextUuid },
        { button: { payload: "p-canary", text: "Yes canary" } },
      ),
    );
    await say(whatsappInbound("image", party));
    await say(whatsappInbound("location", party));
    await say(whatsappInbound("reaction", party));
    await say(whatsappInbound("text", party, { text: "stop!" }));

    const context = { id: ID };
    expect(clevertap.inbound).toEqual([
      expect.objectContaining({ context, type: "text", text: { body: "When do you open, canary?" } }),
      expect.objectContaining({ context, type: "text", text: { body: "Yes canary" } }),
      expect.objectContaining({ context, type: "image" }),
      expect.objectContaining({ context, type: "location" }),
      expect.objectContaining({ context, type: "text", text: { body: "STOP" } }),
    ]);
    expect(clevertap.profiles).toEqual([
      { d: [{ identity: RECIPIENT, type: "profile", profileData: { "MSG-whatsapp": false } }] },
    ]);

    await clevertap.send(template("plain_notice", "after|stop"));
    await until("it is reported", () => clevertap.statuses.length === 1);
    expect(clevertap.statuses[0]?.statuses).toEqual([
      expect.objectContaining({
        msgId: "after|stop",
        error: { code: 1006, title: expect.stringContaining("opted_out") },
      }),
    ]);
    expect(journey.vonage.messages).toHaveLength(1);
  });

  it("is for each platform its own, and STOP for all", async () => {
    const { journey, clevertap } = await begin({ dataApi: true });
    await clevertap.send(template("plain_notice"));
    await isSent(journey);
    await journey.send(buildWhatsAppSend({ template: { name: "plain_notice", language: { code: "en" } } }));
    await isSent(journey, 2);
    await journey.webhook("/webhooks/inbound", whatsappInbound("text", party, { text: "Hello, canary" }));
    expect(clevertap.inbound).toEqual([]);
    await journey.webhook("/webhooks/inbound", whatsappInbound("text", party, { text: "STOP" }));
    expect(clevertap.inbound).toMatchObject([{ type: "text", text: { body: "STOP" } }]);
    expect(clevertap.inbound[0]).not.toHaveProperty("context");
    expect(journey.moengage.inbound).toHaveLength(1);
    const moengages = journey.vonage.messages.find(({ request }) => request.client_ref?.startsWith("1vmw."));
    await journey.status(moengages!, "delivered");
    expect([clevertap.statuses, journey.moengage.messages.size]).toEqual([[], 1]);
  });
});

it("templates are imported page by page, as Meta lists them, in the same bytes as MoEngage's", async () => {
  const { journey, clevertap } = await begin();
  const first = await clevertap.importTemplates("?limit=20");
  const { data, paging } = first.body as {
    data: { status: string }[];
    paging: { next: string; cursors: { after: string } };
  };
  expect([first.status, data.length]).toEqual([200, 20]);
  expect(new URL(paging.next).pathname).toBe("/clevertap/templates");
  const second = await clevertap.importTemplates(`?limit=20&after=${paging.cursors.after}`);
  const rest = second.body as { data: object[]; paging: object };
  expect(rest.paging).not.toHaveProperty("next");
  expect(await clevertap.importTemplates("?limit=20")).toEqual(first);
  const moengages = await fetch(`${journey.url}/sync_templates`, { headers: AUTH });
  expect(JSON.stringify([...data, ...rest.data])).toBe(
    JSON.stringify(((await moengages.json()) as { data: object[] }).data),
  );
  expect(await clevertap.importTemplates("?limit=x")).toMatchObject({ status: 400 });
});

describe("SMS from CleverTap", () => {
  it("is sent with its registered template, and told when it is delivered, its number in no log line", async () => {
    const { journey, clevertap } = await begin();
    const body = { ...sms(), templateId: "1107160016156755389", entityId: "1101" };
    expect(answerOf(await clevertap.sendSms([body]))).toEqual(SUCCESS);
    await isSent(journey);
    expect(journey.sends()).toEqual([
      {
        ...{ channel: "sms", message_type: "text", to: RECIPIENT, from: SENDER, text: body.text },
        client_ref: `1vcs.${SMS_ID}`,
        sms: { content_id: "1107160016156755389", entity_id: "1101" },
      },
    ]);
    for (const status of ["submitted", "delivered"] as const)
      expect(await journey.status(journey.vonage.messages[0]!, status)).toEqual([200]);
    expect(clevertap.sms).toEqual([
      [
        {
          event: "delivered",
          data: [{ ts: expect.any(Number), meta: SMS_ID, description: "Delivered to handset" }],
        },
      ],
    ]);
    const shown = journey.lines.filter((line) => JSON.stringify(line).includes(RECIPIENT));
    expect(shown).toEqual([]);
    expect(journey.lines.some(({ msg_id }) => msg_id?.startsWith("…0123.1200000000."))).toBe(true);
  });

  it("that failed leads from Results and Failures to its story, in JSON and on the page, without its number", async () => {
    const { journey, clevertap } = await begin();
    await clevertap.sendSms([sms()]);
    await isSent(journey);
    const error = { title: "1340", detail: "No" };
    await journey.status(journey.vonage.messages[0]!, "rejected", { error });
    const { accountId, accountSecret } = credentials;
    const headers = {
      authorization: `Basic ${Buffer.from(`${accountId}:${accountSecret}`).toString("base64")}`,
    };
    const get = async (path: string) => (await fetch(`${journey.url}/console/${path}`, { headers })).text();
    const results: ResultsAnswer = JSON.parse(await get("api/results?since=1h"));
    const { failures }: FailuresAnswer = JSON.parse(await get("api/failures?since=1h"));
    const shown = `…${SMS_ID.slice(RECIPIENT.length - 4)}`;
    expect(results.rows.flatMap(({ reasons }) => reasons.flatMap(({ samples }) => samples))).toEqual([shown]);
    expect(failures.map(({ id }) => id)).toEqual([shown]);

    const found = { found: true, id: shown, platform: "clevertap", channel: "sms", state: "failed" };
    expect(JSON.parse(await get(`api/messages/${encodeURIComponent(shown)}`))).toMatchObject(found);
    for (const page of ["results?since=1h", "failures?since=1h"]) {
      const [, link] = (await get(page)).match(/href="\/console\/(message\?id=[^"]+)"/) ?? [];
      const story = await get(link ?? "no link");
      expect([story.includes(shown), story.includes("1340"), story.includes(RECIPIENT)]).toEqual([
        ...[true, true, false],
      ]);
    }
  });

  it("comes many in a call: what can never be sent is told in the answer and as failed", async () => {
    const { journey, clevertap } = await begin();
    const numbers = Array.from({ length: 300 }, (_, n) => `44770090${String(n).padStart(4, "0")}`);
    const many = numbers.map((to, n) => sms(`${to}.${n}.`, to));
    const wrong = sms("0.wrong.", "0123");
    expect(answerOf(await clevertap.sendSms([...many, wrong]))).toEqual({
      status: 200,
      body: {
        status: "accepted",
        accepted: 300,
        refused: [
          { index: 300, id: "0.wrong.", error: { code: "invalid_recipient", message: expect.any(String) } },
        ],
      },
    });
    await isSent(journey, 300);
    await until("it is told", () => clevertap.sms.length === 1);
    expect(clevertap.sms[0]).toMatchObject([{ event: "failed", data: [{ meta: "0.wrong.", code: "910" }] }]);
    const puts = journey.callsTo("vcr", /sms\/enqueue$/);
    expect(puts.length).toBeLessThan(60);
  });

  it("is refused in words when none of a call can be sent, and when the call is too large", async () => {
    const { journey, clevertap } = await begin();
    const none = answerOf(await clevertap.sendSms([sms("a", "1"), sms("b", "2")]));
    expect(none).toMatchObject({
      status: 400,
      body: {
        status: "failure",
        accepted: 0,
        refused: ["a", "b"].map((id) => ({ id, error: { code: "invalid_recipient" } })),
      },
    });
    const large = answerOf(
      await clevertap.post("sms", { messages: [{ ...sms(), text: "x".repeat(4_200_000) }] }),
    );
    expect(large).toMatchObject({ status: 413, body: { error: { code: "too_large" } } });
    expect(journey.sends()).toEqual([]);
  });

  it("hears what the person answers to the last of them, and STOP goes into the profile", async () => {
    const { journey, clevertap } = await begin();
    await clevertap.sendSms([sms("1.first.")]);
    await isSent(journey);
    await clevertap.sendSms([sms("1.second.")]);
    await isSent(journey, 2);
    const party = { from: RECIPIENT, to: SENDER };
    await journey.webhook("/webhooks/inbound", smsInbound(party, "Yes please, canary"));
    await journey.webhook("/webhooks/inbound", smsInbound(party, "Stop"));
    const said = clevertap.sms.flat().flatMap(({ event, data }) => (event === "replied" ? data : []));
    expect(said).toEqual([
      { ts: expect.any(Number), meta: "1.second.", toPhone: SENDER, incomingText: "Yes please, canary" },
      { ts: expect.any(Number), meta: "1.second.", toPhone: SENDER, incomingText: "STOP" },
    ]);
    expect(clevertap.profiles).toEqual([
      { d: [{ identity: RECIPIENT, type: "profile", profileData: { "MSG-sms": false } }] },
    ]);
  });

  it.each<[string, object]>([
    ["an answer that never comes", { hang: true }],
    ["a server error", { down: true }],
    ["a page in place of an answer", { lie: true }],
  ])("is told again after ten minutes, and not before, after %s", async (_, fault) => {
    const { journey, clevertap } = await begin({
      // Time that is skipped under a call on a slow machine is an answer that never comes.
      allow: ["repeated status"],
    });
    await clevertap.sendSms([sms()]);
    await isSent(journey);
    clevertap.setFault("sms", fault);
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(clevertap.calls.sms).toBe(1);
    clevertap.setFault("sms", null);
    for (let minute = 0; minute < 9; minute++) await journey.skip(60_000, /generic/);
    expect(clevertap.calls.sms).toBe(1);
    await until("it is told", () => {
      void journey.skip(10_000, /generic/).catch(() => undefined);
      return clevertap.sms.length >= 1;
    });
  });

  it("is told by Vonage again while CleverTap surely does not have it", async () => {
    const { journey, clevertap } = await begin({
      env: { CLEVERTAP_SMS_DELIVERY_URL: "http://127.0.0.1:1/sms" },
    });
    await clevertap.sendSms([sms()]);
    await isSent(journey);
    const record = journey.vonage.sendStatus(journey.vonage.messages[0]!, "delivered");
    await until("Vonage was told to come again", () => record.attempts.length > 0);
    expect(record.attempts[0]?.status).toBe(503);
    const outbox = Object.entries(journey.vcr.records().queues).find(([name]) => name.endsWith("-reports"));
    expect(outbox?.[1].accepted).toBe(0);
  });
});
