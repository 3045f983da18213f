import { z } from "zod";
import { ConnectorError, type ErrorCode } from "../lib/errors.ts";
import {
  channel,
  isChat,
  offloadedMessage,
  outboundMessage,
  type QueuedMessage,
  reportable,
} from "./message.ts";
import { inboundReply } from "./reply.ts";
import { deliveryReport } from "./report.ts";

/**
 * The format of the jobs on the queue. Whatever changes in a job, or in what it contains, makes a new version: a
 * replica of another version refuses what it cannot read, and the queue keeps it.
 */
const VERSION = 1;

/**
 * The queues by purpose, so that one channel's throttle or an absent platform does not stop the others. `chat` has what
 * is written to somebody who has just written: it does not wait behind a campaign.
 */
const queuePurpose = z.enum([...channel.options, "chat", "reports"]);
export type QueuePurpose = z.output<typeof queuePurpose>;
export const QUEUE_PURPOSES = queuePurpose.options;

/** One of something for each queue. */
export const perQueue = <T>(make: (purpose: QueuePurpose) => T) =>
  Object.fromEntries(QUEUE_PURPOSES.map((purpose) => [purpose, make(purpose)])) as Record<QueuePurpose, T>;

/** How often it was put back, from 1. */
const attempt = z.int().min(1);
/** Tokens of this attempt's claims that State did not answer: it may have counted them all the same. The first may be the sum of several. */
const unanswered = z.array(z.number()).optional();
const message = z.union([outboundMessage, offloadedMessage]);
/** Milliseconds since the epoch; given up after it. */
const expiresAt = z.number();

/** Sends one message. */
const sendJob = z.strictObject({
  kind: z.literal("send"),
  attempt,
  message,
  unanswered,
  /** How often it was refused for want of a right while others were taken, and when last, milliseconds since the epoch. */
  refusals: z.strictObject({ times: z.int().min(1), at: z.number() }).optional(),
});
export type SendJob = z.output<typeof sendJob>;

/** What a platform could not be told is kept in the outbox, the reports queue, for a week. */
export const OUTBOX_MS = 7 * 24 * 3_600_000;

/** How often a platform that counts a repeat as another was told what it may have, and when it is told again. */
const repeat = z.strictObject({ times: z.int().min(1), at: z.number() }).optional();
export type Repeat = NonNullable<z.output<typeof repeat>>;

const FIRST_REPEAT_MS = 10 * 60_000;

/** Late, and rarer each time. */
export function nextRepeat(before: Repeat | undefined, now: number): Repeat {
  const times = (before?.times ?? 0) + 1;
  return { times, at: now + FIRST_REPEAT_MS * 2 ** (times - 1) };
}

/** A report that its platform could not take at once: one of the connector's own, or one that it may have taken. */
const reportJob = z.strictObject({
  kind: z.literal("report"),
  attempt,
  report: deliveryReport,
  expiresAt,
  repeat,
});
export type ReportJob = z.output<typeof reportJob>;

/** Decides what became of an attempt whose outcome nobody knows. */
const unknownOutcomeJob = z.strictObject({
  kind: z.literal("unknown-outcome"),
  attempt,
  message,
  unanswered,
  /** Milliseconds since the epoch. */
  decideAt: z.number(),
});
export type UnknownOutcomeJob = z.output<typeof unknownOutcomeJob>;

/** A person's reply that its platform could not take at once. */
const replyJob = z.strictObject({
  kind: z.literal("reply"),
  attempt,
  /** Tag of the platform channel to tell. */
  origin: z.string(),
  reply: inboundReply,
  expiresAt,
  repeat,
});
export type ReplyJob = z.output<typeof replyJob>;

/** Stands for a report or a reply too large for the queue, which is kept in State; its deliveries share the one copy. */
const offloadedJob = z.strictObject({
  kind: z.literal("offloaded"),
  attempt,
  queue: queuePurpose,
  /** The beginning of the id of the job it stands for, for the log. */
  id: z.string(),
  /** Of the report inside, so that the message can be reported failed should the copy get lost. */
  message: reportable.optional(),
  key: z.string(),
  /** Of the job inside, as it stands by now. */
  repeat,
});
export type OffloadedJob = z.output<typeof offloadedJob>;

const job = z.discriminatedUnion("kind", [sendJob, reportJob, replyJob, unknownOutcomeJob, offloadedJob]);
export type Job = z.output<typeof job>;

const KINDS = new Set<unknown>(job.options.map(({ shape }) => shape.kind.value));

/** A job as it travels. */
export const serialiseJob = (job: Job): string => JSON.stringify({ version: VERSION, ...job });

/**
 * The job in such a text. Throws ConnectorError `unknown_job_version` for one that another version of the connector
 * made, `unreadable_job` for one that is none; both retryable, so that the queue keeps it.
 */
export function parseJob(text: string): Job {
  const { version, ...body } = parseObject(text);
  if (version !== VERSION || !KINDS.has(body["kind"])) {
    throw unread("unknown_job_version", "Another version of the connector made this job", version, body);
  }
  const parsed = job.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = innermost(parsed.error.issues[0]);
  throw unread("unreadable_job", "The job does not have the shape of its kind", version, body, {
    at: issue?.path.join("."),
    problem: issue?.code,
  });
}

type Issue = Pick<z.core.$ZodIssue, "path" | "code">;

/** Of a union the first member's own: nobody can act on "none of them". */
function innermost(issue: z.core.$ZodIssue | undefined): Issue | undefined {
  const inner = issue?.code === "invalid_union" ? innermost(issue.errors[0]?.[0]) : undefined;
  return issue && inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function unread(
  code: ErrorCode,
  message: string,
  version: unknown,
  body: Record<string, unknown>,
  more: Record<string, string | undefined> = {},
): ConnectorError {
  const about = body["message"] ?? body["report"] ?? body["reply"] ?? body;
  const { id } = (about ?? {}) as { id?: unknown };
  const detail = { msg_id: word(id), kind: word(body["kind"]), version: word(version), ...more };
  return new ConnectorError(code, message, { retryable: true, detail });
}

/** Whoever made it held our key; still, no more of it than a word is logged. */
const word = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, 100) : undefined;

/** When nothing is left to do for it; for a message, once it is reported. Milliseconds since the epoch. */
export function expiryOf(job: Exclude<Job, OffloadedJob>): number {
  switch (job.kind) {
    case "send":
      return job.message.expiresAt;
    case "unknown-outcome":
      return Math.max(job.decideAt, job.message.expiresAt);
    case "report":
    case "reply":
      return job.expiresAt;
  }
}

/** The queue a job belongs on. */
export function queueOf(job: Job): QueuePurpose {
  if (job.kind === "offloaded") return job.queue;
  return job.kind === "send" ? queueOfMessage(job.message) : "reports";
}

/** WhatsApp takes anything but a template for a day after the person has written, and from nobody else. */
export const queueOfMessage = (message: QueuedMessage): Exclude<QueuePurpose, "reports"> =>
  isChat(message) ? "chat" : message.channel;

/** The message id a job is about: the one id that tells its story in the log. */
export function idOf(job: Job): string {
  switch (job.kind) {
    case "report":
      return job.report.id;
    case "reply":
      return job.reply.messageId ?? job.reply.id;
    case "offloaded":
      return job.id;
    default:
      return job.message.id;
  }
}
