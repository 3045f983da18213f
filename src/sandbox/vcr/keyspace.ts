/** A refusal of a command, in Redis' words. */
export class CommandError extends Error {}

type Value = string | string[] | Map<string, string>;
interface Entry {
  value: Value;
  expiresAt?: number;
}

/** The keys of one namespace, with Redis' rules for types, expiry and empty containers. */
export interface Keyspace {
  text(key: string): string | undefined;
  setText(key: string, value: string, keepExpiry: boolean): void;
  hash(key: string): Map<string, string>;
  list(key: string): string[];
  /** Stores a container, or removes the key when it has become empty. */
  store(key: string, value: string[] | Map<string, string>): void;
  remove(key: string): boolean;
  has(key: string): boolean;
  expiry(key: string): number | undefined;
  setExpiry(key: string, at: number): void;
  keys(): string[];
  /** A hash as pairs of its fields and their values, one after the other; a text by its key. */
  pairs(key: string): string[];
}

export function createKeyspace(now: () => number): Keyspace {
  const entries = new Map<string, Entry>();

  const live = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > now()) return entry;
    entries.delete(key);
    return undefined;
  };

  const wrongType = () =>
    new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");

  return {
    text(key) {
      const value = live(key)?.value;
      if (value !== undefined && typeof value !== "string") throw wrongType();
      return value;
    },
    setText(key, value, keepExpiry) {
      const expiresAt = keepExpiry ? live(key)?.expiresAt : undefined;
      entries.set(key, expiresAt === undefined ? { value } : { value, expiresAt });
    },
    hash(key) {
      const value = live(key)?.value ?? new Map<string, string>();
      if (!(value instanceof Map)) throw wrongType();
      return value;
    },
    list(key) {
      const value = live(key)?.value ?? [];
      if (!Array.isArray(value)) throw wrongType();
      return value;
    },
    store(key, value) {
      const size = Array.isArray(value) ? value.length : value.size;
      const entry = live(key);
      if (size === 0) entries.delete(key);
      else if (entry === undefined) entries.set(key, { value });
      else entry.value = value;
    },
    remove: (key) => live(key) !== undefined && entries.delete(key),
    has: (key) => live(key) !== undefined,
    expiry: (key) => live(key)?.expiresAt,
    setExpiry(key, at) {
      const entry = live(key);
      if (entry === undefined) return;
      if (at <= now()) entries.delete(key);
      else entry.expiresAt = at;
    },
    pairs(key) {
      const value = live(key)?.value ?? [];
      return typeof value === "string" ? [key, value] : [...value].flat();
    },
    keys: () => [...entries.keys()].filter((key) => live(key) !== undefined),
  };
}
