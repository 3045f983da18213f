import { AUTO_REPLY_ORIGIN, type OutboundMessage, type QueuedMessage } from "../../core/message.ts";
import type { DeliveryStatus } from "../../core/report.ts";
import { messageField } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";
import { createRecent } from "./recent.ts";
import { createRefusedSends, type RefusedSend } from "./refused-sends.ts";
import { formatSent, type SentRecord, sentRecord, templateOf } from "./sent-record.ts";
import { keyOf, namesOf, type RowNames } from "./sums.ts";
import { createTally, hourOf, type Place, type Tally } from "./tally.ts";

/**
 * Counts what becomes of messages, without a call of anybody: each in the hour in which it was accepted, once for
 * every stage that it reaches. Best effort where only State could tell: a request that a platform repeats to another
 * replica, or a status that reaches two replicas in one moment, counts twice.
 */
export interface Recorder {
  /** The queue has it. */
  accepted(message: OutboundMessage): void;
  /** Taken back when its repetition is accepted. */
  refused(refusal: RefusedSend): void;
  /** Vonage took it. */
  sent(message: OutboundMessage, attempt: number, vendorId: string): void;
  /** It failed without having been sent, or nobody knows; or its person has opted out. */
  notSent(message: QueuedMessage, code: string, attempt: number): void;
  /** Nobody knows whether Vonage took it; and from then on, somebody does. */
  doubted(message: QueuedMessage, attempt: number): void;
  settled(message: QueuedMessage): void;
  /** A platform has taken reports. */
  reported(tag: string): void;
  /** A status of Vonage, with those that were known of its message before. */
  status(status: HeardStatus): void;
}

export interface HeardStatus {
  origin: string;
  id: string;
  status: DeliveryStatus;
  /** Our number or name, as the status has it. */
  sender: string;
  code: string | undefined;
  /** When it was heard, milliseconds since the epoch. */
  at: number;
  known: readonly DeliveryStatus[];
}

/** A message's end: the first status that says that it arrived, or that it failed. Times in milliseconds since the epoch. */
export interface MessageEnd {
  tag: string;
  id: string;
  template: string;
  outcome: "delivered" | "failed" | "optedOut";
  code: string | undefined;
  at: number;
  /** Undefined where nothing but the status is known of the message. */
  acceptedAt?: number | undefined;
  /** Undefined where it was not sent. */
  sentAt?: number | undefined;
  attempt?: number | undefined;
  vendorId?: string | undefined;
}

/** Counts nothing. */
export const noRecorder: Recorder = {
  accepted: () => undefined,
  refused: () => undefined,
  sent: () => undefined,
  notSent: () => undefined,
  doubted: () => undefined,
  settled: () => undefined,
  reported: () => undefined,
  status: () => undefined,
};

/** When something last happened on a platform channel, milliseconds since the epoch. */
export interface LastTimes {
  accepted?: number;
  sent?: number;
  status?: number;
  report?: number;
}

/** What is known of how a message was sent. */
type Sending = Pick<MessageEnd, "acceptedAt" | "sentAt" | "attempt" | "vendorId">;

/** What was counted and not yet written; the journal takes it from here. */
export interface Counted extends Pick<Tally, "hours" | "failures"> {
  /** Records of sent messages that are not written with anything else. */
  notes: [field: string, record: string][];
  /** Statuses of messages that this process has not sent: where they count stands in State. */
  pending: HeardStatus[];
  /** By tag. */
  last: Map<string, LastTimes>;
  /** Counts a status whose record was found, or never will be. */
  place(status: HeardStatus, record: SentRecord | undefined): void;
}

const REMEMBERED = 20_000;
const MOST_PENDING = 20_000;
const MOST_NOTES = 20_000;

/** The stages a status says a message has reached, as bits. */
const BITS = { sent: 1, delivered: 2, read: 4, failed: 8 };
const REACHED: Record<DeliveryStatus, number> = {
  sent: BITS.sent,
  delivered: BITS.sent | BITS.delivered,
  read: BITS.sent | BITS.delivered | BITS.read,
  failed: BITS.sent | BITS.failed,
};
const ENDS = BITS.delivered | BITS.failed;
const STATUSES = Object.keys(BITS) as DeliveryStatus[];

const OPTED_OUT = "opted_out";

/** `ended` is told once of each message's end. */
export function createRecorder(
  now: Clock,
  ended: (end: MessageEnd) => void = () => undefined,
): Recorder & { counted: Counted } {
  const tally = createTally(now);
  const refusedSends = createRefusedSends(tally);
  const notes: Counted["notes"] = [];
  const pending: HeardStatus[] = [];
  const last = new Map<string, LastTimes>();
  const accepted = createRecent<true>(REMEMBERED);
  const places = createRecent<Place & Sending & { isDoubted: boolean }>(REMEMBERED);

  function happened(tag: string, what: keyof LastTimes): void {
    const times = last.get(tag) ?? {};
    times[what] = now();
    last.set(tag, times);
  }

  const placeOf = (message: QueuedMessage): Place => ({
    hour: hourOf(message.acceptedAt),
    key: keyFor(message),
  });
  // A campaign is many messages of one row.
  let latest = { ...unnamed("", ""), key: "" };
  function keyFor(message: QueuedMessage): string {
    const { template, language } = templateOf(message);
    const { origin: tag, from: sender } = message;
    const isSame =
      latest.template === template &&
      latest.language === language &&
      latest.sender === sender &&
      latest.tag === tag;
    if (isSame && latest.key !== "") return latest.key;
    latest = { tag, sender, language, template, key: keyOf({ tag, sender, language, template }) };
    return latest.key;
  }
  const isCounted = ({ origin }: { origin: string }) => origin !== AUTO_REPLY_ORIGIN;

  /** `isSentToo`: nothing but the status shows that the message was sent. */
  function reach(heard: HeardStatus, place: Place & Sending, isSentToo: boolean): void {
    const { status, known, code, id } = heard;
    // Failed alone is then the connector's own word, who gave it up: it says nothing of sending.
    const wasGivenUp = isSentToo && status !== "failed" && known.length === 1 && known[0] === "failed";
    const before = wasGivenUp ? BITS.failed : known.reduce((bits, other) => bits | REACHED[other], 0);
    // As for its platform: who has it has it, whatever comes late.
    if (status === "failed" && (before & BITS.delivered) !== 0) return;
    const reached = REACHED[status] & ~before & ~(isSentToo ? 0 : BITS.sent);
    for (const stage of STATUSES) {
      if ((reached & BITS[stage]) === 0) continue;
      if (stage === "failed") tally.fail(place, stage, code ?? "unknown", id);
      else tally.add(place, stage);
    }
    if (wasGivenUp) tally.add(place, "unsent", -1);
    if ((REACHED[status] & ENDS) === 0 || (before & ENDS) !== 0) return;
    if (status === "failed") tellEnd(place, id, heard.at, "failed", code ?? "unknown");
    else tellEnd(place, id, heard.at, "delivered", undefined);
  }

  function tellEnd(
    { key, acceptedAt, sentAt, attempt, vendorId }: Place & Sending,
    id: string,
    at: number,
    outcome: MessageEnd["outcome"],
    code: string | undefined,
  ): void {
    const { tag, template } = namesOf(key);
    ended({ tag, id, template, outcome, code, at, acceptedAt, sentAt, attempt, vendorId });
  }

  function place(status: HeardStatus, record: SentRecord | undefined): void {
    const { origin: tag, sender } = status;
    const at = hourOf(record?.acceptedAt ?? now());
    const names = record ? { tag, ...record } : unnamed(tag, sender);
    const sending = record && { ...record, sentAt: record.at };
    reach(
      status,
      { ...sending, hour: at, key: keyOf(names) },
      record !== undefined && record.vendorId === undefined,
    );
  }

  function remember(message: QueuedMessage, isDoubted: boolean, attempt: number, vendorId?: string): Place {
    const { acceptedAt } = message;
    const hour = hourOf(acceptedAt);
    const place = { hour, key: keyFor(message), acceptedAt, sentAt: now(), attempt, vendorId, isDoubted };
    places.set(messageField(message.origin, message.id), place);
    return place;
  }

  function note(message: QueuedMessage, record: SentRecord): void {
    const { vendorId } = record;
    const field = messageField(message.origin, message.id);
    if (notes.length >= MOST_NOTES) return;
    notes.push([field, formatSent(record)]);
    if (vendorId !== undefined) notes.push([vendorId, `${message.origin} - ${message.id}`]);
  }

  return {
    counted: { hours: tally.hours, failures: tally.failures, notes, pending, last, place },
    accepted(message) {
      const field = messageField(message.origin, message.id);
      if (!isCounted(message)) return;
      happened(message.origin, "accepted");
      if (accepted.get(field)) return;
      accepted.set(field, true);
      refusedSends.takeBack(message);
      tally.add(placeOf(message), "accepted");
    },
    refused(refusal) {
      const { tag, id, message } = refusal;
      // What a platform repeats though it was taken is not refused, whatever this one is answered.
      if (id !== undefined && accepted.get(messageField(tag, id))) return;
      const key = message ? placeOf(message).key : keyOf(unnamed(tag, ""));
      refusedSends.add(refusal, { hour: hourOf(now()), key });
    },
    sent(message, attempt, vendorId) {
      if (!isCounted(message)) return;
      happened(message.origin, "sent");
      tally.add(remember(message, false, attempt, vendorId), "sent");
      // Those of WhatsApp are written together with what their answers need.
      if (message.channel !== "whatsapp") note(message, sentRecord(message, attempt, vendorId, now()));
    },
    notSent(message, code, attempt) {
      if (!isCounted(message)) return;
      const { id, acceptedAt } = message;
      const place = placeOf(message);
      const outcome = code === OPTED_OUT ? "optedOut" : "failed";
      tellEnd({ ...place, acceptedAt, attempt }, id, now(), outcome, code);
      if (code === OPTED_OUT) return tally.fail(place, "optedOut", code, message.id);
      tally.fail(place, "failed", code, message.id);
      tally.add(place, "unsent");
    },
    doubted(message, attempt) {
      if (!isCounted(message)) return;
      tally.add(remember(message, true, attempt), "doubted");
      note(message, sentRecord(message, attempt, undefined, now()));
    },
    settled(message) {
      if (isCounted(message)) tally.add(placeOf(message), "settled");
    },
    reported: (tag) => happened(tag, "report"),
    status(status) {
      happened(status.origin, "status");
      if (status.known.includes(status.status)) return;
      const known = places.get(messageField(status.origin, status.id));
      if (known) {
        reach(status, known, known.isDoubted);
        known.isDoubted = false;
      } else if (pending.length < MOST_PENDING) pending.push(status);
      else place(status, undefined);
    },
  };
}

const unnamed = (tag: string, sender: string): RowNames => ({ tag, sender, language: "", template: "" });
