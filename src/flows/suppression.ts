import { personBucket, suppressionBucket } from "../core/keys.ts";
import type { Channel } from "../core/message.ts";
import type { State } from "../core/ports.ts";

export interface Suppression {
  /** Whether the person has opted out of the channel, under this address or another name known to be theirs. */
  isSuppressed(channel: Channel, address: string): Promise<boolean>;
  /**
   * Remembers what the person said at that time, under every name given. What they said later stays, so a
   * webhook that comes late or twice changes nothing.
   */
  record(channel: Channel, addresses: readonly string[], said: Said, at: number): Promise<void>;
  /** Remembers that both are names of one person. */
  link(number: string, userId: string): Promise<void>;
}

export type Said = "out" | "in";

export function createSuppression(state: State): Suppression {
  const linked = new Set<string>();

  async function lastWord(
    channel: Channel,
    address: string,
  ): Promise<{ said: Said; at: number } | undefined> {
    return parseEntry(await state.read(suppressionBucket(channel), address));
  }

  return {
    async isSuppressed(channel, address) {
      const [own, otherName] = await Promise.all([
        lastWord(channel, address),
        channel === "whatsapp" ? state.read(personBucket, address) : null,
      ]);
      const other = otherName ? await lastWord(channel, otherName) : undefined;
      const latest = other && (!own || other.at > own.at) ? other : own;
      return latest?.said === "out";
    },

    async record(channel, addresses, said, at) {
      await Promise.all(
        addresses.map(async (address) => {
          const before = await lastWord(channel, address);
          if (!before || before.at <= at)
            await state.write(suppressionBucket(channel), address, formatEntry(said, at));
        }),
      );
    },

    async link(number, userId) {
      const pair = `${number} ${userId}`;
      if (linked.has(pair)) return;
      await Promise.all([
        state.write(personBucket, number, userId),
        state.write(personBucket, userId, number),
      ]);
      if (linked.size >= REMEMBERED_LINKS) linked.clear();
      linked.add(pair);
    },
  };
}

/** Every status names both; writing them once a process is enough. */
const REMEMBERED_LINKS = 10_000;

export const formatEntry = (said: Said, at: number) => `${said}:${at}`;

export function parseEntry(text: string | null): { said: Said; at: number } | undefined {
  const [, said, at] = text?.match(/^(out|in):(\d+)$/) ?? [];
  return said === undefined ? undefined : { said: said as Said, at: Number(at) };
}
