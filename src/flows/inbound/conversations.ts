import type { Channel, OutboundMessage } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { messageField, replyDays, sentBucket } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import { formatSent, sentRecord } from "../insight/sent-record.ts";

/** A message of a platform that a person answered. */
export interface SentMessage {
  origin: string;
  id: string;
  to: string;
}

export interface Conversations {
  /** Remembers a message that was sent, so that an answer to it finds its way back, and its record: the attempt it was sent with. Not waited for. */
  remember(message: OutboundMessage, vendorId: string, attempt?: number): void;
  /** What an inbound message may answer, up to a week back. */
  find(sought: Sought): Promise<Found>;
}

/** Looked for together; what is not asked for costs nothing. */
export interface Sought {
  /** The vendor's id of the message that was quoted. */
  quotedVendorId?: string;
  /** Our sender, and the names of one person: the last message from the one to the other. */
  channel: Channel;
  sender: string;
  people: readonly string[];
}

export interface Found {
  quoted?: SentMessage;
  /** Not looked for any further than the quoted one was. */
  last?: SentMessage;
}

/** Most answers come within a day: only when nothing is found there are the other days asked. */
const RECENT_DAYS = 2;

/** The field of the last message from one to the other. */
const conversationField = (channel: Channel, sender: string, person: string) =>
  channel === "sms" ? `sms ${sender} ${person}` : `${sender} ${person}`;

/** What is sent by a name cannot be answered. */
const isAnswerable = (sender: string) => /^\d+$/.test(sender);

/** `hasChat` says of an origin that it is told whatever people write: an SMS is remembered for no other. */
export function createConversations(
  state: State,
  now: Clock,
  log: Log,
  hasChat: (origin: string) => boolean = () => false,
): Conversations {
  /** The newest entry of any of the fields; among those of one day, the first field's. */
  async function newest(
    days: readonly number[],
    fields: readonly string[],
  ): Promise<SentMessage | undefined> {
    const entries = await Promise.all(
      days.flatMap((day) => fields.map((field) => state.read(sentBucket(day), field))),
    );
    return parse(entries.find((entry) => entry !== null));
  }

  return {
    remember(message, vendorId, attempt = 1) {
      const { channel, origin, id, from, to } = message;
      const isKept = channel === "whatsapp" || (hasChat(origin) && isAnswerable(from));
      if (!isKept || message.purpose) return;
      const entry = `${origin} ${to} ${id}`;
      const entries: [field: string, value: string][] = [[conversationField(channel, from, to), entry]];
      // Nothing quotes an SMS.
      if (channel === "whatsapp") {
        const record = formatSent(sentRecord(message, attempt, vendorId, now()));
        entries.push([vendorId, entry], [messageField(origin, id), record]);
      }
      const bucket = sentBucket(now());
      Promise.all(entries.map(([field, value]) => state.write(bucket, field, value))).catch((error) =>
        log.warn({ msg_id: id, ...loggableError(error) }, "Message not remembered for its answers"),
      );
    },

    async find({ quotedVendorId, channel, sender, people }) {
      const days = replyDays(now());
      const conversation = people.map((person) => conversationField(channel, sender, person));
      const found: Found = {};
      for (const some of [days.slice(0, RECENT_DAYS), days.slice(RECENT_DAYS)]) {
        const [quoted, last] = await Promise.all([
          newest(some, quotedVendorId === undefined ? [] : [quotedVendorId]),
          newest(some, found.last ? [] : conversation),
        ]);
        found.quoted = quoted;
        found.last ??= last;
        if (quoted || (quotedVendorId === undefined && found.last)) break;
      }
      return found;
    },
  };
}

/** The id comes last: it alone may contain spaces. */
function parse(entry: string | null | undefined): SentMessage | undefined {
  const [, origin, to, id] = entry?.match(/^(\S+) (\S+) (.+)$/s) ?? [];
  return origin !== undefined && to !== undefined && id !== undefined ? { origin, to, id } : undefined;
}
