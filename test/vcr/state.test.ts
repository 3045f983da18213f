import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Bucket, State } from "../../src/core/ports.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import { type ManualClock, unavailable } from "../support/ports.ts";
import { closeReplicas, openVcr, startReplica } from "./runtime.ts";

const BUCKET: Bucket = { key: "claims:1", ttl: 100, scope: "instance" };
const FOREVER: Bucket = { key: "suppressed:sms", ttl: null, scope: "account" };

let vcr: Vcr;
let clock: ManualClock;
beforeEach(async () => {
  ({ vcr, clock } = await openVcr());
});
afterEach(async () => {
  expect(vcr.records().violations).toEqual([]);
  await closeReplicas();
  await vcr.stop();
});

const calls = () => vcr.records().calls["client-persistence-api"] ?? {};
const fieldsOf = async (state: State) => {
  const all = new Map<string, string>();
  for await (const [field, value] of state.scan(BUCKET)) all.set(field, value);
  return all;
};
const fields = Array.from({ length: 500 }, (_, n) => `f-${n}`);

describe("State", () => {
  it("counts atomically across replicas", async () => {
    const [a, b] = [startReplica(vcr).state, startReplica(vcr).state];
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? a : b).increment(BUCKET, "m-1#1")),
    );
    expect(counts.sort((x, y) => x - y)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });

  it("writes and reads many at a time", async () => {
    const { state } = startReplica(vcr);
    await Promise.all(fields.map((field) => state.write(BUCKET, field, `v-${field}`)));
    const values = await Promise.all([...fields, "unknown"].map((field) => state.read(BUCKET, field)));
    expect(values).toEqual([...fields.map((field) => `v-${field}`), null]);
    const { HSET = 0, HMGET = 0 } = calls();
    expect([HSET <= 4, HMGET <= 4]).toEqual([true, true]);
  });

  it("reads what is asked for together in one call, its own writes among it", async () => {
    const { state } = startReplica(vcr);
    await state.write(BUCKET, "f-1", "one");
    const writing = state.write(BUCKET, "f-3", "three");
    const values = [state.readAll(BUCKET, ["f-1", "f-2", "f-3"]), state.readAll(BUCKET, ["f-2", "f-1"])];
    expect(await Promise.all(values)).toEqual([
      ["one", null, "three"],
      [null, "one"],
    ]);
    await writing;
    expect(calls()["HMGET"]).toBe(1);
    expect(await state.readAll(BUCKET, ["f-3"])).toEqual(["three"]);
  });

  it("lists every field of a bucket, and forgets one", async () => {
    const { state } = startReplica(vcr);
    expect(await fieldsOf(state)).toEqual(new Map());
    await Promise.all(fields.map((field) => state.write(BUCKET, field, `v-${field}`)));
    await state.remove(BUCKET, "f-1");
    await state.remove(BUCKET, "unknown");
    const left = fields.filter((field) => field !== "f-1");
    expect(await fieldsOf(startReplica(vcr).state)).toEqual(
      new Map(left.map((field) => [field, `v-${field}`])),
    );
    vcr.setFault("client-persistence-api", { lie: true });
    await expect(fieldsOf(state)).rejects.toMatchObject({ retryable: true });
  });

  it("keeps the last of several writes of one field", async () => {
    const { state } = startReplica(vcr);
    await Promise.all(["released:1", "unknown:2", "sent"].map((phase) => state.write(BUCKET, "m-1", phase)));
    expect(await startReplica(vcr).state.read(BUCKET, "m-1")).toBe("sent");
  });

  it("sees its own writes before they are through", async () => {
    const { state } = startReplica(vcr);
    vcr.setFault("client-persistence-api", { delayMs: 30 });
    const written = state.write(BUCKET, "m-1", "sent");
    expect(await state.read(BUCKET, "m-1")).toBe("sent");
    await written;
  });

  it.each(["__proto__", "constructor", "a b", "ä", "1", ""])("keeps a field named %j", async (field) => {
    const { state } = startReplica(vcr);
    await state.write(BUCKET, field, "x");
    expect(await startReplica(vcr).state.read(BUCKET, field)).toBe("x");
  });

  it("lets a bucket expire, whether it began with a count or with a write", async () => {
    const { state } = startReplica(vcr);
    await state.increment(BUCKET, "a");
    await state.write({ ...BUCKET, key: "other" }, "a", "x");
    await state.write(FOREVER, "a", "x");
    clock.advance(99_000);
    const other = startReplica(vcr).state;
    expect([await other.read(BUCKET, "a"), await other.read({ ...BUCKET, key: "other" }, "a")]).toEqual([
      "1",
      "x",
    ]);
    clock.advance(2_000);
    expect([
      await other.read(BUCKET, "a"),
      await other.read({ ...BUCKET, key: "other" }, "a"),
      await other.read(FOREVER, "a"),
    ]).toEqual([null, null, "x"]);
  });

  it("sets an expiry once, not with every write", async () => {
    const { state } = startReplica(vcr);
    for (let n = 0; n < 5; n++) await state.increment(BUCKET, `f-${n}`);
    await state.write(BUCKET, "x", "y");
    expect(calls()).toEqual({ HINCRBY: 5, HSET: 1, EXPIRE: 1 });
  });

  it("keeps instance and account apart", async () => {
    const { state } = startReplica(vcr);
    await state.write({ ...FOREVER, scope: "instance" }, "a", "instance");
    await state.write(FOREVER, "a", "account");
    expect([
      vcr.state("application:instance-1", "HGET", FOREVER.key, ["a"]),
      vcr.state("account", "HGET", FOREVER.key, ["a"]),
    ]).toEqual(["instance", "account"]);
  });

  it("keeps and expires single keys", async () => {
    const { state } = startReplica(vcr);
    const value = 'with "quotes", Ünïcode and\nlines';
    await state.setKey("k", value, 10);
    expect([await state.getKey("k"), await state.getKey("none")]).toEqual([value, null]);
    clock.advance(11_000);
    expect(await state.getKey("k")).toBeNull();
    await state.setKey("k", "again", 10);
    await state.deleteKey("k");
    await state.deleteKey("k");
    expect(await state.getKey("k")).toBeNull();
  });
});

describe("State that is not well", () => {
  const all = (replica = startReplica(vcr)) =>
    Promise.allSettled([
      replica.state.increment(BUCKET, "a"),
      replica.state.read(BUCKET, "a"),
      replica.state.write(BUCKET, "a", "b"),
      replica.state.getKey("a"),
      replica.state.setKey("a", "b", 1),
      replica.state.deleteKey("a"),
    ]);

  it.each([
    ["is down", { down: true }],
    ["hangs", { hang: true }],
  ])("rejects within two seconds, retryable, when it %s", async (_, fault) => {
    vcr.setFault("client-persistence-api", fault);
    const replica = startReplica(vcr);
    const asked = all(replica);
    while (replica.requests.length < 5) await new Promise(setImmediate);
    replica.skip(2_000);
    const outcomes = await asked;
    expect(outcomes).toEqual(
      outcomes.map(() => ({ status: "rejected", reason: expect.objectContaining({ retryable: true }) })),
    );
  });

  it("takes no garbage for an answer: a count or a phase that is none could send twice or drop a message", async () => {
    vcr.setFault("client-persistence-api", { lie: true });
    const [count, phase, , key] = await all();
    for (const outcome of [count, phase, key])
      expect(outcome).toMatchObject({ status: "rejected", reason: { retryable: true } });
  });

  it("keeps a value that could not be written from being read as if it had been", async () => {
    const { state } = startReplica(vcr);
    vcr.setFault("client-persistence-api", { down: true });
    await expect(state.write(BUCKET, "m-1", "sent")).rejects.toMatchObject({ retryable: true });
    vcr.setFault("client-persistence-api", null);
    expect(await state.read(BUCKET, "m-1")).toBeNull();
  });

  it("does not take a count back because the expiry could not be set, and sets it later", async () => {
    const replica = startReplica(vcr);
    const { increment } = replica.state;
    const { bridge } = replica.session;
    const request = bridge.request.bind(bridge);
    let isBroken = true;
    bridge.request = (params) =>
      isBroken && JSON.stringify(params.data).includes("EXPIRE")
        ? Promise.reject(unavailable())
        : request(params);
    expect(await increment(BUCKET, "a")).toBe(1);
    isBroken = false;
    expect(await increment(BUCKET, "b")).toBe(1);
    expect(calls()["EXPIRE"]).toBe(1);
  });
});
