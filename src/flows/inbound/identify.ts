import { saidBy } from "../../core/consent.ts";
import type { InboundMessage, ReplyKind } from "../../core/reply.ts";
import type { Conversations, SentMessage } from "./conversations.ts";
import type { Names, Suppression } from "./suppression.ts";

/** Who wrote, and what it answers. */
export interface Author {
  /** Every name they are known under, the phone number first where it is known. */
  names: [string, ...string[]];
  /** Two of these names that this message shows to be one person's. */
  learned?: Names;
  /** The message of ours that was quoted. */
  quoted?: SentMessage;
  /**
   * The message of ours that is answered: the quoted one, else the last one sent: for a word of consent on WhatsApp, and
   * for whatever is written where a platform has a chat.
   */
  answered?: SentMessage;
}

/**
 * Whoever hides the number is known by the message they answer, or by what was learned of them before, or by their
 * id alone. `hasChat`: some platform is told whatever people write on this channel.
 */
export async function identify(
  inbound: InboundMessage,
  kind: ReplyKind,
  { suppression, conversations }: { suppression: Suppression; conversations: Conversations },
  hasChat: boolean,
): Promise<Author> {
  const { channel, from, userId, quotedVendorId, to: sender } = inbound;
  const wantsLast = hasChat || (channel === "whatsapp" && saidBy(kind) !== undefined);
  // Together with the quoted one, under the names known so far: that costs no more calls.
  const asked = quotedVendorId !== undefined && wantsLast ? distinct([inbound.number, userId, from]) : [];
  const { quoted, last } = await conversations.find({ quotedVendorId, channel, sender, people: asked });

  const shown = inbound.number ?? (quoted && /^\d+$/.test(quoted.to) ? quoted.to : undefined);
  const number = shown ?? (await suppression.otherName(channel, from));
  const user = userId ?? (await suppression.otherName(channel, number ?? from));
  const names = distinct([number, user, from]);

  const unasked = wantsLast && !quoted && !last ? names.filter((name) => !asked.includes(name)) : [];
  const later = await conversations.find({ channel, sender, people: unasked });
  return {
    names: names as [string, ...string[]],
    learned: shown && userId ? { number: shown, userId } : undefined,
    quoted,
    answered: quoted ?? last ?? later.last,
  };
}

const distinct = (names: readonly (string | undefined)[]) => [
  ...new Set(names.filter((name) => name !== undefined)),
];
