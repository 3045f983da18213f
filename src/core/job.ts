import type { Channel, OutboundMessage } from "./message.ts";
import type { InboundReply } from "./reply.ts";
import type { DeliveryReport } from "./report.ts";

/** Sends one message. `attempt` counts how often it was put back, from 1. */
export interface SendJob {
  kind: "send";
  attempt: number;
  message: OutboundMessage;
  /** Tokens of this attempt's claims that State did not answer: it may have counted them all the same. */
  unanswered?: readonly number[];
}

/** What a platform could not be told is kept in the outbox, the reports queue, for a week. */
export const OUTBOX_MS = 7 * 24 * 3_600_000;

/** A report the connector itself owes a platform that could not take it at once. */
export interface ReportJob {
  kind: "report";
  attempt: number;
  report: DeliveryReport;
  /** Milliseconds since the epoch; given up after it. */
  expiresAt: number;
}

/** Decides what became of an attempt whose outcome nobody knows. */
export interface DoubtJob {
  kind: "doubt";
  attempt: number;
  message: OutboundMessage;
  unanswered?: readonly number[];
  /** Milliseconds since the epoch. */
  decideAt: number;
}

/** A person's reply that a platform could not be told at once. */
export interface ReplyJob {
  kind: "reply";
  attempt: number;
  /** Tag of the platform channel to tell. */
  origin: string;
  reply: InboundReply;
  /** Milliseconds since the epoch; given up after it. */
  expiresAt: number;
}

/** Stands for a job too large for the queue, which is kept in State. */
export interface ParkedJob {
  kind: "parked";
  attempt: number;
  queue: QueuePurpose;
  /** The beginning of the id of the job it stands for, for the log. */
  id: string;
  /** Of the message inside, so that it can be reported failed should its content get lost. */
  message?: Pick<OutboundMessage, "id" | "origin" | "channel" | "to">;
  key: string;
}

export type Job = SendJob | ReportJob | ReplyJob | DoubtJob | ParkedJob;

/** The queues by purpose, so that one channel's throttle or an absent platform does not stop the others. */
export type QueuePurpose = Channel | "reports";

/** The queue a job belongs on. */
export function queueOf(job: Job): QueuePurpose {
  if (job.kind === "parked") return job.queue;
  return job.kind === "send" ? job.message.channel : "reports";
}

/** The message id a job is about: the one id that tells its story in the log. */
export function idOf(job: Job): string {
  switch (job.kind) {
    case "report":
      return job.report.id;
    case "reply":
      return job.reply.messageId ?? job.reply.id;
    case "parked":
      return job.id;
    default:
      return job.message.id;
  }
}
