import { describe, expect, it } from "@jest/globals";
import type { Said } from "../../../src/core/consent.ts";
import { peopleBucket, suppressionBucket } from "../../../src/core/state-keys.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { createClock, createMemoryState, T0 } from "../../support/ports.ts";

const [NUMBER, USER] = ["447700900123", "US.13491208655302741918"];
const SECOND = 1_000;
const DAY = 86_400_000;

function createWorld() {
  const state = createMemoryState();
  const now = createClock();
  return { state, now, suppression: createSuppression(state, now) };
}

describe("what a person said last", () => {
  it.each([
    ["nothing", [], false],
    ["stop", [["out", 0]], true],
    [
      "stop, then start",
      [
        ["out", 0],
        ["in", 1],
      ],
      false,
    ],
    [
      "start, then stop",
      [
        ["in", 0],
        ["out", 1],
      ],
      true,
    ],
    [
      "stop, and an older start that comes late",
      [
        ["out", 5],
        ["in", 1],
      ],
      true,
    ],
    [
      "stop, twice delivered around a start",
      [
        ["out", 0],
        ["in", 1],
        ["out", 0],
      ],
      false,
    ],
    [
      "stop and start within a second: what came last",
      [
        ["out", 0],
        ["in", 0.4],
      ],
      false,
    ],
    [
      "start and stop within a second, told in whole seconds",
      [
        ["in", 0.9],
        ["out", 0],
      ],
      true,
    ],
  ] as [string, [Said, number][], boolean][])("%s", async (_, said, expected) => {
    const { suppression } = createWorld();
    for (const [word, seconds] of said)
      await suppression.record("whatsapp", [NUMBER], word, T0 + seconds * SECOND);
    expect(await suppression.isSuppressed("whatsapp", NUMBER)).toBe(expected);
  });

  it("tells whether it was the last word", async () => {
    const { suppression } = createWorld();
    const record = (said: Said, at: number) => suppression.record("sms", [NUMBER], said, at);
    expect([
      await record("in", T0 + 5 * SECOND),
      await record("out", T0),
      await suppression.stands("sms", NUMBER, { said: "out", at: T0 }),
      await suppression.stands("sms", NUMBER, { said: "in", at: T0 }),
      await suppression.stands("sms", NUMBER, { said: "out", at: T0 + 5 * SECOND }),
    ]).toEqual([true, false, false, true, true]);
  });

  it("an older one that says the same changes nothing, and stands", async () => {
    const { suppression, state } = createWorld();
    await suppression.record("sms", [NUMBER], "out", T0 + 5 * SECOND);
    expect([
      await suppression.record("sms", [NUMBER], "out", T0),
      state.hash(suppressionBucket("sms")),
    ]).toEqual([true, { [NUMBER]: `out:${T0 + 5 * SECOND}` }]);
  });

  it("is not written for any name when it is late for one", async () => {
    const { suppression, state } = createWorld();
    await suppression.record("whatsapp", [NUMBER], "in", T0 + 5 * SECOND);
    await suppression.record("whatsapp", [NUMBER, USER], "out", T0);
    expect(state.hash(suppressionBucket("whatsapp"))).toEqual({ [NUMBER]: `in:${T0 + 5 * SECOND}` });
  });

  it("an older one that says the same leaves the later one under every name", async () => {
    const { suppression, state } = createWorld();
    await suppression.record("whatsapp", [NUMBER], "out", T0 + 5 * SECOND);
    await suppression.record("whatsapp", [NUMBER, USER], "out", T0);
    const entry = `out:${T0 + 5 * SECOND}`;
    expect(state.hash(suppressionBucket("whatsapp"))).toEqual({ [NUMBER]: entry, [USER]: entry });
  });

  it("counts for one channel, for the whole account and for ever", async () => {
    const { suppression, state } = createWorld();
    await suppression.record("sms", [NUMBER], "out", T0);
    expect([
      await suppression.isSuppressed("sms", NUMBER),
      await suppression.isSuppressed("whatsapp", NUMBER),
      state.hash({ key: "suppressed:sms", ttl: null, scope: "account" }),
      suppressionBucket("sms"),
    ]).toEqual([
      true,
      false,
      { [NUMBER]: `out:${T0}` },
      { key: "suppressed:sms", ttl: null, scope: "account" },
    ]);
  });

  it("an entry that cannot be read opts nobody out", async () => {
    const { suppression, state } = createWorld();
    await state.write(suppressionBucket("sms"), NUMBER, "yes");
    expect(await suppression.isSuppressed("sms", NUMBER)).toBe(false);
  });
});

describe("two names of one person", () => {
  it.each([
    ["the number", NUMBER, USER],
    ["the id", USER, NUMBER],
  ])("an opt-out under %s holds for the other once they are known to be one", async (_, said, sentTo) => {
    const { suppression } = createWorld();
    await suppression.record("whatsapp", [said], "out", T0);
    expect(await suppression.isSuppressed("whatsapp", sentTo)).toBe(false);
    await suppression.link(NUMBER, USER);
    expect(await suppression.isSuppressed("whatsapp", sentTo)).toBe(true);
  });

  it("the later word under either name counts", async () => {
    const { suppression } = createWorld();
    await suppression.record("whatsapp", [USER], "out", T0);
    await suppression.record("whatsapp", [NUMBER], "in", T0 + SECOND);
    await suppression.link(NUMBER, USER);
    expect([
      await suppression.isSuppressed("whatsapp", USER),
      await suppression.isSuppressed("whatsapp", NUMBER),
      await suppression.stands("whatsapp", USER, { said: "out", at: T0 }),
    ]).toEqual([false, false, false]);
  });

  it("are remembered for one to two months, and longer by everybody who is written to", async () => {
    const { suppression, now } = createWorld();
    await suppression.link(NUMBER, USER);
    now.advance(30 * DAY);
    expect(await suppression.otherName("whatsapp", USER)).toBe(NUMBER);
    await suppression.link(NUMBER, USER);
    now.advance(30 * DAY);
    expect(await suppression.otherName("whatsapp", USER)).toBe(NUMBER);
    now.advance(60 * DAY);
    expect(await suppression.otherName("whatsapp", USER)).toBeUndefined();
    expect(peopleBucket(T0).ttl).toBe(60 * 86_400);
  });

  it("are written once a process, though every status tells them", async () => {
    const { suppression, state } = createWorld();
    let writes = 0;
    const { write } = state;
    state.write = (...args) => {
      writes++;
      return write(...args);
    };
    for (let n = 0; n < 3; n++) await suppression.link(NUMBER, USER);
    expect(writes).toBe(2);
  });

  it("are tried again when they could not be written", async () => {
    const { suppression, state } = createWorld();
    state.down.add("write");
    await expect(suppression.link(NUMBER, USER)).rejects.toThrow();
    state.down.clear();
    await suppression.link(NUMBER, USER);
    expect(await suppression.otherName("whatsapp", NUMBER)).toBe(USER);
  });

  it("mean nothing on SMS", async () => {
    const { suppression } = createWorld();
    await suppression.link(NUMBER, USER);
    expect(await suppression.otherName("sms", NUMBER)).toBeUndefined();
  });
});

it("an unreachable State is never taken for an opt-in", async () => {
  const { suppression, state } = createWorld();
  state.isDown(true);
  await expect(suppression.isSuppressed("sms", NUMBER)).rejects.toMatchObject({ retryable: true });
});
