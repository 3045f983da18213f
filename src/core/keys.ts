import type { Channel } from "./message.ts";
import type { Bucket } from "./ports.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Every key kept in State, with its lifetime in seconds. Long ids (`ref:`) and parked jobs (`job:`) are keys of their own. */

/** Claims and phases of the messages accepted in that hour; a message lives a day at the most, and is settled the day after. */
export const claimBucket = (acceptedAt: number): Bucket => ({
  key: `claims:${Math.floor(acceptedAt / HOUR_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});

/** The statuses that a platform has been told, by the day they were told. */
export const reportedBucket = (at: number): Bucket => ({
  key: `reported:${Math.floor(at / DAY_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});

/** A message's field in these buckets: ids are unique within a platform channel only. */
export const messageField = (origin: string, id: string) => `${origin}:${id}`;

const REPLY_DAYS = 8;

/** Which message a vendor's id stands for, by the day it was sent: taps come up to a week later. */
export const vendorIdBucket = (at: number): Bucket => ({
  key: `vendor:${Math.floor(at / DAY_MS)}`,
  ttl: (REPLY_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The last message sent from a sender to a person, by the day it was sent. */
export const lastMessageBucket = (at: number): Bucket => ({
  key: `last:${Math.floor(at / DAY_MS)}`,
  ttl: (REPLY_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The days on which a message that is answered now may have been sent, newest first. */
export const replyDays = (at: number): number[] =>
  Array.from({ length: REPLY_DAYS }, (_, days) => at - days * DAY_MS);

/** How far an inbound message was handled, by the day it was. */
export const inboundBucket = (at: number): Bucket => ({
  key: `inbound:${Math.floor(at / DAY_MS)}`,
  ttl: 72 * 3_600,
  scope: "instance",
});

/** Who got an auto-reply that day. */
export const autoReplyBucket = (at: number): Bucket => ({
  key: `auto-replies:${Math.floor(at / DAY_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});

/** Who said stop, for ever, and for every instance of the account. */
export const suppressionBucket = (channel: Channel): Bucket => ({
  key: `suppressed:${channel}`,
  ttl: null,
  scope: "account",
});

/** Two names of one person, a phone number and a WhatsApp user id, each leading to the other. */
export const personBucket: Bucket = { key: "people:whatsapp", ttl: null, scope: "account" };

export const DAY = DAY_MS;

/** The last good list of a WhatsApp Business Account's templates, and the account that holds a number. */
export const catalogKey = (wabaId: string) => `templates:${wabaId}`;
export const wabaKey = (number: string) => `waba:${number}`;

/** What was found to differ between a send and its template, by the day it was sent; kept only when something did. */
export const driftBucket = (at: number): Bucket => ({
  key: `drift:${Math.floor(at / DAY_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});
