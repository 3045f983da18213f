import { AUTO_REPLY_ORIGIN, type AutoReplyPurpose, type OutboundMessage } from "../../core/message.ts";
import type { JobQueue, State } from "../../core/ports.ts";
import type { InboundMessage, ReplyKind } from "../../core/reply.ts";
import { DAY_MS, inboundBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Progress } from "./idempotency.ts";
import type { Author } from "./identify.ts";
import type { Suppression } from "./suppression.ts";

export interface AutoReplyPorts {
  /** An absent one is not sent. */
  texts: { optOut?: string; optIn?: string; other?: string };
  suppression: Suppression;
  queue: JobQueue;
  state: State;
  messageTtlSeconds: number;
  now: Clock;
}

/** A machine that answers every confirmation with a keyword is not answered for ever. */
const MOST_CONFIRMATIONS_A_DAY = 5;

/** What sends by a name or a short code is a machine, and cannot be answered. */
const PHONE_NUMBER = /^\d{7,15}$/;

const CONFIRMED = "confirmed";

/**
 * Confirms an opt-out or opt-in, a few times a day and person at the most, and gives any other text the default
 * reply, once in 24 hours and person.
 */
export async function autoReply(
  kind: ReplyKind,
  inbound: InboundMessage,
  author: Author,
  progress: Progress,
  ports: AutoReplyPorts,
): Promise<void> {
  if (inbound.channel !== "whatsapp" && !PHONE_NUMBER.test(inbound.from)) return;
  switch (kind) {
    case "opt_out":
      return confirm("opt-out-confirmation", inbound, author, progress, ports);
    case "opt_in":
      return confirm("opt-in-confirmation", inbound, author, progress, ports);
    case "button":
      return;
    case "other":
      return sendDefault(inbound, author, ports.texts.other, ports);
  }
}

async function confirm(
  purpose: "opt-out-confirmation" | "opt-in-confirmation",
  inbound: InboundMessage,
  { names: [person] }: Author,
  progress: Progress,
  ports: AutoReplyPorts,
): Promise<void> {
  const text = purpose === "opt-out-confirmation" ? ports.texts.optOut : ports.texts.optIn;
  if (!text || progress.isDone(CONFIRMED)) return;
  const { state, now } = ports;
  const bucket = inboundBucket(now());
  const field = `${inbound.channel} ${person}#confirmations`;
  const count = Number(await state.read(bucket, field));
  if (count < MOST_CONFIRMATIONS_A_DAY) await send(inbound, text, purpose, ports);
  // Both leave in one call: a confirmation that is done is counted.
  await Promise.all([progress.finish(CONFIRMED), state.write(bucket, field, String(count + 1))]);
}

async function sendDefault(
  inbound: InboundMessage,
  { names }: Author,
  text: string | undefined,
  ports: AutoReplyPorts,
): Promise<void> {
  const { channel, content } = inbound;
  // A photo or a thumbs-up asks nothing: only words are answered with words.
  if (!text || content.type !== "text") return;
  const optedOut = await Promise.all(names.map((name) => ports.suppression.isSuppressed(channel, name)));
  if (optedOut.includes(true)) return;
  if (await isFirst(inbound, `${channel} ${names[0]}`, ports))
    await send(inbound, text, "default-reply", ports);
}

/** True when this message is the one that gets the person's default reply of these 24 hours. */
async function isFirst(
  inbound: InboundMessage,
  field: string,
  { state, now }: AutoReplyPorts,
): Promise<boolean> {
  const [today, yesterday] = await Promise.all(
    [now(), now() - DAY_MS].map((day) => state.read(inboundBucket(day), field)),
  );
  const [at, id] = (today ?? yesterday)?.split(" ") ?? [];
  if (at !== undefined && now() - Number(at) < DAY_MS) return id === inbound.id;
  const bucket = inboundBucket(now());
  if ((await state.increment(bucket, `${field}#default`)) > 1) {
    // Whoever counted before has written its message down, or died before it could.
    if ((await state.read(bucket, field)) !== null) return false;
  }
  await state.write(bucket, field, `${now()} ${inbound.id}`);
  return true;
}

/** A job like any other, paced and claimed; its id is the inbound message's, so it is sent once. */
async function send(
  inbound: InboundMessage,
  text: string,
  purpose: AutoReplyPurpose,
  { queue, messageTtlSeconds, now }: AutoReplyPorts,
): Promise<void> {
  const envelope = {
    id: inbound.id,
    origin: AUTO_REPLY_ORIGIN,
    purpose,
    from: inbound.to,
    to: inbound.from,
    // Not the present: a repeat must find the claim of the first.
    acceptedAt: inbound.at,
    expiresAt: now() + messageTtlSeconds * 1_000,
  };
  const message: OutboundMessage =
    inbound.channel === "whatsapp"
      ? { ...envelope, channel: "whatsapp", content: { type: "text", text } }
      : { ...envelope, channel: "sms", text };
  await queue.put({ kind: "send", attempt: 1, message });
}
