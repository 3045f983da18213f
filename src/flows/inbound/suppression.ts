import { LRUCache } from "lru-cache";
import {
  type Consent,
  contradicts,
  formatConsent,
  isLater,
  latestOf,
  parseConsent,
  type Said,
} from "../../core/consent.ts";
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
  stands(channel: Channel, address: string, consent: Consent): Promise<boolean>;
  /** Remembers that both are names of one person, so that what is said under one holds for the other. */
  link(number: string, userId: string): Promise<void>;
  /** The same, but for what was said before: enough where `record` is told both names. */
  rememberNames(number: string, userId: string): Promise<void>;
  /** The person's other name, where it is known. */
  otherName(channel: Channel, address: string): Promise<string | undefined>;
}

/** Every status names both; writing them once a process is enough. */
const REMEMBERED_LINKS = 10_000;

export function createSuppression(state: State, now: Clock): Suppression {
  const linked = new LRUCache<string, true>({ max: REMEMBERED_LINKS });
  const linkOf = (number: string, userId: string) => `${peopleBucket(now()).key} ${number} ${userId}`;

  async function rememberNames(number: string, userId: string): Promise<void> {
    if (linked.has(linkOf(number, userId))) return;
    const bucket = peopleBucket(now());
    await Promise.all([state.write(bucket, number, userId), state.write(bucket, userId, number)]);
  }

  return {
    rememberNames,

    async otherName(channel, address) {
      if (channel !== "whatsapp") return undefined;
      // One after the other: whoever is written to is in the newest.
      for (const month of peopleMonths(now())) {
        const name = await state.read(peopleBucket(month), address);
        if (name !== null) return name;
      }
      return undefined;
    },

    async isSuppressed(channel, address) {
      return (await read(state, channel, address))?.said === "out";
    },

    async stands(channel, address, consent) {
      return !contradicts(await read(state, channel, address), consent);
    },

    async record(channel, addresses, said, at) {
      const known = await Promise.all(addresses.map((address) => read(state, channel, address)));
      if (known.some((consent) => contradicts(consent, { said, at }))) return false;
      const later = latestOf(known.filter((consent) => isLater(consent, at)));
      await write(state, channel, addresses, known, later ?? { said, at });
      return true;
    },

    async link(number, userId) {
      const link = linkOf(number, userId);
      if (linked.has(link)) return;
      await rememberNames(number, userId);
      const names = [number, userId];
      const known = await Promise.all(names.map((name) => read(state, "whatsapp", name)));
      const latest = latestOf(known);
      if (latest) await write(state, "whatsapp", names, known, latest);
      linked.set(link, true);
    },
  };
}

async function read(state: State, channel: Channel, address: string): Promise<Consent | undefined> {
  return parseConsent(await state.read(suppressionBucket(channel), address));
}

/** Under every name that does not have it: a send looks at one name alone. */
async function write(
  state: State,
  channel: Channel,
  addresses: readonly string[],
  known: readonly (Consent | undefined)[],
  consent: Consent,
): Promise<void> {
  const entry = formatConsent(consent);
  const without = addresses.filter((_, index) => {
    const before = known[index];
    return before === undefined || formatConsent(before) !== entry;
  });
  await Promise.all(without.map((address) => state.write(suppressionBucket(channel), address, entry)));
}
