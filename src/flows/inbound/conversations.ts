import type { OutboundMessage } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { replyDays, sentBucket } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

/** A message of a platform that a person answered. */
export interface SentMessage {
  origin: string;
  id: string;
  to: string;
}

export interface Correlation {
  /** Remembers a message that was sent, so that an answer to it finds its way back. Not waited for. */
  remember(message: OutboundMessage, vendorId: string): void;
  /** The message a vendor's id stands for, up to a week back. */
  byVendorId(vendorId: string): Promise<SentMessage | undefined>;
  /** The last message from that sender to that person, up to a week back. */
  lastTo(sender: string, person: string): Promise<SentMessage | undefined>;
}

export function createCorrelation(state: State, now: Clock, log: Log): Correlation {
  const newest = (entries: (string | null)[]) => parse(entries.find((entry) => entry !== null));
  const lookUp = (field: string) =>
    Promise.all(replyDays(now()).map((day) => state.read(sentBucket(day), field)));

  return {
    remember(message, vendorId) {
      // SMS answers quote nothing and are told without naming a message.
      if (message.channel !== "whatsapp" || message.purpose) return;
      const entry = `${message.origin} ${message.to} ${message.id}`;
      Promise.all([
        state.write(sentBucket(now()), vendorId, entry),
        state.write(sentBucket(now()), `${message.from} ${message.to}`, entry),
      ]).catch((error) =>
        log.warn({ msg_id: message.id, ...loggableError(error) }, "Message not remembered for its answers"),
      );
    },
    byVendorId: async (vendorId) => newest(await lookUp(vendorId)),
    lastTo: async (sender, person) => newest(await lookUp(`${sender} ${person}`)),
  };
}

/** The id comes last: it alone may contain spaces. */
function parse(entry: string | null | undefined): SentMessage | undefined {
  const [, origin, to, id] = entry?.match(/^(\S+) (\S+) (.+)$/s) ?? [];
  return origin !== undefined && to !== undefined && id !== undefined ? { origin, to, id } : undefined;
}
