import { ownRefusal } from "../../core/codes.ts";
import type { SendJob } from "../../core/job.ts";
import { CHANNEL_LABEL, type OutboundMessage, type QueuedMessage } from "../../core/message.ts";
import type { FailedSend, OffloadPorts, Sender, SendResult } from "../../core/ports.ts";
import { failedReport, type Refusal } from "../../core/report.ts";
import { asConnectorError, loggableError } from "../../lib/errors.ts";
import { shownId } from "../../lib/log.ts";
import type { Runtime } from "../../lib/runtime.ts";
import type { Conversations } from "../inbound/conversations.ts";
import type { Suppression } from "../inbound/suppression.ts";
import type { Recorder } from "../insight/recorder.ts";
import type { Reporter } from "../status/report.ts";
import type { TemplateMismatches } from "../templates/mismatches.ts";
import type { AckDelay } from "./ack-delay.ts";
import type { Claim, Claims } from "./claims.ts";
import { CONTENT_LOST, contentOf, discardContent } from "./offloaded.ts";
import { fateOf, formatPhase, type Phase } from "./phase.ts";
import { type SendGate, waitForSlot } from "./send-gate.ts";
import { type AwaitOutcomePorts, awaitOutcome } from "./unknown-outcome.ts";

export interface SendPorts extends AwaitOutcomePorts, OffloadPorts {
  sender: Sender;
  claims: Pick<Claims, "claim" | "fate" | "mark" | "settle">;
  reporter: Pick<Reporter, "hasStatus" | "reportEventually">;
  suppression: Pick<Suppression, "isSuppressed">;
  conversations: Pick<Conversations, "remember">;
  mismatches: Pick<TemplateMismatches, "record">;
  recorder: Recorder;
  /** Those of the job's own queue. */
  gate: SendGate;
  ackDelay: AckDelay;
  random: Runtime["random"];
}

const BACKOFF_MS = { first: 500, most: 5_000 };
/** A message is the reason itself when it is refused so often while others are taken. */
const REFUSALS_TO_GIVE_UP = 3;
/** A second delivery may find the first one still sending: longer than a send can take. */
const OWNER_PATIENCE_MS = 20_000;

const EXPIRED = ownRefusal("expired");
const OPTED_OUT = ownRefusal("opted_out");

/** One delivery of one message: paced, checked, claimed and sent, or handed on so that nothing is lost or doubled. */
export async function dispatchMessage(job: SendJob, ports: SendPorts): Promise<void> {
  const { message } = job;
  const isExpired = ports.now() >= message.expiresAt;
  // Nothing has happened to it: the same attempt goes back, and its copies compete for one claim.
  if (!isExpired && !(await waitForSlot(job, ports.gate, ports.ackDelay)))
    return void (await ports.queue.put(job));

  const { refusal, claim } = await checkAndClaim(job, isExpired, ports);
  if (claim.outcome === "won" && !refusal) return sendContent(job, ports);
  // A slot that is not used is given to the next message.
  if (!isExpired) ports.gate.giveBack(message);
  if (claim.outcome === "unanswered") return putBackUnclaimed(job, claim, ports);
  if (claim.outcome === "lost") return repeatedDelivery(job, claim.phase, ports);
  if (refusal) return refuse(job, refusal, ports);
}

/** What its owner sends: the message with its content, wherever that is kept. */
async function sendContent(job: SendJob, ports: SendPorts): Promise<void> {
  const content = await contentOf(job.message, ports);
  if (content.outcome === "found") return send(job, content.message, ports);
  ports.gate.giveBack(job.message);
  if (content.outcome === "gone" && (await isReportedLost(job, ports))) return;
  await ports.ackDelay.wait(ports.ackDelay.longest());
  return putBack(job, ports);
}

/** Its content was put away when a copy of the message was settled, or it is lost. False when nobody can say now. */
async function isReportedLost(job: SendJob, ports: SendPorts): Promise<boolean> {
  const { message } = job;
  try {
    if (await ports.reporter.hasStatus(message.origin, message.id)) conclude(message, { is: "sent" }, ports);
    else await refuse(job, CONTENT_LOST, ports);
    return true;
  } catch (error) {
    ports.log.warn({ msg_id: message.id, ...loggableError(error) }, "A lost message cannot be reported now");
    return false;
  }
}

/** The claim comes last: whatever fails before it leaves the attempt to be claimed again. */
async function checkAndClaim(
  job: SendJob,
  isExpired: boolean,
  { suppression, claims }: SendPorts,
): Promise<{ refusal?: Refusal; claim: Claim }> {
  const { channel, to, purpose } = job.message;
  let refusal = isExpired ? EXPIRED : undefined;
  // The confirmation of an opt-out is the one message a person still gets after it.
  if (!refusal && purpose !== "opt-out-confirmation") {
    try {
      if (await suppression.isSuppressed(channel, to)) refusal = OPTED_OUT;
    } catch (error) {
      return { claim: { outcome: "unanswered", error } };
    }
  }
  return { refusal, claim: await claims.claim(job) };
}

/** Reported before it is marked: a crash in between leaves an unknown outcome, never a message that nobody hears of. */
async function refuse({ message, attempt }: SendJob, refusal: Refusal, ports: SendPorts): Promise<void> {
  await ports.reporter.reportEventually(failedReport(message, refusal, ports.now()));
  ports.recorder.notSent(message, refusal.code, attempt);
  conclude(message, { is: "refused" }, ports);
}

/** The message is settled. Its content goes once that is remembered: whoever comes later must not miss both. */
function conclude(message: QueuedMessage, phase: Phase, ports: SendPorts): void {
  void ports.claims.mark(message, phase).then((isRemembered) => {
    if (isRemembered) discardContent(message, ports);
  });
}

async function send(job: SendJob, message: OutboundMessage, ports: SendPorts): Promise<void> {
  const { sender, gate, conversations, mismatches, log, now } = ports;
  const started = now();
  const line = `Sending ${CHANNEL_LABEL[message.channel]} via Vonage: msg_id=${shownId(message.id)}`;
  const about = { msg_id: message.id, attempt: job.attempt };
  const isFollowed = log.follows(message.id);
  if (isFollowed && message.channel === "whatsapp" && message.content.type === "template") {
    log.info(about, `execute { template: { name: '${message.content.template.name}' } }`);
  }
  await mismatches.record(message);
  const ended = gate.begin(job);
  const { result, word } = await sendOnce(message, sender);
  ended(result);
  const ms = now() - started;
  if (result.outcome !== "accepted") {
    log.warn({ ...about, outcome: word, ms, ...result.facts }, line);
    return afterFailure(job, result, ports);
  }
  conclude(job.message, { is: "sent" }, ports);
  ports.recorder.sent(message, job.attempt, result.vendorId);
  conversations.remember(message, result.vendorId, job.attempt);
  if (isFollowed) log.info({ ...about, outcome: word, message_uuid: result.vendorId, ms }, line);
}

/** An error of ours may have come after the request left: nobody knows. `word` is the outcome's, for the log. */
async function sendOnce(
  message: OutboundMessage,
  sender: Sender,
): Promise<{ result: SendResult; word: string }> {
  try {
    const result = await sender.send(message);
    return { result, word: result.outcome };
  } catch (thrown) {
    const { code, detail } = asConnectorError(thrown);
    return { result: { outcome: "unknown", facts: detail }, word: code };
  }
}

/** What becomes of a message whose send failed. */
async function afterFailure(job: SendJob, result: FailedSend, ports: SendPorts): Promise<void> {
  switch (result.outcome) {
    case "refused":
      return refuse(job, result, ports);
    case "throttled":
    case "transient": {
      const backoff = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (job.attempt - 1));
      await ports.ackDelay.wait(backoff * jitter(ports.random()));
      return putBack(job, ports);
    }
    case "account": {
      const { times = 0, at = 0 } = job.refusals ?? {};
      const refusals = {
        times:
          times === 0 || ports.gate.othersPassedSince(at, job.message, result.concerns) ? times + 1 : times,
        at: ports.now(),
      };
      if (refusals.times >= REFUSALS_TO_GIVE_UP) return refuse(job, result, ports);
      return putBack(job, ports, refusals);
    }
    case "unknown":
      void ports.claims.mark(job.message, { is: "unknown", attempt: job.attempt });
      return awaitOutcome(job, ports);
  }
}

const jitter = (random: number) => 0.75 + random / 2;

/**
 * Hands the message over to a new attempt and so to a new claim. Only the owner of this attempt may: a second
 * delivery of this job finds the claim taken.
 */
async function putBack(
  { message, attempt, refusals }: SendJob,
  { claims, queue }: SendPorts,
  newRefusals = refusals,
): Promise<void> {
  try {
    void claims.mark(message, { is: "released", attempt });
    await queue.put({ kind: "send", attempt: attempt + 1, message, refusals: newRefusals });
  } catch (error) {
    // The queue will deliver this attempt again, and it must then be known that it was not sent.
    await claims.settle(message, { is: "released", attempt }).catch(() => undefined);
    throw error;
  }
}

/** Numbers of claims without an answer that a job remembers: an outage may last, and a job must stay small. */
const MOST_UNANSWERED = 6;

/** The oldest are kept as their sum: in an outage State counted all of them, or none. */
function remember(tokens: readonly number[]): number[] {
  const [first = 0, second = 0, ...others] = tokens;
  return tokens.length > MOST_UNANSWERED ? [first + second, ...others] : [...tokens];
}

/** Without State nobody can own an attempt: the same attempt goes back, and its copies compete for one claim. */
async function putBackUnclaimed(
  job: SendJob,
  { token, error }: Extract<Claim, { outcome: "unanswered" }>,
  { log, ackDelay, queue }: SendPorts,
): Promise<void> {
  log.warn({ msg_id: job.message.id, ...loggableError(error) }, "State is down: message put back unsent");
  await ackDelay.wait(ackDelay.longest());
  if (token === undefined) return void (await queue.put(job));
  const unanswered = remember([...(job.unanswered ?? []), token]);
  await queue.put({ ...job, unanswered });
}

/** A second delivery of an attempt that somebody owns. */
async function repeatedDelivery(job: SendJob, phase: Phase | undefined, ports: SendPorts): Promise<void> {
  const { message, attempt } = job;
  const about = { msg_id: message.id, attempt, phase: phase ? formatPhase(phase) : null };
  switch (fateOf(attempt, phase)) {
    case "released":
      ports.log.info(about, "Repeated delivery: its owner put it back");
      // Copies put themselves back as often as each other: late, so that they meet, or find the message settled.
      await ports.ackDelay.wait(ports.ackDelay.longest());
      if ((await ports.claims.fate(job)) === "over") return;
      return putBack(job, ports);
    case "over":
      ports.log.info(about, "Repeated delivery: ignored");
      if (phase && !("attempt" in phase)) discardContent(message, ports);
      return;
    case "open":
      ports.log.info(about, "Repeated delivery: its owner may have died, the outcome is in doubt");
      return awaitOutcome(job, ports, OWNER_PATIENCE_MS);
  }
}
