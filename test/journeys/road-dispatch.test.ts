import { afterEach, describe, expect, it } from "@jest/globals";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import type { Rule } from "../../src/sandbox/vonage/index.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { buildSendJob, buildSmsSend, buildWhatsAppSend, MSG_ID } from "../support/builders.ts";
import {
  credentials,
  endJourneys,
  type Journey,
  SERVICE_NAME,
  startJourney,
  until,
} from "../support/journey.ts";

afterEach(endJourneys);

const JOBS = "/webhooks/message-dispatcher";
const failedReport = (id: string, code: string, description: string) => ({
  statuses: [
    {
      msg_id: id,
      status: "failed",
      timestamp: expect.stringMatching(/^\d{10}$/),
      error: { code, description },
    },
  ],
});

async function isIdle({ vcr }: Journey): Promise<void> {
  await until("the queues are empty", () =>
    Object.values(vcr.records().queues).every(({ waiting, inflight }) => waiting + inflight === 0),
  );
}

describe("a job that this connector did not make", () => {
  const sealed = createJobSigner([credentials.privateKey]).sign(buildSendJob());
  const foreign = createJobSigner([createCredentials().privateKey]).sign(buildSendJob());
  const altered = sealed.body.replace("order_update", "phishing");
  const { body: _, ...bodiless } = sealed;

  it.each<[string, object]>([
    ["unsigned", { kind: "send", attempt: 1, message: buildSendJob().message }],
    ["altered", { ...sealed, body: altered }],
    ["signed by another application", foreign],
    ["signed by another application under our key's id", { ...foreign, kid: sealed.kid }],
    ["without its content", bodiless],
    ["kept under a key of somebody else", { ...bodiless, parked: "ref:x" }],
    ["with an empty signature", { ...sealed, mac: "" }],
  ])("is refused with 401 whatever its headers say, and nothing is sent: %s", async (_name, job) => {
    const journey = await startJourney();
    const headers = { "x-neru-queue-name": `${SERVICE_NAME}-whatsapp`, authorization: "Bearer anything" };
    expect(await journey.post(JOBS, job, headers)).toEqual({
      status: 401,
      body: { message: expect.stringMatching(/^This address is the queue's own: send WhatsApp to /) },
    });
    expect(journey.sends()).toEqual([]);
    expect(journey.reports()).toEqual([]);
    expect(journey.lines.map(({ msg }) => msg)).toContain("Job not done: foreign_job");
  });

  it("is told from one that was signed before the application's key was changed", async () => {
    const old = createCredentials().privateKey;
    const journey = await startJourney({ env: { VCR_PRIVATE_KEY_PREVIOUS: old } });
    const message = { ...buildSendJob().message, acceptedAt: Date.now(), expiresAt: Date.now() + 60_000 };
    const job = createJobSigner([old]).sign(buildSendJob({ message }));
    expect(await journey.post(JOBS, job, {})).toEqual({ status: 200, body: { status: "done" } });
    expect(journey.sends()).toHaveLength(1);
  });
});

describe("a job that is delivered again", () => {
  it("is acknowledged without a second send", async () => {
    const journey = await startJourney();
    journey.vcr.setRedeliverShare(1);
    await journey.send(buildWhatsAppSend());
    await until("the second delivery came", () =>
      journey.linesOf(MSG_ID).includes("Repeated delivery: ignored"),
    );
    await isIdle(journey);
    expect(journey.sends()).toHaveLength(1);
    expect(journey.reports()).toEqual([]);
  });

  it("is sent once when the platform repeats its request", async () => {
    const journey = await startJourney();
    const answers = await Promise.all(Array.from({ length: 5 }, () => journey.send(buildWhatsAppSend())));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    await isIdle(journey);
    await until("Vonage has it", () => journey.vonage.messages.length > 0);
    expect(journey.sends()).toHaveLength(1);
  });
});

describe("a message that Vonage refuses for good", () => {
  it("ends in one failed report with Vonage's code and words", async () => {
    const journey = await startJourney();
    journey.vonage.behave({ answer: { do: "problem", status: 422, anchor: "messages#1120" } });
    await journey.send(buildWhatsAppSend());
    await until("it is reported", () => journey.reports().length === 1);
    await isIdle(journey);
    expect(journey.sends()).toHaveLength(1);
    expect(journey.reports()).toEqual([
      failedReport(MSG_ID, "1420", "Invalid sender: The `from` parameter is invalid for the given channel."),
    ]);
    expect(journey.linesOf(MSG_ID)).toEqual(
      expect.arrayContaining(["Message failed", "Report failed: posted"]),
    );
  });

  it("is told to an SMS's platform in its own form", async () => {
    const journey = await startJourney();
    journey.vonage.behave({
      channel: "sms",
      answer: { do: "problem", status: 422, anchor: "messages#1130" },
    });
    const { body } = await journey.sendSms(buildSmsSend());
    await until("it is reported", () => journey.reports().length === 1);
    expect(journey.reports()).toEqual([
      {
        trackingId: (body as { trackingId: string }).trackingId,
        status: "failed",
        error: "1430, Invalid recipient: The `to` parameter is invalid for the given channel.",
      },
    ]);
  });

  it("is told later by way of the queue when the platform is away", async () => {
    const journey = await startJourney();
    journey.moengage.setFault("whatsapp", { down: true });
    journey.vonage.behave({ answer: { do: "problem", status: 422, anchor: "messages#1120" } });
    await journey.send(buildWhatsAppSend());
    const inOutbox = () => journey.vcr.records().queues[`${SERVICE_NAME}-reports`]?.accepted ?? 0;
    await until("the report is in the queue", () => inOutbox() > 0);
    expect(journey.reports()).toEqual([]);
  });
});

describe("a message that Vonage cannot take now", () => {
  const passing: [string, Rule["answer"]][] = [
    ["it is sent too fast", { do: "throttle", retryAfterSeconds: 0 }],
    ["Vonage is out of order", { do: "html", status: 503 }],
    ["Vonage has an internal error", { do: "problem", status: 500 }],
  ];
  it.each(passing)("is sent a little later and once: %s", async (_name, answer) => {
    const journey = await startJourney();
    journey.vonage.behave({ times: 1, answer });
    await journey.send(buildWhatsAppSend());
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    await isIdle(journey);
    expect(journey.sends()).toHaveLength(2);
    expect(journey.reports()).toEqual([]);
    const queue = journey.vcr.records().queues[`${SERVICE_NAME}-whatsapp`];
    expect(queue).toMatchObject({ accepted: 2, acked: 2, dead: 0 });
  });

  const lost: [string, Rule["answer"]][] = [
    ["the connection broke", { do: "accept-then-reset" }],
    ["a gateway lost the answer", { do: "accept-then-html", status: 502 }],
  ];
  it.each(lost)(
    "is not sent again when it may have been sent, and its status settles it: %s",
    async (_n, answer) => {
      const journey = await startJourney({ env: { IN_DOUBT_WAIT_SECONDS: "9" } });
      journey.vonage.behave({ times: 1, answer });
      await journey.send(buildWhatsAppSend());
      await until("Vonage has it", () => journey.vonage.messages.length === 1);
      expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
      await journey.skip(9_000);
      await isIdle(journey);
      expect(journey.sends()).toHaveLength(1);
      expect((journey.reports() as { statuses: object[] }[]).flatMap(({ statuses }) => statuses)).toEqual([
        { msg_id: MSG_ID, status: "delivered", timestamp: expect.stringMatching(/^\d{10}$/) },
      ]);
    },
  );

  it("is reported failed when nobody knows in the end", async () => {
    const journey = await startJourney({ env: { IN_DOUBT_WAIT_SECONDS: "1" } });
    journey.vonage.behave({ answer: { do: "reset" } });
    await journey.send(buildWhatsAppSend());
    await until("it was sent", () => journey.sends().length === 1);
    await journey.skip(1_000);
    await until("it is reported", () => journey.reports().length === 1);
    expect(journey.sends()).toHaveLength(1);
    expect(journey.reports()).toEqual([
      failedReport(
        MSG_ID,
        "outcome_unknown",
        "The outcome is unknown: Vonage neither confirmed nor refused the message",
      ),
    ]);
  });

  it.each([
    ["403", { status: 403 }],
    ["402", { status: 402 }],
  ])(
    "stops nobody else when Vonage refuses it alone with %s: twenty behind it are sent at once",
    async (_, answer) => {
      const journey = await startJourney();
      journey.vonage.behave({ toEndsWith: "999", answer: { do: "problem", ...answer } });
      await journey.send(buildWhatsAppSend({ msg_id: "bad", to: "447700900999" }));
      await until("it was tried", () => journey.sends().length === 1);
      const startedAt = Date.now();
      const ids = Array.from({ length: 20 }, (_, n) => `good-${n}`);
      await Promise.all(ids.map((msg_id) => journey.send(buildWhatsAppSend({ msg_id }))));
      await until("Vonage has the others", () => journey.vonage.messages.length === 20);
      expect(Date.now() - startedAt).toBeLessThan(5_000);
      expect(journey.reports()).toEqual([]);
    },
  );

  it("waits while the account has a fault of its own, and the log says what to do", async () => {
    const journey = await startJourney();
    journey.vonage.behave({ times: 1, answer: { do: "problem", status: 402 } });
    await journey.send(buildWhatsAppSend());
    await until("it was put back", () =>
      journey.lines.some(({ msg }) => msg.startsWith("Sending is paused, nothing is lost")),
    );
    expect(journey.reports()).toEqual([]);
    expect(journey.vcr.records().queues[`${SERVICE_NAME}-whatsapp`]?.dead).toBe(0);
  });
});

describe("a message's reference at Vonage", () => {
  const ids: [string, string][] = [
    ["spaces and slashes", "campaign 7/a b?c=d&e"],
    ["letters of every kind", "кампания-7 ✓ 促销"],
    ["quotes, newlines and NUL", "a\"b'c\\d\ne\u0000f"],
    ["words of the language", "__proto__"],
    ["what looks like a reference of ours", "1vmw.abc"],
    ["500 characters", "0123456789".repeat(50)],
    ["97 characters", "x".repeat(97)],
    ["96 characters", "y".repeat(96)],
    ["a colon and a hash", "a:b#1"],
  ];
  it.each(ids)("leads back to an id of %s", async (_name, id) => {
    const journey = await startJourney();
    expect((await journey.send(buildWhatsAppSend({ msg_id: id }))).status).toBe(200);
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    const reference = String(journey.sends()[0]?.["client_ref"]);
    expect(reference).toMatch(/^[A-Za-z0-9_.-]{1,100}$/);
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(journey.reports()).toEqual([
      { statuses: [{ msg_id: id, status: "delivered", timestamp: expect.stringMatching(/^\d{10}$/) }] },
    ]);
    expect(journey.linesOf(id)).toContain("Report delivered: posted");
  });

  it("is a short one when Vonage blames the long one", async () => {
    const journey = await startJourney();
    const id = "z".repeat(60);
    const when: Rule["when"] = (request) => (request.client_ref?.length ?? 0) > 40;
    journey.vonage.behave({ when: when!, answer: { do: "problem", status: 422, anchor: "messages#1060" } });
    await journey.send(buildWhatsAppSend({ msg_id: id }));
    await until("Vonage has it", () => journey.vonage.messages.length === 1);
    const references = journey.sends().map((body) => String(body["client_ref"]));
    expect(references).toEqual([`1vmw.${id}`, expect.stringMatching(/^1kmw\.[\w-]{22}$/)]);
    expect(await journey.status(journey.vonage.messages[0]!, "delivered")).toEqual([200]);
    expect(journey.reports()).toEqual([
      { statuses: [{ msg_id: id, status: "delivered", timestamp: expect.stringMatching(/^\d{10}$/) }] },
    ]);
  });
});

describe("where a message's own statuses go", () => {
  it("is told to Vonage with each message where the instance has a public address", async () => {
    const address = "https://connector.example.com/instance";
    const journey = await startJourney({ env: { VCR_INSTANCE_PUBLIC_URL: address } });
    await Promise.all([journey.send(buildWhatsAppSend()), journey.sendSms(buildSmsSend())]);
    await until("Vonage has both", () => journey.sends().length === 2);
    const target = { webhook_url: `${address}/webhooks/status`, webhook_version: "v1" };
    expect(journey.sends()).toEqual([expect.objectContaining(target), expect.objectContaining(target)]);
  });

  it.each([
    ["only a local address", {}],
    [
      "the callback router in front",
      { VCR_INSTANCE_PUBLIC_URL: "https://connector.example.com", VCR_LISTENERS: "true" },
    ],
  ])("is left to the application where the instance has %s", async (_name, env) => {
    const journey = await startJourney({ env });
    await journey.send(buildWhatsAppSend());
    await until("Vonage has it", () => journey.sends().length === 1);
    expect(Object.keys(journey.sends()[0]!).filter((key) => key.startsWith("webhook"))).toEqual([]);
  });
});
