import { AUTO_REPLY_ORIGIN, type AutoReplyPurpose, type OutboundMessage } from "../../core/message.ts";
import type { JobQueue, State } from "../../core/ports.ts";
import type { InboundMessage } from "../../core/reply.ts";
import { DAY_MS, inboundBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Progress } from "./idempotency.ts";

export interface AutoReplyPorts {
  queue: JobQueue;
  state: State;
  messageTtlSeconds: number;
  now: Clock;
}

export interface AutoReplies {
  /** Answers an opt-out or opt-in, a few times a day and person at the most. */
  confirm(inbound: InboundMessage, person: string, text: string, progress: Progress): Promise<void>;
  /** Answers anything else, once in 24 hours and person. */
  answer(inbound: InboundMessage, person: string, text: string): Promise<void>;
}

/** A machine that answers every confirmation with a keyword is not answered for ever. */
const MOST_CONFIRMATIONS_A_DAY = 5;

/** What sends by a name or a short code is a machine, and cannot be answered. */
const PHONE_NUMBER = /^\d{7,15}$/;

const CONFIRMED = "confirmed";

export function createAutoReplies({ state, queue, messageTtlSeconds, now }: AutoReplyPorts): AutoReplies {
  const isAnswerable = ({ channel, from }: InboundMessage) =>
    channel === "whatsapp" || PHONE_NUMBER.test(from);

  /** A job like any other, paced and claimed; its id is the inbound message's, so it is sent once. */
  async function send(inbound: InboundMessage, text: string, purpose: AutoReplyPurpose): Promise<void> {
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

  /** True when this message is the one that gets the person's default reply of these 24 hours. */
  async function isFirst(inbound: InboundMessage, field: string): Promise<boolean> {
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

  return {
    async confirm(inbound, person, text, progress) {
      if (progress.isDone(CONFIRMED) || !isAnswerable(inbound)) return;
      const bucket = inboundBucket(now());
      const field = `${inbound.channel} ${person}#confirmations`;
      const count = Number(await state.read(bucket, field));
      if (count < MOST_CONFIRMATIONS_A_DAY) await send(inbound, text, "confirmation");
      // Both leave in one call: a confirmation that is done is counted.
      await Promise.all([progress.finish(CONFIRMED), state.write(bucket, field, String(count + 1))]);
    },
    async answer(inbound, person, text) {
      if (!isAnswerable(inbound) || !(await isFirst(inbound, `${inbound.channel} ${person}`))) return;
      await send(inbound, text, "default-reply");
    },
  };
}
