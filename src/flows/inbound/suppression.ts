import { LRUCache } from "lru-cache";
import {
  type Consent,
  consentField,
  isLater,
  latest,
  parseTime,
  SAID,
  type Said,
  saidBy,
  standing,
} from "../../core/consent.ts";
import type { Channel } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import type { InboundReply } from "../../core/reply.ts";
import { peopleBucket, peopleMonths, suppressionBucket } from "../../core/state-keys.ts";
import type { Clock } from "../../lib/runtime.ts";

/** Who wants no messages on a channel: what a person said last, under whatever name (docs/decisions/0015). */
export interface Suppression {
  /** Whether the person has opted out of the channel; one batched read. */
  isSuppressed(channel: Channel, address: string): Promise<boolean>;
  /**
   * Remembers what the person said at that time, under every name given or known; `learned` are two of those given
   * that were just shown to be one person's. Resolves to whether that stands: not when they said otherwise later, or
   * in the same millisecond that they want no more.
   */
  record(
    channel: Channel,
    names: readonly string[],
    said: Said,
    at: number,
    learned?: Names,
  ): Promise<boolean>;
  /** Whether what a reply says of it still stands; true for a reply that says nothing of it. */
  stands(reply: Pick<InboundReply, "kind" | "channel" | "person" | "at">): Promise<boolean>;
  /** Remembers that both are names of one person: what was or will be said under one holds for the other. */
  link(number: string, userId: string): Promise<void>;
  /** The person's other name, where it is known. */
  otherName(channel: Channel, address: string): Promise<string | undefined>;
  /**
   * An operator's word: it outdoes what is known that the person has said. Resolves to false when nothing had to change;
   * a dry run changes nothing.
   */
  decide(channel: Channel, address: string, said: Said, isDryRun: boolean): Promise<boolean>;
  /** What the person said last, under whatever name. */
  said(channel: Channel, address: string): Promise<Consent>;
  /** Adds what somebody kept of an address. Resolves to false when as much, or more, was known already. */
  restore(channel: Channel, address: string, consent: Consent, isDryRun: boolean): Promise<boolean>;
}

/** Two names of one person. */
export interface Names {
  number: string;
  userId: string;
}

/** Every status names both; writing them once a process is enough. */
const REMEMBERED_LINKS = 10_000;

export function createSuppression(state: State, now: Clock): Suppression {
  const linked = new LRUCache<string, true>({ max: REMEMBERED_LINKS });
  const oneAfterTheOther = createChains();

  async function read(channel: Channel, name: string): Promise<Consent> {
    const bucket = suppressionBucket(channel);
    const fields = SAID.map((said) => consentField(said, name));
    const times = await state.readAll(bucket, fields);
    return Object.fromEntries(SAID.map((said, index) => [said, parseTime(times[index])]));
  }

  const readAll = (channel: Channel, names: readonly string[]) =>
    Promise.all(names.map((name) => read(channel, name)));

  async function otherName(channel: Channel, address: string): Promise<string | undefined> {
    if (channel !== "whatsapp") return undefined;
    // One after the other: whoever is written to is in the newest.
    for (const month of peopleMonths(now())) {
      const name = await state.read(peopleBucket(month), address);
      if (name !== null) return name;
    }
    return undefined;
  }

  async function namesOf(channel: Channel, address: string): Promise<string[]> {
    const other = await otherName(channel, address);
    return other === undefined ? [address] : [address, other];
  }

  /** Under every name whose time is earlier, or that has none. */
  async function raise(channel: Channel, names: readonly string[], known: readonly Consent[], to: Consent) {
    const bucket = suppressionBucket(channel);
    const writes = names.flatMap((name, index) =>
      SAID.filter((said) => isLater(to[said], known[index]?.[said])).map((said) =>
        state.write(bucket, consentField(said, name), String(to[said])),
      ),
    );
    await Promise.all(writes);
  }

  /**
   * Writes under every name, then reads, then gives each name what is known under any: what stands is resolved to.
   * Whoever writes first and reads second cannot miss another who does the same, be it a word or a link of names. What
   * this process knows counts as well: an older word that was written over it is raised again.
   */
  async function settle(channel: Channel, names: readonly string[], consent: Consent): Promise<Consent> {
    const chains = names.map((name) => `${channel} ${name}`);
    const { all, other } = await oneAfterTheOther(chains, async () => {
      const hasWord = SAID.some((said) => consent[said] !== undefined);
      if (hasWord) await raise(channel, names, await readAll(channel, names), consent);
      const [name = ""] = names;
      const [known, other] = await Promise.all([
        readAll(channel, names),
        names.length === 1 ? otherName(channel, name) : undefined,
      ]);
      const all = latest([consent, ...known]);
      await raise(channel, names, known, all);
      return { all, other };
    });
    return other === undefined ? all : settle(channel, [...names, other], all);
  }

  const linkOf = (number: string, userId: string) => `${peopleBucket(now()).key} ${number} ${userId}`;

  /** The names are written before anything is settled: whoever says something meanwhile finds them, or is found. */
  async function linking<T>({ number, userId }: Names, settled: () => Promise<T>): Promise<T> {
    const link = linkOf(number, userId);
    const bucket = peopleBucket(now());
    if (!linked.has(link))
      await Promise.all([state.write(bucket, number, userId), state.write(bucket, userId, number)]);
    const result = await settled();
    linked.set(link, true);
    return result;
  }

  return {
    otherName,

    async isSuppressed(channel, address) {
      return standing(await read(channel, address)) === "out";
    },

    async record(channel, names, said, at, learned) {
      const settled = () => settle(channel, names, { [said]: at });
      return standing(learned ? await linking(learned, settled) : await settled()) === said;
    },

    async stands({ kind, channel, person, at }) {
      const said = saidBy(kind);
      if (!said) return true;
      return standing(latest([await read(channel, person), { [said]: at }])) === said;
    },

    async link(number, userId) {
      if (linked.has(linkOf(number, userId))) return;
      await linking({ number, userId }, () => settle("whatsapp", [number, userId], {}));
    },

    async decide(channel, address, said, isDryRun) {
      const names = await namesOf(channel, address);
      const known = await readAll(channel, names);
      const isOut = said === "out";
      if (known.every((consent) => (standing(consent) === "out") === isOut)) return false;
      const afterOpposite = (latest(known)[isOut ? "in" : "out"] ?? 0) + 1;
      // An opt-in needs no clock: with one that is ahead it would undo the person's next STOP.
      if (!isDryRun)
        await settle(channel, names, { [said]: isOut ? Math.max(now(), afterOpposite) : afterOpposite });
      return true;
    },

    said: async (channel, address) => latest(await readAll(channel, await namesOf(channel, address))),

    async restore(channel, address, consent, isDryRun) {
      const names = await namesOf(channel, address);
      const known = await readAll(channel, names);
      if (!known.some((one) => SAID.some((said) => isLater(consent[said], one[said])))) return false;
      if (!isDryRun) await settle(channel, names, consent);
      return true;
    },
  };
}

/** Runs work in the order of its arrival wherever it has a key in common. */
function createChains() {
  const tails = new Map<string, Promise<unknown>>();
  return <T>(keys: readonly string[], work: () => Promise<T>): Promise<T> => {
    const running = Promise.allSettled(keys.map((key) => tails.get(key))).then(work);
    const end = () => {
      for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
    };
    const tail = running.then(end, end);
    for (const key of keys) tails.set(key, tail);
    return running;
  };
}
