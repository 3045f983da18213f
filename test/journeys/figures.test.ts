import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { MessageStory, ResultsAnswer, StatusAnswer } from "../../src/core/insight.ts";
import { buildSmsSend, buildWhatsAppSend } from "../support/builders.ts";
import { credentials, endJourneys, type Journey, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

async function ask<T>(url: string, path: string): Promise<T> {
  const { accountId, accountSecret } = credentials;
  const authorization = `Basic ${Buffer.from(`${accountId}:${accountSecret}`).toString("base64")}`;
  return (await (await fetch(`${url}/console/api/${path}`, { headers: { authorization } })).json()) as T;
}

const figuresOf = ({ rows }: ResultsAnswer) =>
  rows.map(({ channel, accepted, refused, sent, delivered, read, failed, waiting, reasons }) => ({
    ...{ channel, accepted, refused, sent, delivered, read, failed, waiting },
    reasons: reasons.map(({ code, count, samples }) => [code, count, samples]),
  }));

const NOTHING = { accepted: 0, refused: 0, sent: 0, delivered: 0, read: 0, failed: 0, waiting: 0 };
const EXPECTED = [
  {
    ...{ ...NOTHING, channel: "whatsapp", accepted: 3, sent: 3, delivered: 2, read: 1, failed: 1 },
    reasons: [["1340", 1, ["m-3"]]],
  },
  { ...NOTHING, channel: "sms", accepted: 1, sent: 1, delivered: 1, reasons: [] },
  // Of what never became a message neither sender nor template are known.
  { ...NOTHING, channel: "whatsapp", refused: 1, reasons: [["invalid_recipient", 1, ["m-4"]]] },
];

/** Three templates and an SMS, of which one fails, and one that is refused. */
async function campaign(journey: Journey): Promise<void> {
  for (const id of ["m-1", "m-2", "m-3"]) await journey.send(buildWhatsAppSend({ msg_id: id }));
  await journey.send(buildWhatsAppSend({ msg_id: "m-4", to: "not a number" }));
  await journey.sendSms(buildSmsSend());
  await until("all are sent", () => journey.vonage.messages.length === 4);
  const whatsapp = journey.vonage.messages.filter(({ request }) => request.channel === "whatsapp");
  const [sms] = journey.vonage.messages.filter(({ request }) => request.channel === "sms");
  const byId = (id: string) => {
    const message = whatsapp.find(({ request }) => String(request["client_ref"]).endsWith(id));
    if (!message) throw new Error(`${id} was not sent`);
    return message;
  };
  const error = { title: 1340, detail: "No", type: "https://developer.vonage.com/api-errors/messages#1340" };
  await journey.status(byId("m-1"), "delivered");
  await journey.status(byId("m-1"), "read");
  await journey.status(byId("m-2"), "delivered");
  await journey.status(byId("m-3"), "rejected", { error });
  if (sms) await journey.status(sms, "delivered");
}

describe("figures and stories", () => {
  it("are the same whichever replica answers, and after a restart", async () => {
    const journey = await startJourney();
    const other = await journey.replica();
    await campaign(journey);
    const first = await ask<ResultsAnswer>(journey.url, "results?since=1h");
    expect(figuresOf(first)).toEqual(EXPECTED);
    const second = await ask<ResultsAnswer>(other.url, "results?since=1h");
    expect(figuresOf(second)).toEqual(EXPECTED);

    const story = await ask<MessageStory>(other.url, "messages/m-3");
    expect(story).toMatchObject({ found: true, state: "failed", channel: "whatsapp" });
    const uuid = (story as MessageStory & { found: true }).messageUuid ?? "";
    expect(await ask<MessageStory>(other.url, `messages/${uuid}`)).toEqual(story);

    await other.stop();
    const third = await journey.replica();
    expect(figuresOf(await ask<ResultsAnswer>(third.url, "results?since=1h"))).toEqual(EXPECTED);
    const { replicas } = await ask<StatusAnswer>(third.url, "status");
    expect(replicas).toHaveLength(2);
  });

  it("cost no call of State on a message's way, and a few for each flush", async () => {
    const journey = await startJourney();
    const callsFrom = (index: number) =>
      journey
        .callsTo("vcr", "/")
        .slice(index)
        .map(({ body }) => body as { operation: string; key: string })
        .map(({ operation, key }) => `${operation} ${key.split(":")[0]}`);
    const OWN = / (figures|failures|replicas|lock)$/;
    await campaign(journey);
    await ask(journey.url, "results?since=1h");
    const asked = callsFrom(0).length;
    await ask(journey.url, "results?since=1h");
    // Nothing has happened: the day's figures are read, and nothing is written.
    expect(callsFrom(asked).filter((call) => OWN.test(call))).toEqual(["HSCAN figures"]);

    const before = callsFrom(0).length;
    for (let n = 0; n < 20; n++) await journey.send(buildWhatsAppSend({ msg_id: `n-${n}` }));
    await until("all are sent", () => journey.vonage.messages.length === 24);
    const calls = callsFrom(before);
    // However many messages: one for every five seconds, and the machine may take its time.
    expect(calls.filter((call) => OWN.test(call)).length).toBeLessThanOrEqual(8);
    // The record of a message leaves with what its answers need.
    expect(calls.filter((call) => call === "HSET sent").length).toBeLessThanOrEqual(20);
  });

  it("answer within three seconds while State is away, and say so", async () => {
    const journey = await startJourney();
    await campaign(journey);
    journey.vcr.setFault("client-persistence-api", { status: 503 });
    const started = Date.now();
    const answers = await Promise.all([
      ask<{ message: string }>(journey.url, "results?since=1h"),
      ask<{ message: string }>(journey.url, "messages/m-1"),
      ask<StatusAnswer>(journey.url, "status"),
    ]);
    expect(Date.now() - started).toBeLessThan(20_000);
    expect(JSON.stringify(answers.slice(0, 2))).toContain("cannot be read now");
    expect(answers[2]).toMatchObject({ replicas: [{}], inDoubt: null });
    journey.vcr.setFault("client-persistence-api", null);
  });
});

describe("/_/metrics", () => {
  const scrape = async (url: string) => {
    const answer = await fetch(`${url}/_/metrics`, { headers: { authorization: "Bearer long-enough" } });
    return (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  };
  const samplesOf = (lines: string[], name: string, ...labels: string[]) =>
    lines
      .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
      .map((line) => Number(line.split(" ").at(-1)));

  it("asks for its token, and any replica serves the figures of all", async () => {
    const journey = await startJourney({ env: { METRICS_TOKEN: "long-enough" } });
    expect((await fetch(`${journey.url}/_/metrics`)).status).toBe(401);
    await campaign(journey);
    const first = await scrape(journey.url);
    expect(samplesOf(first, "connector_messages_accepted_total", 'channel="whatsapp"')).toEqual([3]);
    expect(
      samplesOf(first, "connector_requests_total", 'channel="whatsapp"', 'outcome="refused"').toSorted(),
    ).toEqual([0, 1]);
    expect(samplesOf(first, "connector_failures_total", 'code="1340"')).toEqual([1]);
    expect(samplesOf(first, "connector_queue_jobs", 'queue="whatsapp"')).toHaveLength(1);
    expect(samplesOf(first, "process_cpu_seconds_total")).toHaveLength(1);
    expect(first.filter((line) => !line.includes('{replica="'))).toEqual([]);

    const other = await journey.replica();
    const hasBoth = async () =>
      new Set((await scrape(other.url)).map((line) => line.match(/replica="(\w+)"/)?.[1])).size === 2;
    for (let tries = 0; tries < 200 && !(await hasBoth()); tries++)
      await new Promise((r) => setTimeout(r, 100));
    const both = await scrape(other.url);
    expect(samplesOf(both, "connector_build_info")).toEqual([1, 1]);
    expect(
      samplesOf(both, "connector_sends_total", 'channel="sms"', 'outcome="accepted"').toSorted(),
    ).toHaveLength(2);
  });
});

it("an alert is posted when Vonage refuses the account, and again when it is over", async () => {
  const posted: { state: string; alert: string; text: string; link: string }[] = [];
  const chat = createServer((req, res) => {
    let text = "";
    req.on("data", (chunk) => (text += chunk));
    req.on("end", () => {
      posted.push(JSON.parse(text));
      res.end();
    });
  });
  await new Promise<void>((resolve) => chat.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = chat.address() as AddressInfo;
    const journey = await startJourney({
      env: { ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}/hook` },
      traffic: { statuses: true },
    });
    expect((await fetch(`${journey.url}/_/ready`)).status).toBe(200);
    journey.vonage.behave({ times: 8, answer: { do: "problem", status: 402 } });
    await journey.send(buildWhatsAppSend({ msg_id: "m-1" }));
    await until("sending is paused", () =>
      journey.lines.some(({ msg }) => msg.startsWith("Sending is paused")),
    );
    const end = Date.now() + 40_000;
    while (!posted.some(({ state }) => state === "over") && Date.now() < end) {
      await journey.skip(10_000);
      // The queue delivers again in its own time.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(posted.map(({ state, alert }) => [state, alert])).toEqual([
      ["firing", "paused whatsapp"],
      ["over", "paused whatsapp"],
    ]);
    expect(posted[0]?.link).toBe(`${journey.url}/console/status`);
  } finally {
    chat.closeAllConnections();
    chat.close();
  }
});
