import { createHmac, hkdfSync } from "node:crypto";
import type { Runtime } from "../../lib/runtime.ts";

/**
 * An id of ours for a message that the platform gives none. For a request that may be repeated, `words` tells it from
 * others: the same words get the same id for five minutes, so that the claim recognises the second one.
 */
export type NewId = (words?: readonly string[]) => string;

const REPEAT_MS = 5 * 60_000;
const MOST_REMEMBERED = 50_000;

/**
 * The id is made of the words and of the five minutes they came in, so that every replica makes the same one, without
 * asking State. A process also remembers, so that for one replica the turn of those five minutes does not matter; a
 * repetition that comes to another replica across that turn is a message of its own. `secret` is the same for all
 * replicas: an id is logged, and nobody who sees it may find out a number by trying.
 */
export function createRequestIds(secret: string, { now, uuid }: Pick<Runtime, "now" | "uuid">): NewId {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "request ids v1", 32));
  const digestOf = (text: string) => createHmac("sha256", key).update(text).digest("hex");
  /** By the words' digest, the oldest first. */
  const known = new Map<string, { id: string; at: number }>();

  function forget(at: number): void {
    for (const [words, { at: since }] of known) {
      if (at - since < REPEAT_MS && known.size < MOST_REMEMBERED) return;
      known.delete(words);
    }
  }

  return (words) => {
    if (!words) return uuid();
    const at = now();
    forget(at);
    const digest = digestOf(JSON.stringify(words));
    const id = known.get(digest)?.id ?? asUuid(digestOf(`${digest} ${Math.floor(at / REPEAT_MS)}`));
    if (!known.has(digest)) known.set(digest, { id, at });
    return id;
  };
}

/** Version 8: made in a way of one's own. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8 */
const asUuid = (hex: string) =>
  [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
