import { describe, expect, it } from "@jest/globals";
import { idOf, type Job, queueOf } from "../../src/core/job.ts";
import type { InboundReply } from "../../src/core/reply.ts";
import {
  ACCEPTED_AT,
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
    "a report",
    { kind: "report", attempt: 1, report: buildReport(), expiresAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a doubt",
    { kind: "doubt", attempt: 1, message: buildWhatsAppMessage(), decideAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a reply to a message",
    { kind: "reply", attempt: 1, origin: "mw", reply: { ...reply, messageId: MSG_ID }, expiresAt: 0 },
    { queue: "reports", id: MSG_ID },
  ],
  [
    "a reply to nothing we know",
    { kind: "reply", attempt: 1, origin: "mw", reply, expiresAt: 0 },
    { queue: "reports", id: "inbound-1" },
  ],
];

describe("a job", () => {
  it.each(jobs)("%s goes to its queue under the id that tells its story", (_what, job, expected) => {
    expect({ queue: queueOf(job), id: idOf(job) }).toEqual(expected);
  });
});
