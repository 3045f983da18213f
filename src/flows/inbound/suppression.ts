import type { Channel } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import { peopleBucket, peopleMonths, suppressionBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";

export interface Suppression {
  /** Whether the person has opted out of the channel; one batched read. */
  isSuppressed(channel: Channel, address: string): Promise<boolean>;
  /**
   * Remembers what the person said at that time, under every name given, and resolves to true. When they said
   * otherwise later, that stays and this resolves to false: a webhook that comes late or twice changes nothing.
   */
  record(channel: Channel, addresses: readonly string[], said: Said, at: number): Promise<boolean>;
  /** Whether the person has not said otherwise after that time. */
  stands(channel: Channel, address: string, word: Word): Promise<boolean>;
  /** Remembers that both are names of one person, so that what is said under one holds for the other. */
  link(number: string, userId: string): Promise<void>;
  /** The person's other name, where it is known. */
  otherName(channel: Channel, address: string): Promise<string | undefined>;
}

export type Said = "out" | "in";

export interface Word {
  said: Said;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Every status names both; writing them once a process is enough. */
const REMEMBERED_LINKS = 10_000;

export function createSuppression(state: State, now: Clock): Suppression {
  const linked = new Set<string>();

  async function wordOf(channel: Channel, address: string): Promise<Word | undefined> {
    return parseEntry(await state.read(suppressionBucket(channel), address));
  }

  async function otherName(channel: Channel, address: string): Promise<string | undefined> {
    if (channel !== "whatsapp") return undefined;
    const months = peopleMonths(now());
    const found = await Promise.all(months.map((month) => state.read(peopleBucket(month), address)));
    return found.find((name) => name !== null) ?? undefined;
  }

  /** What was said under one name before the other was known holds for both: a send looks at one name alone. */
  async function shareWord(...names: [string, string]): Promise<void> {
    const words = await Promise.all(names.map((name) => wordOf("whatsapp", name)));
    const latest = words.reduce((a, b) => (b && (!a || b.at > a.at) ? b : a));
    if (!latest) return;
    const behind = names.filter((_, index) => words[index]?.at !== latest.at);
    const entry = formatEntry(latest);
    await Promise.all(behind.map((name) => state.write(suppressionBucket("whatsapp"), name, entry)));
  }

  return {
    otherName,

    async isSuppressed(channel, address) {
      return (await wordOf(channel, address))?.said === "out";
    },

    async stands(channel, address, word) {
      return !contradicts(await wordOf(channel, address), word);
    },

    async record(channel, addresses, said, at) {
      const before = await Promise.all(addresses.map((address) => wordOf(channel, address)));
      if (before.some((word) => contradicts(word, { said, at }))) return false;
      const behind = addresses.filter((_, index) => !isLater(before[index], at));
      const entry = formatEntry({ said, at });
      await Promise.all(behind.map((address) => state.write(suppressionBucket(channel), address, entry)));
      return true;
    },

    async link(number, userId) {
      const bucket = peopleBucket(now());
      const pair = `${bucket.key} ${number} ${userId}`;
      if (linked.has(pair)) return;
      await Promise.all([state.write(bucket, number, userId), state.write(bucket, userId, number)]);
      await shareWord(number, userId);
      if (linked.size >= REMEMBERED_LINKS) linked.clear();
      linked.add(pair);
    },
  };
}

/** Vendors give times in whole seconds: within the same one, what arrives last was said last. */
const isLater = (word: Word | undefined, at: number) =>
  word !== undefined && Math.floor(word.at / 1_000) > Math.floor(at / 1_000);

const contradicts = (later: Word | undefined, { said, at }: Word) =>
  later?.said !== said && isLater(later, at);

const formatEntry = ({ said, at }: Word) => `${said}:${at}`;

export function parseEntry(text: string | null): Word | undefined {
  const [, said, at] = text?.match(/^(out|in):(\d+)$/) ?? [];
  return said === undefined ? undefined : { said: said as Said, at: Number(at) };
}
