import { hash } from "node:crypto";
import type { OutboundMessage } from "../../core/message.ts";
import { messageField } from "../../core/state-keys.ts";
import { createRecent } from "./recent.ts";
import type { Place, Tally } from "./tally.ts";

/** A platform's own send that was not accepted, with what is known of it. */
export interface RefusedSend {
  tag: string;
  code: string;
  id: string | undefined;
  message: OutboundMessage | undefined;
}

const REMEMBERED = 20_000;

/** Counts sends that were refused. What a platform repeats counts as what it came to at last. */
export function createRefusedSends(tally: Tally) {
  const refused = createRecent<Place & { code: string; id: string }>(REMEMBERED);

  function takeBack(field: string): void {
    const known = refused.get(field);
    if (!known) return;
    refused.delete(field);
    tally.unfail(known, "refused", known.code, known.id);
  }

  return {
    add({ tag, code, id, message }: RefusedSend, place: Place): void {
      if (id !== undefined) {
        const field = message?.channel === "sms" ? sameText(message) : messageField(tag, id);
        if (refused.get(field)?.code === code) return;
        takeBack(field);
        refused.set(field, { ...place, code, id });
      }
      tally.fail(place, "refused", code, id);
    },
    /** It was accepted after all. */
    takeBack(message: OutboundMessage): void {
      takeBack(messageField(message.origin, message.id));
      if (message.channel === "sms") takeBack(sameText(message));
    },
  };
}

/** By what an SMS is known when it is repeated: where its platform gives it no id, it has another one of ours each time. */
const sameText = ({ origin, from, to, text }: Extract<OutboundMessage, { channel: "sms" }>): string =>
  messageField(origin, hash("sha1", JSON.stringify([from, to, text]), "base64url"));
