import { afterEach, describe, expect, it } from "@jest/globals";
import { signWebhook } from "../../src/sandbox/vonage/index.ts";
import { buildSmsSend, buildVonageStatus, buildWhatsAppSend, MSG_ID } from "../support/builders.ts";
import {
  credentials,
  endJourneys,
  type Journey,
  type JourneyOptions,
  startJourney,
  until,
  type WebhookOptions,
} from "../support/journey.ts";

afterEach(endJourneys);

const STATUS = "/webhooks/status";
const now = () => Math.floor(Date.now() / 1_000);
const statusOf = (overrides: object = {}) => ({
  ...buildVonageStatus(),
  timestamp: new Date().toISOString(),
  ...overrides,
});
const report = (status: string, id: unknown = MSG_ID) => ({
  msg_id: id,
  status,
  timestamp: expect.stringMatching(/^\d{10}$/),
});

/** A journey on which Vonage has one message of the platform. */
async function withMessage(options?: JourneyOptions): Promise<Journey> {
  const journey = await startJourney(options);
  await journey.send(buildWhatsAppSend());
  await until("Vonage has the message", () => journey.vonage.messages.length === 1);
  return journey;
}

describe("who may tell a status", () => {
  it("is Vonage once it has signed: unsigned is 503, and the signed repetition is taken", async () => {
    const journey = await withMessage();
    const answers = await journey.status(journey.vonage.messages[0]!, "delivered", {}, "unsigned-first");
    expect(answers).toEqual([503, 200]);
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
    expect(journey.lines.map(({ msg }) => msg)).toContain("Webhook not taken: unsigned");
  });

  const refused: [string, WebhookOptions, number, string][] = [
    ["no signature", { headers: () => ({}) }, 503, "unsigned"],
    ["a token that is none", { headers: () => ({ authorization: "Bearer x" }) }, 503, "unsigned"],
    ["another secret", { signatureSecret: "somebody-else" }, 503, "signature_mismatch"],
    ["an altered body", { altered: statusOf({ status: "read" }) }, 401, "forged_webhook"],
    ["another account", { claims: { api_key: "00000000" } }, 503, "other_account"],
    ["another issuer", { claims: { iss: "Someone" } }, 401, "forged_webhook"],
    ["an age of two days", { claims: { iat: now() - 2 * 86_400 } }, 503, "wrong_time"],
    ["a time to come", { claims: { iat: now() + 3_600 } }, 503, "wrong_time"],
    ["no hash of the body", { claims: { payload_hash: undefined } }, 401, "forged_webhook"],
    [
      "a good token behind a bad one of Vonage's own header",
      { headers: (token) => ({ authorization: `Bearer ${token}`, "x-vonage-webhook-auth-token": "x" }) },
      503,
      "unsigned",
    ],
  ];
  it.each(refused)("is nobody with %s: nothing is reported", async (_name, forged, status, code) => {
    const journey = await withMessage();
    const answer = await journey.webhook(STATUS, statusOf(), forged);
    expect(answer).toEqual({ status, body: { message: expect.any(String) } });
    expect(journey.reports()).toEqual([]);
    expect(journey.lines.map(({ msg }) => msg)).toContain(`Webhook not taken: ${code}`);
  });

  it("is Vonage with either of two secrets while they are rotated, on both addresses", async () => {
    const journey = await withMessage({ env: { VONAGE_SIGNATURE_SECRET: "canary-new,canary-old" } });
    const told = (path: string, status: string, signatureSecret: string) =>
      journey.webhook(path, statusOf({ status }), { signatureSecret });
    const ok = { status: 200, body: { status: "ok" } };
    expect(await told(STATUS, "delivered", "canary-old")).toEqual(ok);
    expect(await told("/webhooks/passed-message-status", "read", "canary-new")).toEqual(ok);
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }, { statuses: [report("read")] }]);
  });
});

describe("a status that there is nothing to tell of", () => {
  it.each([
    ["of a kind that is not known yet", { status: "clicked" }, "Status ignored: not a status we know"],
    ["named like a method", { status: "toString" }, "Status ignored: not a status we know"],
    [
      "with somebody else's reference",
      { client_ref: "order-7" },
      "Status ignored: its reference is not one of ours",
    ],
    ["without a reference", { client_ref: undefined }, "Status ignored: its reference is not one of ours"],
    [
      "of a channel that is off",
      { client_ref: "1vzz.7" },
      "Status ignored: its reference is not one of ours",
    ],
    [
      "whose short reference has expired",
      { client_ref: "1kmw.AAAAAAAAAAAAAAAAAAAAAA" },
      "Status ignored: its reference has expired",
    ],
  ])("is answered 200 and never comes again: %s", async (_name, overrides, line) => {
    const journey = await withMessage();
    expect(await journey.webhook(STATUS, statusOf(overrides))).toEqual({
      status: 200,
      body: { status: "ignored" },
    });
    expect(journey.reports()).toEqual([]);
    expect(journey.lines.map(({ msg }) => msg)).toContain(line);
  });

  it("is told once however often it comes, and not after what came later", async () => {
    const journey = await withMessage();
    for (const status of ["delivered", "delivered", "submitted", "read", "delivered"]) {
      expect((await journey.webhook(STATUS, statusOf({ status }))).status).toBe(200);
    }
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }, { statuses: [report("read")] }]);
  });

  it("is told once when both copies come at the same time", async () => {
    const journey = await withMessage();
    await Promise.all(Array.from({ length: 8 }, () => journey.webhook(STATUS, statusOf())));
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
  });
});

describe("while the platform is away", () => {
  it.each([
    ["answers 503", { down: true }],
    ["answers 429", { status: 429 }],
    ["answers 404 of a proxy", { status: 404 }],
  ])("Vonage hears 503 and tells it again until it is taken: it %s", async (_name, fault) => {
    const journey = await withMessage();
    journey.moengage.setFault("whatsapp", fault);
    const record = journey.vonage.sendStatus(journey.vonage.messages[0]!, "delivered");
    await until("it was tried", () => record.attempts.length >= 2);
    expect(record.attempts.map(({ status }) => status).slice(0, 2)).toEqual([503, 503]);
    journey.moengage.setFault("whatsapp", null);
    await until("it was taken", () => record.outcome === "delivered");
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
    expect(journey.linesOf(MSG_ID)).toEqual(
      expect.arrayContaining(["Report delivered: not taken", "Report delivered: posted"]),
    );
  });

  it("a status that the platform refuses for good is not told for ever", async () => {
    const journey = await withMessage();
    journey.moengage.setFault("whatsapp", { status: 400 });
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(journey.linesOf(MSG_ID)).toContain("Report refused by the platform");
  });

  it("statuses still pass when State is down, and those that need it come again", async () => {
    const journey = await withMessage();
    journey.vcr.setFault("client-persistence-api", { down: true });
    expect((await journey.webhook(STATUS, statusOf())).status).toBe(200);
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
    const keyed = statusOf({ client_ref: "1kmw.AAAAAAAAAAAAAAAAAAAAAA" });
    expect((await journey.webhook(STATUS, keyed)).status).toBe(503);
  });
});

describe("statuses that come together", () => {
  it("share a call to the platform, at most fifty in one, and each is told once", async () => {
    const journey = await startJourney();
    const count = 120;
    const ids = Array.from({ length: count }, (_, n) => `together-${n}`);
    await Promise.all(ids.map((id) => journey.send(buildWhatsAppSend({ msg_id: id }))));
    await until("Vonage has them all", () => journey.vonage.messages.length === count);
    journey.moengage.setFault("whatsapp", { delayMs: 50 });
    await Promise.all(journey.vonage.messages.map((message) => journey.status(message, "delivered")));
    const calls = journey.reports() as { statuses: { msg_id: string }[] }[];
    const told = calls.flatMap(({ statuses }) => statuses.map(({ msg_id }) => msg_id));
    expect(told.toSorted()).toEqual(ids.toSorted());
    expect(calls.length).toBeLessThan(count / 4);
    expect(Math.max(...calls.map(({ statuses }) => statuses.length))).toBeLessThanOrEqual(50);
  });

  it("may overtake the answer to their own send", async () => {
    const journey = await startJourney({
      traffic: { statuses: true, beforeAnswerShare: 1, delayMs: [1, 5], readShare: 0 },
    });
    await Promise.all([journey.send(buildWhatsAppSend()), journey.sendSms(buildSmsSend())]);
    await until("both are settled", () => journey.moengage.funnel().settled === 2);
    expect(journey.moengage.funnel()).toMatchObject({ accepted: 2, delivered: 2, failed: {}, waiting: 0 });
  });
});

describe("webhooks through the VCR callback router", () => {
  const env = { VCR_LISTENERS: "true" };
  const SUBSCRIBED = "Webhooks are received through the VCR callback router";

  it("are subscribed to once, whatever the restarts and replicas", async () => {
    const journey = await startJourney({ start: "none", env });
    const replicas = await Promise.all([journey.replica(), journey.replica(), journey.replica()]);
    const subscribed = (times: number) => () =>
      journey.lines.filter(({ msg }) => msg === SUBSCRIBED).length === times;
    await until("all have subscribed", subscribed(3));
    await Promise.all(replicas.map((replica) => replica.stop()));
    await journey.replica();
    await until("the restarted one has", subscribed(4));

    const anybody = (type: string) => ({ from: { type, number: null }, to: { type, number: null } });
    const paths = journey.vcr
      .records()
      .subscriptions.map(({ kind, from, to, callback }) => ({ kind, from, to, path: callback.path }));
    const expected = (["whatsapp", "sms"] as const).flatMap((type) => [
      { kind: "messages", ...anybody(type), path: "/webhooks/inbound" },
      { kind: "events", ...anybody(type), path: "/webhooks/status" },
    ]);
    expect(paths).toHaveLength(expected.length);
    expect(paths).toEqual(expect.arrayContaining(expected));
  });

  it("are proved by Vonage's own token, whatever the router put into Authorization", async () => {
    const journey = await withMessage({ env });
    const answer = await journey.webhook(STATUS, statusOf(), {
      headers: (token) => ({ authorization: "Bearer router", "x-vonage-webhook-auth-token": token }),
    });
    expect(answer).toEqual({ status: 200, body: { status: "ok" } });
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
  });
});

describe("a variable that got lost in a redeploy", () => {
  it("loses no report: the status is told again until the channel is on, and the log says what is missing", async () => {
    const journey = await withMessage();
    const [message] = journey.vonage.messages;
    const text = JSON.stringify(statusOf({ status: "delivered", client_ref: message?.request.client_ref }));
    const tellTo = (url?: string) =>
      journey.post(STATUS, text, { authorization: `Bearer ${signWebhook(credentials, text)}` }, url);
    await until("the channel is noted", () =>
      journey.calls.some(({ text: sent, status }) => status === 200 && sent.includes("channels-on")),
    );
    const redeployed = await journey.replica({ MOENGAGE_DELIVERY_URL: "" });
    expect((await tellTo(redeployed.url)).status).toBe(503);
    expect(journey.lines.find(({ msg }) => msg === "Webhook not taken: channel_off")).toMatchObject({
      ...{ level: "error", status: 503, msg_id: MSG_ID },
      message: expect.stringMatching(
        /^MoEngage WhatsApp was on .* WHATSAPP_NUMBER and MOENGAGE_DELIVERY_URL$/,
      ),
    });
    expect(journey.reports()).toEqual([]);
    expect((await tellTo()).status).toBe(200);
    expect(journey.reports()).toEqual([{ statuses: [report("delivered")] }]);
  });
});
