import type { SendJob } from "../../core/job.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { SendFailure } from "../../core/ports.ts";
import { failedReport, type Refusal } from "../../core/report.ts";
import { asConnectorError, type ConnectorError, loggableError } from "../../lib/errors.ts";
import { fateOf } from "./claims.ts";
import type { DispatchPorts } from "./ports.ts";
import { doubt } from "./unknown-outcome.ts";

const BACKOFF_MS = { first: 500, most: 5_000 };
const ACCOUNT_PROBE_MS = 30_000;
/** A second delivery may find the first one still sending: longer than a send can take. */
const OWNER_PATIENCE_MS = 20_000;

/** One delivery of one message: paced, checked, claimed and sent, or handed on so that nothing is lost or doubled. */
export async function dispatchMessage(job: SendJob, ports: DispatchPorts): Promise<void> {
  const { message } = job;
  const { claims, rateLimiter, now } = ports;
  const expired = now() >= message.expiresAt;
  const mayGo = expired || (await turn(ports));

  const found = await check().catch((error) => unclaimed(job, error, ports));
  if (found === "put back") return;
  const { suppressed, claim } = found;
  const refusal = expired ? EXPIRED : suppressed ? OPTED_OUT : undefined;
  // A slot that is not used is given to the next message.
  if (mayGo && !expired && (refusal || !claim.won)) rateLimiter.giveBack();
  if (!claim.won) return lost(job, claim.phase, ports);
  if (refusal) return refuse(message, refusal, ports);
  if (!mayGo) return putBack(job, ports);
  await send(job, ports);

  /** The claim comes last: whatever fails before it leaves the attempt to be claimed again. */
  async function check() {
    const suppressed = !expired && (await isSuppressed(message, ports));
    return { suppressed, claim: await claims.take(job) };
  }
}

const EXPIRED: Refusal = { code: "expired", description: "The message expired before it could be sent" };
const OPTED_OUT: Refusal = {
  code: "opted_out",
  description: "The person has opted out of messages from this sender",
};

/** The confirmation of an opt-out is the one message a person still gets after it. */
async function isSuppressed(message: OutboundMessage, { suppression }: DispatchPorts): Promise<boolean> {
  return message.purpose !== "confirmation" && (await suppression.isSuppressed(message.channel, message.to));
}

/** Told before it is marked: a crash in between leaves a message in doubt, never one that nobody hears of. */
async function refuse(message: OutboundMessage, refusal: Refusal, ports: DispatchPorts): Promise<void> {
  ports.log.warn({ msg_id: message.id, channel: message.channel, code: refusal.code }, "Message not sent");
  await ports.reporter.reportEventually(failedReport(message, refusal, ports.now()));
  ports.claims.mark(message, "refused");
}

/** Waits for a slot; false when none came within reach, and the message has to wait in the queue. */
async function turn({ rateLimiter, ackDelay }: DispatchPorts): Promise<boolean> {
  const wait = rateLimiter.reserve(ackDelay.hasRoom() ? ackDelay.longest() : 0);
  if (wait === 0) return true;
  if (wait !== undefined) return (await ackDelay.hold(wait)) && !rateLimiter.isClosed();
  await ackDelay.hold(ackDelay.longest());
  return false;
}

async function send(job: SendJob, ports: DispatchPorts): Promise<void> {
  const { message } = job;
  const { claims, sender, rateLimiter, conversations, log, now } = ports;
  const started = now();
  const line = `Sending ${LABEL[message.channel]} via Vonage: msg_id=${message.id}`;
  const about = { msg_id: message.id, attempt: job.attempt };
  if (message.channel === "whatsapp" && message.content.type === "template") {
    log.info(about, `execute { template: { name: '${message.content.template.name}' } }`);
  }
  try {
    const { vendorId } = await sender.send(message);
    claims.mark(message, "sent");
    rateLimiter.succeeded();
    conversations.remember(message, vendorId);
    log.info({ ...about, outcome: "accepted", message_uuid: vendorId, ms: now() - started }, line);
  } catch (thrown) {
    const error = asConnectorError(thrown);
    log.warn({ ...about, outcome: error.code, ms: now() - started, ...loggableDetail(error) }, line);
    await AFTER_FAILURE[failureOf(error)](job, error, ports);
  }
}

type AfterFailure = (job: SendJob, error: ConnectorError, ports: DispatchPorts) => Promise<void>;

/** What becomes of a message whose send failed. */
const AFTER_FAILURE: Record<SendFailure, AfterFailure> = {
  async refused({ message }, error, ports) {
    ports.rateLimiter.succeeded();
    const code = String(error.detail["vonageCode"] ?? error.code);
    const about = error.detail["reason"] === "template" ? { reason: "template" as const } : {};
    await refuse(message, { code, description: error.message, ...about }, ports);
  },
  async throttled(job, error, ports) {
    const seconds = error.detail["retryAfterSeconds"];
    ports.rateLimiter.throttled(typeof seconds === "number" ? seconds : undefined);
    await putBack(job, ports);
  },
  async transient(job, _error, ports) {
    await ports.ackDelay.hold(
      Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (job.attempt - 1)) * jitter(),
    );
    await putBack(job, ports);
  },
  async account(job, error, ports) {
    if (ports.rateLimiter.paused(ACCOUNT_PROBE_MS)) {
      ports.log.error(
        { msg_id: job.message.id, ...loggableDetail(error) },
        "Sending is paused, nothing is lost: Vonage refuses this account. Check its balance, its key and secret, and the application's private key",
      );
    }
    await putBack(job, ports);
  },
  async unknown(job, error, ports) {
    if (ports.rateLimiter.unanswered()) {
      ports.log.error(
        { msg_id: job.message.id, ...loggableDetail(error) },
        "Sending is paused: Vonage's answers do not arrive. One message is tried every few seconds",
      );
    }
    ports.claims.mark(job.message, `doubt:${job.attempt}`);
    await doubt(job, ports);
  },
};

/** What is not a SendFailure is an error of ours after the request may have left: nobody knows. */
const failureOf = ({ code }: ConnectorError): SendFailure =>
  Object.hasOwn(AFTER_FAILURE, code) ? (code as SendFailure) : "unknown";

/**
 * Hands the message over to a new attempt and so to a new claim. Only the owner of this attempt may: a second
 * delivery of this job finds the claim taken.
 */
async function putBack(job: SendJob, ports: DispatchPorts): Promise<void> {
  const next: SendJob = { kind: "send", attempt: job.attempt + 1, message: job.message };
  try {
    ports.claims.mark(job.message, `released:${job.attempt}`);
    await ports.queue.put(next);
  } catch (error) {
    // The queue will deliver this attempt again, and it must then be known that it was not sent.
    await ports.claims.settle(job.message, `released:${job.attempt}`).catch(() => undefined);
    throw error;
  }
}

/** Claims without an answer that a job remembers: an outage may last, and a job must stay small. */
const UNANSWERED = 6;

/** Without State nobody can own an attempt: the same attempt goes back, and its copies compete for one claim. */
async function unclaimed(job: SendJob, error: unknown, ports: DispatchPorts): Promise<"put back"> {
  ports.log.warn(
    { msg_id: job.message.id, ...loggableError(error) },
    "State is down: message put back unsent",
  );
  await ports.ackDelay.hold(ports.ackDelay.longest());
  const { token } = asConnectorError(error).detail;
  const unanswered = [...(job.unanswered ?? []), token].filter((known) => typeof known === "number");
  await ports.queue.put(unanswered.length > 0 ? { ...job, unanswered: unanswered.slice(-UNANSWERED) } : job);
  return "put back";
}

/** A second delivery of an attempt that somebody owns. */
async function lost(job: SendJob, phase: string | null, ports: DispatchPorts): Promise<void> {
  const about = { msg_id: job.message.id, attempt: job.attempt, phase };
  const fate = fateOf(job.attempt, phase);
  if (fate === "released") {
    ports.log.info(about, "Repeated delivery: its owner put it back");
    return putBack(job, ports);
  }
  if (fate === "over") {
    ports.log.info(about, "Repeated delivery: ignored");
    return;
  }
  ports.log.info(about, "Repeated delivery: its owner may have died, the outcome is in doubt");
  await doubt(job, ports, OWNER_PATIENCE_MS);
}

const LABEL = { whatsapp: "WhatsApp", sms: "SMS" } as const;

/** Vonage's words may quote the request, so of its answer only codes are logged. */
const loggableDetail = ({ detail }: ConnectorError) => detail;

const jitter = () => 0.75 + Math.random() / 2;
