import { afterEach, describe, expect, it } from "@jest/globals";
import { type ConnectedSource, startConnectedSource } from "../../src/sandbox/moengage/connected-source.ts";
import { whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { buildWhatsAppSend, MSG_ID, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { endJourneys, type Journey, startJourney, until } from "../support/journey.ts";

const WORKSPACE = "WORKSPACE";
const KEY = "journey-data-key";
const GATHERING_MS = 2_000;
let source: ConnectedSource;

afterEach(async () => {
  await endJourneys();
  await source.stop();
  expect(source.violations).toEqual([]);
});

async function startWithSource(key = KEY): Promise<Journey> {
  source = await startConnectedSource({ workspaceId: WORKSPACE, dataApiKey: KEY });
  return startJourney({
    env: {
      MOENGAGE_CONNECTED_SOURCE_URL: source.sourceUrl,
      MOENGAGE_WORKSPACE_ID: WORKSPACE,
      MOENGAGE_DATA_API_KEY: key,
    },
  });
}

const party = { from: RECIPIENT, to: WABA_NUMBER };
const say = (journey: Journey, text: string) =>
  journey.webhook("/webhooks/inbound", whatsappInbound("text", party, { text }));

async function sendOne(journey: Journey) {
  await journey.send(buildWhatsAppSend());
  await until("Vonage has it", () => journey.vonage.messages.length === 1);
  return journey.vonage.messages[0]!;
}

describe("Connected Sources", () => {
  it("gets replies, taps, opt-outs, opt-ins and final failures", async () => {
    const journey = await startWithSource();
    const message = await sendOne(journey);

    await say(journey, "where is my order, canary?");
    const button = { payload: "yes-canary", text: "Yes, canary" };
    const tap = whatsappInbound("button", { ...party, contextUuid: message.uuid }, { button });
    await journey.webhook("/webhooks/inbound", tap);
    await say(journey, "STOP");
    await say(journey, "START");
    await journey.status(message, "rejected", { error: { title: "1300", detail: "Not on WhatsApp" } });

    await journey.skip(GATHERING_MS);
    await until("all events are there", () => source.events.length === 5);
    const common = { customer_id: RECIPIENT, channel: "whatsapp" };
    const from = { ...common, sender: WABA_NUMBER, error_code: "", error_reason: "" };
    const uuid = expect.any(String);
    const user_time = expect.any(Number);
    expect(source.events).toEqual([
      {
        ...from,
        event_name: "Vonage Reply Received",
        event_id: uuid,
        user_time,
        message_id: "",
        text: "where is my order, canary?",
        button_payload: "",
      },
      {
        ...from,
        event_name: "Vonage Button Tapped",
        event_id: uuid,
        user_time,
        message_id: MSG_ID,
        text: "Yes, canary",
        button_payload: "yes-canary",
      },
      {
        ...from,
        event_name: "Vonage Opted Out",
        event_id: uuid,
        user_time,
        message_id: "",
        text: "STOP",
        button_payload: "",
      },
      {
        ...from,
        event_name: "Vonage Opted In",
        event_id: uuid,
        user_time,
        message_id: "",
        text: "START",
        button_payload: "",
      },
      {
        ...common,
        event_name: "Vonage Message Failed",
        event_id: MSG_ID,
        user_time,
        sender: "",
        message_id: MSG_ID,
        text: "",
        button_payload: "",
        error_code: "1300",
        error_reason: "Not on WhatsApp",
      },
    ]);
  });

  it("hears of nothing twice when Vonage repeats itself", async () => {
    const journey = await startWithSource();
    const message = await sendOne(journey);
    const stop = whatsappInbound("text", party, { text: "STOP" });
    const error = { title: "1300", detail: "Not on WhatsApp" };

    for (let n = 0; n < 3; n++) {
      await journey.webhook("/webhooks/inbound", stop);
      await journey.status(message, "rejected", { error });
    }
    await say(journey, "the last");
    await journey.skip(GATHERING_MS);
    await until("the last is there", () => source.events.some(({ text }) => text === "the last"));

    expect(source.events.map(({ event_name }) => event_name)).toEqual([
      "Vonage Opted Out",
      "Vonage Message Failed",
      "Vonage Reply Received",
    ]);
  });

  it.each([
    ["is away", { down: true }, KEY],
    ["never answers", { hang: true }, KEY],
    ["refuses the key", null, "wrong-key"],
  ])("delays and fails nothing when it %s", async (_, fault, key) => {
    const journey = await startWithSource(key);
    source.setFault(fault);
    const message = await sendOne(journey);

    const started = Date.now();
    expect(await say(journey, "STOP")).toMatchObject({ status: 200 });
    expect(await journey.status(message, "rejected", { error: { title: "1300" } })).toEqual([200]);

    expect(Date.now() - started).toBeLessThan(4_000);
    expect(journey.moengage.inbound).toHaveLength(1);
    expect(journey.reports()).toHaveLength(2);
    expect(source.events).toEqual([]);
  });
});
