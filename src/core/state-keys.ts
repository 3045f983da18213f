import type { QueuePurpose } from "./job.ts";
import type { Channel } from "./message.ts";
import type { Bucket } from "./ports.ts";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/**
 * What the flows keep in State, with its lifetime in seconds. Named where they are used: long ids (`ref:`),
 * offloaded jobs (`job:`), locks (`lock:`) and subscriptions (`listeners`).
 */

const CLAIM_HOURS = 12;
/** A platform's repetition of a request is recognised this much later, at least. */
const REPEAT_HOURS = 2;

const claimBucket = (at: number): Bucket => ({
  key: `claims:${Math.floor(at / (CLAIM_HOURS * HOUR_MS))}`,
  ttl: (48 + CLAIM_HOURS) * 3_600,
  scope: "instance",
  unhurried: true,
});

/**
 * Where a message accepted then is claimed, in this order, and where its phase stands: its own half day, and before
 * it, for the first two hours of one, the half day before, where a copy that was accepted earlier has its claim. A
 * message lives a day at the most, and is settled the day after.
 */
export function claimBuckets(acceptedAt: number): Bucket[] {
  const [before, own] = [claimBucket(acceptedAt - REPEAT_HOURS * HOUR_MS), claimBucket(acceptedAt)];
  return before.key === own.key ? [own] : [before, own];
}

/** The story of a message can be told for so long. */
const STORY_DAYS = 7;
const REPORTED_DAYS = 4;

/** What is known of the statuses of each message, by when it became known. */
export const reportedBucket = (at: number): Bucket => ({
  key: `reported:${Math.floor(at / (REPORTED_DAYS * DAY_MS))}`,
  ttl: (REPORTED_DAYS + STORY_DAYS) * 24 * 3_600,
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
  unhurried: true,
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

const HELD_DAYS = 30;

/** The jobs that a queue gave up on, by the month in which they were found: they are kept for a month at least. */
export const heldBucket = (purpose: QueuePurpose, foundAt: number): Bucket => ({
  key: `held:${purpose}:${Math.floor(foundAt / (HELD_DAYS * DAY_MS))}`,
  ttl: 2 * HELD_DAYS * 24 * 3_600,
  scope: "instance",
});

/** The moments whose buckets may hold one now. */
export const heldMonths = (at: number): number[] => [at, at - HELD_DAYS * DAY_MS];

/** Which replica looks after the dead letters, and what it found last. */
export const DEAD_LETTERS: Bucket = { key: "dead-letters", ttl: null, scope: "instance" };

/** Says that this is the State that the connector knew, by the name of the instance. */
export const markBucket = (scope: Bucket["scope"]): Bucket => ({ key: "mark", ttl: null, scope });

const FIGURES_DAYS = 14;

/** What was counted, by the day since the epoch: a field for each hour and process, with the process's own sums. */
export const figuresBucket = (day: number): Bucket => ({
  key: `figures:${day}`,
  ttl: (FIGURES_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The days of which there are figures, newest first. */
export const figuresDays = (at: number): number[] =>
  Array.from({ length: FIGURES_DAYS + 1 }, (_, days) => Math.floor(at / DAY_MS) - days);

/** The latest failures, by the day since the epoch: a field for each process. */
export const failuresBucket = (day: number): Bucket => ({
  key: `failures:${day}`,
  ttl: (STORY_DAYS + 1) * 24 * 3_600,
  scope: "instance",
});

/** The days of which there are failures, newest first. */
export const failuresDays = (at: number): number[] =>
  Array.from({ length: STORY_DAYS + 1 }, (_, days) => Math.floor(at / DAY_MS) - days);

/** The processes that were heard of lately, by their ids. */
export const REPLICAS: Bucket = { key: "replicas", ttl: 7 * 24 * 3_600, scope: "instance" };

/** Which replica tells alerts, and which it has told. */
export const ALERTS: Bucket = { key: "alerts", ttl: 7 * 24 * 3_600, scope: "instance" };

/** When each platform channel was last known to be on, by its tag. */
export const CHANNELS_ON: Bucket = { key: "channels-on", ttl: 7 * 24 * 3_600, scope: "instance" };
