import { State as SdkState, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket, State } from "../core/ports.ts";
import { createBatcher } from "../lib/batcher.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { Runtime } from "../lib/runtime.ts";
import { scanFields } from "./scan.ts";

/** Few fields a command keep a single command short for everybody who shares the store. */
const MAX_FIELDS = 200;
const BATCH = {
  maxItems: MAX_FIELDS,
  maxInflight: 8,
  partialInflight: 1,
  maxWaiting: 20_000,
  maxWaitMs: 5_000,
};

/**
 * Under load nobody waits for a dispatch or a report to the millisecond, and every call saved is one less on a store
 * all share; a lone status, which asks four times, never waits. Where nobody waits for a write at all, it is later.
 */
const SPACING = { spacingMs: 70, burst: 5 };
const UNHURRIED = { spacingMs: 200 };

type ReadAll = (fields: readonly string[]) => Promise<(string | null)[]>;
type Write = (entry: [field: string, value: string]) => Promise<void>;

interface Stored {
  readAll: ReadAll;
  write: Write;
  increment(field: string, by?: number): Promise<number>;
  remove(field: string): Promise<void>;
  scan(): AsyncIterable<[field: string, value: string]>;
}

/**
 * The State port on VCR's State provider: HTTP calls, so reads and writes of one hash share them. `onUse` is called
 * with each of them.
 */
export function createState(
  session: VCRSession,
  runtime: Runtime,
  onUse: () => void = () => undefined,
): State & { drained(): Promise<void> } {
  const { now } = runtime;
  const instance = new SdkState(session);
  instance.namespace = `application:${session.config.instanceId}`;
  const account = new SdkState(session, "account");
  const buckets = new Map<string, { stored: Stored; usedAt: number }>();
  const writes = new Set<Promise<void>>();

  function storedIn(bucket: Bucket): Stored {
    onUse();
    const name = `${bucket.scope}/${bucket.key}`;
    const known = buckets.get(name);
    if (known) {
      known.usedAt = now();
      return known.stored;
    }
    forgetExpired();
    const stored = createStored(bucket.scope === "account" ? account : instance, bucket, runtime);
    buckets.set(name, { stored, usedAt: now() });
    return stored;
  }

  /** Buckets are named by hour and day: without this, the map would grow for as long as the process lives. */
  function forgetExpired(): void {
    for (const [name, { usedAt }] of buckets) if (now() - usedAt > 3_600_000) buckets.delete(name);
  }

  return {
    increment: (bucket, field, by) => storedIn(bucket).increment(field, by),
    read: async (bucket, field) => (await storedIn(bucket).readAll([field]))[0] ?? null,
    readAll: (bucket, fields) => storedIn(bucket).readAll(fields),
    remove: (bucket, field) => storedIn(bucket).remove(field),
    scan: (bucket) => storedIn(bucket).scan(),
    write(bucket, field, value) {
      const work = storedIn(bucket).write([field, value]);
      const end = () => writes.delete(work);
      writes.add(work);
      work.then(end, end);
      return work;
    },
    /** Resolves once everything written so far has left or failed. */
    drained: async () => void (await Promise.allSettled(writes)),
    getKey: async (key) => (await instance.get<string>(key)) ?? null,
    async setKey(key, value, ttlSeconds) {
      await instance.set(key, value);
      await instance.expire(key, ttlSeconds);
    },
    deleteKey: async (key) => void (await instance.delete(key)),
  };
}

/** A gateway's page with status 200 must not pass for a count or a phase: a message would go out twice or never. */
const garbled = () =>
  new ConnectorError("provider_garbled", "State's answer is not one", { retryable: true });

function asCount(answer: unknown): number {
  const count = Number(answer);
  if (!Number.isSafeInteger(count) || count < 1) throw garbled();
  return count;
}

function createStored(state: SdkState, { key, ttl, unhurried }: Bucket, runtime: Runtime): Stored {
  const { now } = runtime;
  const pending = new Map<string, string>();
  let expiryGoodUntil = 0;

  /**
   * The store has no "create with expiry", so every process sets it after its own first write, and again while
   * it goes on writing. A failure must not hide that the write itself succeeded; the next write tries again.
   */
  async function ensureExpiry(): Promise<void> {
    if (ttl === null || now() < expiryGoodUntil) return;
    expiryGoodUntil = now() + ttl * 500;
    await state.expire(key, ttl).catch(() => {
      expiryGoodUntil = 0;
    });
  }

  // Fields that are asked for together stay together: an item for each would cost a promise for each.
  const fetch = createBatcher<readonly string[], (string | null)[]>(
    async (asked) => {
      const fields = asked.flat();
      const values = await state.mapGetMultiple(key, fields);
      if (!Array.isArray(values) || values.length !== fields.length) throw garbled();
      let from = 0;
      return asked.map(({ length }) => {
        from += length;
        return values.slice(from - length, from).map((value) => value ?? null);
      });
    },
    { ...BATCH, maxBytes: MAX_FIELDS, sizeOf: ({ length }) => length, ...SPACING },
    runtime,
  );
  const write = createBatcher<[string, string], void>(
    async (entries) => {
      await state.mapSet(key, Object.fromEntries(entries));
      await ensureExpiry();
      return entries.map(() => undefined);
    },
    { ...BATCH, ...(unhurried ? UNHURRIED : SPACING) },
    runtime,
  );

  async function readWithOwn(fields: readonly string[]): Promise<(string | null)[]> {
    const own = new Map(fields.map((field) => [field, pending.get(field)]));
    const others = fields.filter((field) => own.get(field) === undefined);
    const values = others.length === 0 ? [] : await fetch(others);
    return fields.map((field) => own.get(field) ?? values[others.indexOf(field)] ?? null);
  }

  return {
    readAll: (fields) => (fields.some((field) => pending.has(field)) ? readWithOwn(fields) : fetch(fields)),
    async write(entry) {
      const [field, value] = entry;
      pending.set(field, value);
      try {
        await write(entry);
      } finally {
        if (pending.get(field) === value) pending.delete(field);
      }
    },
    async increment(field, by = 1) {
      const count = asCount(await state.mapIncrement(key, field, by));
      await ensureExpiry();
      return count;
    },
    async remove(field) {
      await state.mapDelete(key, [field]);
    },
    scan: () => scanFields(state, key),
  };
}
