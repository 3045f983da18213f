import { describe, expect, it } from "@jest/globals";
import { idOf, type Job, parseJob, queueOf, serialiseJob } from "../../src/core/job.ts";
import type { InboundReply } from "../../src/core/reply.ts";
import { fixturesOf } from "../fixtures/index.ts";
import {
  ACCEPTED_AT,
  buildFailedReport,
  buildReport,
  buildSendJob,
  buildSmsMessage,
  buildWhatsAppMessage,
  MSG_ID,
  RECIPIENT,
  TRACKING_ID,
  WABA_NUMBER,
} from "../support/builders.ts";

const reply: InboundReply = {
  kind: "opt_out",
  id: "inbound-1",
  channel: "whatsapp",
  person: RECIPIENT,
  sender: WABA_NUMBER,
  at: ACCEPTED_AT,
};

const jobs: [string, Job, { queue: string; id: string }][] = [
  ["a WhatsApp send", buildSendJob(), { queue: "whatsapp", id: MSG_ID }],
  ["an SMS send", buildSendJob({ message: buildSmsMessage() }), { queue: "sms", id: TRACKING_ID }],
  [
    "an SMS send with everything",
    buildSendJob({
      attempt: 7,
      message: buildSmsMessage({ ttlSeconds: 90, contentId: "1107", entityId: "1101" }),
      unanswered: [1, 2 ** 40],
    }),
    { queue: "sms", id: TRACKING_ID },
  ],
  [
    "an auto-reply",
    buildSendJob({
      message: buildWhatsAppMessage({
        purpose: "opt-out-confirmation",
        content: { type: "text", text: "Bye" },
      }),
    }),
    { queue: "chat", id: MSG_ID },
  ],
  [
    "a picture with everything",
    buildSendJob({
      message: buildWhatsAppMessage({
        content: {
          type: "media",
          media: "file",
          url: "https://example.com/a.pdf",
          caption: "A",
          name: "a.pdf",
        },
      }),
    }),
    { queue: "chat", id: MSG_ID },
  ],
  [
    "a report",
    { kind: "report", attempt: 1, report: buildReport(), expiresAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a report of a failure",
    { kind: "report", attempt: 1, report: buildFailedReport({ reason: "template" }), expiresAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "an unknown outcome",
    { kind: "unknown-outcome", attempt: 1, message: buildWhatsAppMessage(), decideAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a reply to a message",
    { kind: "reply", attempt: 1, origin: "mw", reply: { ...reply, messageId: MSG_ID }, expiresAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a tap",
    {
      kind: "reply",
      attempt: 1,
      origin: "mw",
      reply: { ...reply, kind: "button", button: { payload: "p", text: "t" } },
      expiresAt: 0,
    },
    { queue: "reports", id: "inbound-1" },
  ],
  [
    "an offloaded job",
    {
      kind: "offloaded",
      attempt: 1,
      queue: "sms",
      id: MSG_ID,
      message: { id: MSG_ID, origin: "ms", channel: "sms", to: RECIPIENT },
      key: "job:1",
    },
    { queue: "sms", id: MSG_ID },
  ],
  [
    "a send that was refused, its content kept elsewhere",
    {
      kind: "send",
      attempt: 3,
      message: {
        ...{ id: MSG_ID, origin: "mw", channel: "whatsapp", from: WABA_NUMBER, to: RECIPIENT },
        ...{ acceptedAt: ACCEPTED_AT, expiresAt: ACCEPTED_AT + 1, contentKey: "job:1" },
      },
      refusals: { times: 2, at: ACCEPTED_AT },
    },
    { queue: "whatsapp", id: MSG_ID },
  ],
];

describe("a job", () => {
  it.each(jobs)("%s goes to its queue under the id that tells its story", (_what, job, expected) => {
    expect({ queue: queueOf(job), id: idOf(job) }).toEqual(expected);
  });

  it.each(jobs)("%s comes off the queue as it was put there, and names its version", (_what, job) => {
    const text = serialiseJob(job);
    expect(JSON.parse(text)).toEqual({ version: 1, ...job });
    expect(parseJob(text)).toEqual(job);
  });

  it.each(fixturesOf("moengage-whatsapp-send"))(
    "hands a template on byte by byte, whatever its keys and their order: %s",
    (_variant, text) => {
      const { template } = JSON.parse(text);
      const job = buildSendJob({
        message: buildWhatsAppMessage({ content: { type: "template", template } }),
      });
      const { message } = parseJob(serialiseJob(job)) as typeof job;
      expect(JSON.stringify("content" in message && message.content)).toBe(
        JSON.stringify({ type: "template", template }),
      );
    },
  );
});

describe("a job that cannot be read", () => {
  const send = { version: 1, ...buildSendJob() };
  const { message } = send;
  const about = { kind: "send", msg_id: MSG_ID };

  it.each<[string, unknown, object]>([
    ["an older version", { ...send, version: 0 }, { ...about, version: "0" }],
    ["a newer version", { ...send, version: 2 }, { ...about, version: "2" }],
    ["a version as text", { ...send, version: "1" }, { ...about, version: "1" }],
    ["no version", buildSendJob(), about],
    ["an unknown kind", { ...send, kind: "doubt" }, { kind: "doubt", msg_id: MSG_ID, version: "1" }],
    ["a kind that is a name every object has", { ...send, kind: "constructor" }, { kind: "constructor" }],
    ["no kind", { version: 1 }, { version: "1" }],
    ["a list", [send], {}],
    ["null", null, {}],
  ])("%s: of another version of the connector, retryable", (_what, job, detail) => {
    expect(() => parseJob(JSON.stringify(job))).toThrow(
      expect.objectContaining({
        code: "unknown_job_version",
        retryable: true,
        httpStatus: 503,
        detail: expect.objectContaining(detail),
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ["a field more", { ...send, priority: 1 }, ""],
    ["no attempt", { ...send, attempt: undefined }, "attempt"],
    ["an attempt that is none", { ...send, attempt: 0 }, "attempt"],
    ["no message", { ...send, message: undefined }, "message"],
    ["another channel", { ...send, message: { ...message, channel: "rcs" } }, "message.channel"],
    ["a field more in its message", { ...send, message: { ...message, cc: "x" } }, "message"],
    ["a number for a recipient", { ...send, message: { ...message, to: 447700900123 } }, "message.to"],
    [
      "a template without a name",
      { ...send, message: { ...message, content: { type: "template", template: { language: {} } } } },
      "message.content.template",
    ],
    [
      "a report of another status",
      { kind: "report", version: 1, attempt: 1, report: { id: "m-1" } },
      "report.origin",
    ],
  ])("%s: unreadable, retryable", (_what, job, at) => {
    expect(() => parseJob(JSON.stringify(job))).toThrow(
      expect.objectContaining({
        code: "unreadable_job",
        retryable: true,
        httpStatus: 503,
        detail: expect.objectContaining({ at }),
      }),
    );
  });

  it("is named without a value of it", () => {
    const job = { ...send, version: 2, message: { ...message, id: ["447700900123"], text: "Hi Ana" } };
    try {
      parseJob(JSON.stringify(job));
    } catch (error) {
      expect(JSON.stringify(error)).not.toMatch(/447700900123|Ana/);
      return;
    }
    throw new Error("it was read");
  });

  it("half a text: unknown", () => {
    expect(() => parseJob('{"version":1,"kind":"se')).toThrow(
      expect.objectContaining({ code: "unknown_job_version" }),
    );
  });
});
