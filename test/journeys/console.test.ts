import { afterEach, describe, expect, it } from "@jest/globals";
import type { DeadLettersAnswer, MessageStory, ResultsAnswer, SetupAnswer } from "../../src/core/insight.ts";
import { buildSmsSend, buildWhatsAppSend, RECIPIENT } from "../support/builders.ts";
import { credentials, endJourneys, type Journey, startJourney, until } from "../support/journey.ts";

afterEach(endJourneys);

const PASSWORD = "correct-horse";
const PAGES = [
  ...["status", "results", "failures", "message?id=x", "setup", "test-send", "opt-outs", "held", "templates"],
  "settings",
];

async function ask<T>(journey: Journey, path: string, init: RequestInit = {}, password = `ops:${PASSWORD}`) {
  const authorization = `Basic ${Buffer.from(password).toString("base64")}`;
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${journey.url}/console${path}`, { ...init, headers });
  const text = await answer.text();
  return { status: answer.status, text, body: (text.startsWith("{") ? JSON.parse(text) : undefined) as T };
}
const post = <T>(journey: Journey, path: string, body: object) =>
  ask<T>(journey, path, { method: "POST", body: JSON.stringify(body) });

const begin = (options: Parameters<typeof startJourney>[0] = {}) =>
  startJourney({ ...options, env: { CONSOLE_PASSWORD: PASSWORD, ...options.env } });

/** What was asked of State, by operation and kind of key. */
const stateCalls = (journey: Journey) =>
  journey
    .callsTo("vcr", "/")
    .map(({ body }) => body as { operation: string; key: string })
    .map(({ operation, key }) => `${operation} ${key.split(":")[0]}`)
    // What a process asks by itself now and then, and what many messages share.
    .filter(
      (call) =>
        !/^EXPIRE | (sent|dead-letters|held|marks?|figures|failures|replicas|channels-on)$/.test(call),
    );

describe("the console of a running connector", () => {
  it("tells what became of a message, in figures and as a story", async () => {
    const journey = await begin({ traffic: { statuses: true } });
    await journey.send(buildWhatsAppSend({ msg_id: "m-1" }));
    await until("it is delivered", () => journey.linesOf("m-1").includes("Message delivered"));
    const { body: story } = await ask<MessageStory>(journey, "/api/messages/m-1");
    expect(story).toMatchObject({ found: true, id: "m-1", platform: "moengage", channel: "whatsapp" });
    const { body: results } = await ask<ResultsAnswer>(journey, "/api/results");
    expect(results.rows).toEqual([
      expect.objectContaining({ platform: "moengage", accepted: 1, sent: 1, failed: 0, refused: 0 }),
    ]);
  });

  it("opens for the account's key and secret where it has no password, and for no platform", async () => {
    const journey = await startJourney({
      env: { CONNECTOR_API_KEY: "acme", CONNECTOR_API_SECRET: "acme-secret-1" },
    });
    const { accountId, accountSecret } = credentials;
    const statuses = await Promise.all(
      [`${accountId}:${accountSecret}`, "acme:acme-secret-1", `${accountId}:acme-secret-1`].map(
        async (password) => (await ask(journey, "/api/setup", {}, password)).status,
      ),
    );
    expect(statuses).toEqual([200, 401, 401]);
  });

  it("costs sending nothing: a message asks State for the same, looked at or not", async () => {
    const journey = await begin();
    const costs = async (id: string) => {
      const before = stateCalls(journey).length;
      await journey.sendSms(buildSmsSend({ to: RECIPIENT, text: id }));
      await until("it is sent", () => journey.sends().some((body) => body["text"] === id));
      await until("it is settled", () => stateCalls(journey).slice(before).includes("HSET claims"));
      return stateCalls(journey).slice(before).toSorted();
    };
    // The first of a process also sets when things expire.
    await costs("first");
    const unseen = await costs("unseen");
    const looked = await Promise.all(PAGES.map(async (page) => (await ask(journey, `/${page}`)).status));
    expect(new Set(looked)).toEqual(new Set([200]));
    const seen = await costs("seen");
    expect([unseen.length > 0, seen]).toEqual([true, unseen]);
  });

  it("sends a test message, which ends in its story and at no platform", async () => {
    const journey = await begin({ traffic: { statuses: true } });
    const { body } = await post<{ id: string }>(journey, "/api/test-send", {
      channel: "sms",
      to: RECIPIENT,
      text: "Hello",
    });
    await until("it is delivered", () => journey.linesOf(body.id).includes("Message delivered"));
    const { body: story } = await ask<MessageStory>(journey, `/api/messages/${body.id}`);
    expect(story).toMatchObject({ found: true, platform: "console", channel: "sms", state: "delivered" });
    expect(journey.reports()).toEqual([]);
  });

  it("obeys an opt-out that was made there, until it is removed", async () => {
    const journey = await begin();
    const say = (action: string) =>
      post<{ optedOut: boolean }>(journey, "/api/opt-outs", {
        action,
        channel: "sms",
        number: `+${RECIPIENT}`,
      });
    expect((await say("add")).body).toMatchObject({ number: "…0123", optedOut: true, changed: true });
    const refused = (
      await post<{ id: string }>(journey, "/api/test-send", { channel: "sms", to: RECIPIENT, text: "One" })
    ).body.id;
    await until("it is refused", () => journey.linesOf(refused).includes("Message failed"));
    await say("remove");
    await post(journey, "/api/test-send", { channel: "sms", to: RECIPIENT, text: "Two" });
    await until("it is sent", () => journey.sends().length === 1);
    expect(journey.sends().map((body) => body["text"])).toEqual(["Two"]);
  });

  it("says in three seconds that State is away, on every page, and goes on serving", async () => {
    const journey = await begin();
    journey.vcr.setFault("client-persistence-api", { down: true });
    const answers = await Promise.all(PAGES.map((page) => ask(journey, `/${page}`)));
    expect(answers.map(({ status }) => status)).toEqual(PAGES.map(() => 200));
    const telling = PAGES.filter((_, index) => answers[index]?.text.includes("cannot be read now"));
    expect(telling).toEqual(["results", "failures", "message?id=x", "opt-outs", "held"]);
    expect((await ask(journey, "/api/results")).status).toBe(503);
    journey.vcr.setFault("client-persistence-api", null);
  });

  it("finds nothing wrong with a connector that is set up well, but what a sandbox lacks", async () => {
    const journey = await begin();
    const { body } = await ask<SetupAnswer>(journey, "/api/setup");
    const paths = body.checks.filter(({ id }) => id.startsWith("path-"));
    expect([paths.length > 2, paths.filter(({ ok }) => ok !== true)]).toEqual([true, []]);
    const wrong = body.checks.filter(({ ok }) => ok === false).map(({ id }) => id);
    // The journey's number is in no account of the fake.
    expect(wrong.filter((id) => !id.startsWith("templates-"))).toEqual([]);
  });

  it("has no dead letters where none died, and nothing to put back", async () => {
    const journey = await begin();
    expect((await ask<DeadLettersAnswer>(journey, "/api/dead-letters")).body).toEqual({ letters: [] });
    expect((await post(journey, "/api/dead-letters/replay", { all: true })).body).toEqual({
      replayed: 0,
      left: 0,
      dryRun: false,
    });
  });
});
