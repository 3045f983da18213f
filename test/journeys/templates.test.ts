import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { TEMPLATE_NAMES, whatsappSend } from "../../src/sandbox/moengage/index.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { sandboxWaba } from "../../src/sandbox/vonage/index.ts";
import { RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import {
  AUTH,
  credentials,
  endJourneys,
  type Journey,
  type JourneyOptions,
  startJourney,
  until,
} from "../support/journey.ts";

const OTHER_NUMBER = "14155550199";

afterEach(endJourneys);

/** The journey with its number in the fake's account. */
async function begin(options: JourneyOptions = {}): Promise<Journey> {
  const journey = await startJourney(options);
  journey.vonage.wabas[0]!.numbers = [WABA_NUMBER];
  return journey;
}

async function sync(journey: Journey, init: RequestInit = {}, path = "/sync_templates", url = journey.url) {
  const answer = await fetch(`${url}${path}`, { headers: AUTH, ...init });
  return { status: answer.status, text: await answer.text() };
}

/** What one send has made the connector fetch, another may make it fetch again after this. */
const BETWEEN_FETCHES_MS = 1_000;

let sequence = 0;
const send = (name: string, components?: object[], more: object = {}) => ({
  msg_id: `template-journey-${++sequence}`,
  from: WABA_NUMBER,
  to: RECIPIENT,
  template: { name, language: { code: "en" }, ...(components ? { components } : {}) },
  ...more,
});
const body = (...texts: string[]) => ({
  type: "body",
  parameters: texts.map((text) => ({ type: "text", text })),
});
const SUCCESS = { status: 200, body: { status: "success" } };
const failure = (message: string) => ({
  status: 200,
  body: { status: "failure", error: { code: "7001", message } },
});
const TOO_FEW = "body of greeting (en) has 2 parameters, the send has 1";

describe("Sync Template", () => {
  it("brings every approved template from all pages, by GET and by POST, in the same bytes each time", async () => {
    const journey = await begin();
    const first = await sync(journey);
    const again = await sync(journey, { method: "POST" });
    const basic = Buffer.from(`${credentials.accountId}:${credentials.accountSecret}`).toString("base64");
    const third = await sync(journey, { headers: { authorization: `Basic ${basic}` } });
    const list = JSON.parse(first.text);
    expect({ status: first.status, count: list.data.length }).toEqual({ status: 200, count: 26 });
    expect(new Set(list.data.map(({ status }: { status: string }) => status))).toEqual(new Set(["APPROVED"]));
    expect([again, third]).toEqual([first, first]);
    const paths = journey.vonage.managementCalls.map((call) => call.split("?")[0]);
    const waba = journey.vonage.wabas[0]!.id;
    expect(paths).toEqual([
      "/v1/channel-manager/whatsapp/wabas",
      `/v1/channel-manager/whatsapp/wabas/${waba}/numbers`,
      ...Array.from({ length: 9 }, () => `/v2/whatsapp-manager/wabas/${waba}/templates`),
    ]);
  });

  it("asks nobody for the account that WABA_ID names, and keeps to the query", async () => {
    const journey = await begin({ env: { WABA_ID: "104996122399160" } });
    const { text } = await sync(journey, {}, "/sync_templates?name=header&limit=1");
    const { data, paging } = JSON.parse(text);
    expect(data.map(({ name }: { name: string }) => name)).toEqual(["header_document"]);
    const next = await sync(journey, {}, new URL(paging.next).pathname + new URL(paging.next).search);
    expect(JSON.parse(next.text).data.map(({ name }: { name: string }) => name)).toEqual(["header_fixed"]);
    expect(journey.callsTo("vonage", /channel-manager/)).toEqual([]);
  });

  it("fetches once for all who click at the same time", async () => {
    const journey = await begin({ env: { WABA_ID: "104996122399160" } });
    journey.vonage.setFault("templates", { delayMs: 30 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => sync(journey)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(journey.vonage.managementCalls.length).toBe(3);
  });

  it("waits out a short outage", async () => {
    const journey = await begin();
    journey.vonage.setFault("templates", { down: true });
    const answer = sync(journey);
    await until("the list was refused once", () => journey.callsTo("vonage", /templates$/).length > 0);
    journey.vonage.setFault("templates", null);
    expect(JSON.parse((await answer).text).data.length).toBe(26);
  });

  it.each([
    [
      "templates",
      { status: 403 },
      502,
      /^Vonage refuses to tell the templates of WABA \d+ \(HTTP 403\): check /,
    ],
    ["templates", { lie: true }, 502, /^Vonage's answer about the templates of WABA \d+ is not understood$/],
    [
      "wabas",
      { status: 401 },
      502,
      /^Vonage refuses to tell which WhatsApp Business Accounts this API key has/,
    ],
  ] as const)("says in words why there is no list: %s %j", async (route, fault, status, words) => {
    const journey = await begin();
    journey.vonage.setFault(route, fault);
    const answer = await sync(journey);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ message: expect.stringMatching(words) });
  });

  it("gives no part of the list when a later page fails", async () => {
    const journey = await begin({ env: { WABA_ID: "104996122399160" } });
    journey.vonage.setFault("templates", { delayMs: 50 });
    const answer = sync(journey);
    await until("the first page was asked for", () => journey.vonage.managementCalls.length === 1);
    await until("the first page was given", () => journey.callsTo("vonage", /templates$/)[0]?.status === 200);
    journey.vonage.setFault("templates", { status: 404 });
    await journey.skip(BETWEEN_FETCHES_MS);
    expect((await answer).status).toBe(502);
  });

  it("is answered when the connector stops meanwhile", async () => {
    const journey = await begin({ env: { WABA_ID: "104996122399160" } });
    const replica = await journey.replica();
    journey.vonage.setFault("templates", { down: true });
    const answer = sync(journey, {}, "/sync_templates", replica.url);
    await until("the list was refused", () =>
      journey.callsTo("vonage", /templates$/).some(({ status }) => status === 503),
    );
    await replica.stop();
    expect((await answer).status).toBe(503);
  });
});

describe("The sandbox's MoEngage", () => {
  it("fails a run in which a synced template changed, and no other", async () => {
    const journey = await begin({ allow: ["template suspended"] });
    const { moengage, vonage } = journey;
    expect(await moengage.syncTemplates()).toEqual({ status: 200, templates: 26 });
    expect(await moengage.syncTemplates()).toEqual({ status: 200, templates: 26 });
    expect(moengage.records().violations).toEqual([]);
    const greeting = vonage.wabas[0]!.templates.find(({ name }) => name === "greeting")!;
    greeting.components = [{ type: "BODY", text: "Good day {{1}}, your booking is {{2}}." }];
    await moengage.syncTemplates();
    expect(moengage.records().violations).toEqual([
      { rule: "template suspended", detail: "greeting en changed between two syncs" },
    ]);
  });
});

describe("A send that cannot fit its template", () => {
  it("is refused in words before it costs anything, once the templates are synced", async () => {
    const journey = await begin();
    expect(await journey.send(send("greeting", [body("a")]))).toEqual(SUCCESS);
    await until("it is sent", () => journey.vonage.messages.length === 1);
    await sync(journey);
    expect(await journey.send(send("greeting", [body("a")]))).toEqual(failure(TOO_FEW));
    expect(await journey.send(send("carousel", [body("a")]))).toEqual(
      failure("carousel (en) has 3 cards, the send has 0"),
    );
    expect(await journey.send(send("greeting", [body("a", "b")]))).toEqual(SUCCESS);
    await until("it is sent", () => journey.vonage.messages.length === 2);
  });

  it("passes with PREFLIGHT=off", async () => {
    const journey = await begin({ env: { PREFLIGHT: "off" } });
    await sync(journey);
    expect(await journey.send(send("greeting", [body("a")]))).toEqual(SUCCESS);
  });

  it("is refused by a replica that never synced itself", async () => {
    const journey = await begin();
    await sync(journey);
    const replica = await journey.replica();
    const post = () => journey.post("/webhooks/send", send("greeting", [body("a")]), AUTH, replica.url);
    let answer = await post();
    for (
      let tries = 0;
      tries < 100 && answer.body && (answer.body as { status: string }).status === "success";
      tries++
    ) {
      await sleep(5);
      answer = await post();
    }
    expect(answer).toEqual(failure(TOO_FEW));
  });

  it("is judged by the account of its own number", async () => {
    const journey = await begin({ env: { WHATSAPP_NUMBER: `${WABA_NUMBER},${OTHER_NUMBER}` } });
    const other = { ...sandboxWaba(OTHER_NUMBER), id: "2" };
    other.templates = other.templates.filter(({ name }) => name === "plain_notice");
    journey.vonage.wabas.push(other);
    await sync(journey);
    await journey.skip(BETWEEN_FETCHES_MS);
    const greeting = [body("a", "b")];
    expect(await journey.send(send("greeting", greeting))).toEqual(SUCCESS);
    expect(await journey.send(send("greeting", greeting, { from: OTHER_NUMBER }))).toEqual(
      failure("the WhatsApp account has no template greeting"),
    );
  });

  it("passes when its template was approved a moment ago", async () => {
    const journey = await begin();
    await sync(journey);
    await journey.skip(BETWEEN_FETCHES_MS);
    const paused = journey.vonage.wabas[0]!.templates.find(({ name }) => name === "paused_offer")!;
    expect(await journey.send(send("paused_offer", [body("a")]))).toEqual(
      failure("paused_offer (en) is not approved: its status is PAUSED"),
    );
    paused.status = "APPROVED";
    await journey.skip(BETWEEN_FETCHES_MS);
    expect(await journey.send(send("paused_offer", [body("a")]))).toEqual(SUCCESS);
  });

  it("passes when Vonage does not tell whether its template exists by now", async () => {
    const journey = await begin();
    await sync(journey);
    journey.vonage.setFault("templates", { status: 404 });
    expect(await journey.send(send("brand_new", [body("a")]))).toEqual(SUCCESS);
  });
});

describe("The campaign of the sandbox", () => {
  it("fits the templates of the sandbox, each kind in each of its languages", async () => {
    const journey = await begin();
    await sync(journey);
    const random = createRandom(5);
    const sends = TEMPLATE_NAMES.flatMap((template) =>
      Array.from({ length: 6 }, () => whatsappSend(random, { from: WABA_NUMBER, to: RECIPIENT, template })),
    );
    const answers = await Promise.all(sends.map((message) => journey.send(message)));
    expect(answers.filter(({ body: answer }) => (answer as { status: string }).status !== "success")).toEqual(
      [],
    );
    expect(journey.vonage.managementCalls.length).toBe(5);
  });
});

describe("A send that Vonage refused with 1022", () => {
  const description = `Invalid template or template parameters: ${TOO_FEW}`;

  it("is explained in the log and in the report when a status tells it", async () => {
    const journey = await begin({ env: { PREFLIGHT: "off" } });
    await sync(journey);
    const message = send("greeting", [body("a")]);
    await journey.send(message);
    await until("it is sent", () => journey.vonage.messages.length === 1);
    await journey.status(journey.vonage.messages[0]!, "rejected", {
      error: {
        type: "https://developer.vonage.com/api-errors/messages#1022",
        title: 1022,
        detail: "Invalid template or template parameters",
      },
    });
    expect(journey.reports()).toEqual([
      {
        statuses: [
          {
            msg_id: message.msg_id,
            status: "failed",
            timestamp: expect.any(String),
            error: { code: "1022", description },
          },
        ],
      },
    ]);
    expect(journey.linesOf(message.msg_id)).toContain(`Template refused by Vonage: ${TOO_FEW}`);
  });

  it("is explained when the answer to the send tells it", async () => {
    const journey = await begin({ env: { PREFLIGHT: "off" } });
    await sync(journey);
    journey.vonage.behave({ answer: { do: "problem", status: 422, anchor: "messages#1022" } });
    const message = send("greeting", [body("a")]);
    await journey.send(message);
    await until("it is reported", () => journey.reports().length === 1);
    expect(journey.reports()).toEqual([
      {
        statuses: [
          expect.objectContaining({
            msg_id: message.msg_id,
            error: {
              code: "1022",
              description: expect.stringMatching(new RegExp(`: ${TOO_FEW.replace(/[()]/g, "\\$&")}$`)),
            },
          }),
        ],
      },
    ]);
  });

  it("is reported as Vonage words it when the send fits", async () => {
    const journey = await begin();
    await sync(journey);
    await journey.send(send("greeting", [body("a", "b")]));
    await until("it is sent", () => journey.vonage.messages.length === 1);
    await journey.status(journey.vonage.messages[0]!, "rejected", {
      error: {
        type: "https://developer.vonage.com/api-errors/messages#1022",
        title: 1022,
        detail: "Invalid template",
      },
    });
    expect(journey.reports()).toEqual([
      { statuses: [expect.objectContaining({ error: { code: "1022", description: "Invalid template" } })] },
    ]);
  });
});
