import type { Channel } from "./message.ts";
import type { Bucket } from "./ports.ts";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/**
 * What the flows keep in State, with its lifetime in seconds. Named where they are used: long ids (`ref:`),
 * offloaded jobs (`job:`), locks (`lock:`), subscriptions (`listeners`) and dead letters put back (`replayed:`).
 */

const CLAIM_HOURS = 6;

/** Claims and phases of the messages accepted then; a message lives a day at the most, and is settled the day after. */
export const claimBucket = (acceptedAt: number): Bucket => ({
  key: `claims:${Math.floor(acceptedAt / (CLAIM_HOURS * HOUR_MS))}`,
  ttl: (48 + CLAIM_HOURS) * 3_600,
  scope: "instance",
});

/** The other bucket that may hold the claim of the same request, made up to an hour before or after. */
export function claimBucketBeside(acceptedAt: number): Bucket | undefined {
  const { key } = claimBucket(acceptedAt);
  return [claimBucket(acceptedAt - HOUR_MS), claimBucket(acceptedAt + HOUR_MS)].find(
    (near) => near.key !== key,
  );
}

const REPORTED_DAYS = 4;

/** What is known of the statuses of each message, by when it became known. */
export const reportedBucket = (at: number): Bucket => ({
  key: `reported:${Math.floor(at / (REPORTED_DAYS * DAY_MS))}`,
  ttl: (REPORTED_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The buckets that know what was so in the last day, the time Vonage goes on repeating a webhook; the newest first. */
export function reportedBuckets(at: number): Bucket[] {
  const [newest, dayBefore] = [reportedBucket(at), reportedBucket(at - DAY_MS)];
  return newest.key === dayBefore.key ? [newest] : [newest, dayBefore];
}

/** A message's field in these buckets: ids are unique within a platform channel only. */
export const messageField = (origin: string, id: string) => `${origin}:${id}`;

const REPLY_DAYS = 8;

/**
 * What was sent, by the day: which message a vendor's id stands for, and which was the last from a sender to a
 * person. Taps come up to a week later.
 */
export const sentBucket = (at: number): Bucket => ({
  key: `sent:${Math.floor(at / DAY_MS)}`,
  ttl: (REPLY_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The days on which a message that is answered now may have been sent, newest first. */
export const replyDays = (at: number): number[] =>
  Array.from({ length: REPLY_DAYS }, (_, days) => at - days * DAY_MS);

/** How far the inbound messages were handled, and who got an auto-reply, by the day it was. */
export const inboundBucket = (at: number): Bucket => ({
  key: `inbound:${Math.floor(at / DAY_MS)}`,
  ttl: 72 * 3_600,
  scope: "instance",
});

/** Who said stop, for ever, and for every instance of the account. */
export const suppressionBucket = (channel: Channel): Bucket => ({
  key: `suppressed:${channel}`,
  ttl: null,
  scope: "account",
});

const PEOPLE_DAYS = 30;

/**
 * Two names of one person, a phone number and a WhatsApp user id, each leading to the other: kept for one to two
 * months after they were last seen together, because nearly everybody who gets a message is in here.
 */
export const peopleBucket = (at: number): Bucket => ({
  key: `people:whatsapp:${Math.floor(at / (PEOPLE_DAYS * DAY_MS))}`,
  ttl: 2 * PEOPLE_DAYS * 24 * 3_600,
  scope: "account",
});

/** The moments whose buckets may know a person, newest first. */
export const peopleMonths = (at: number): number[] => [at, at - PEOPLE_DAYS * DAY_MS];

/** The last good list of a WhatsApp Business Account's templates, and the account that holds a number. */
export const catalogKey = (wabaId: string) => `templates:${wabaId}`;
export const wabaKey = (number: string) => `waba:${number}`;

/** What was found to differ between a send and its template, by the day it was sent; kept only when something did. */
export const mismatchBucket = (at: number): Bucket => ({
  key: `mismatches:${Math.floor(at / DAY_MS)}`,
  ttl: 48 * 3_600,
  scope: "instance",
});
