import { describe, expect, it } from "@jest/globals";
import type { Consent, Said } from "../../../src/core/consent.ts";
import type { Channel } from "../../../src/core/message.ts";
import type { ReplyKind } from "../../../src/core/reply.ts";
import { peopleBucket, suppressionBucket } from "../../../src/core/state-keys.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { createClock, createMemoryState, T0 } from "../../support/ports.ts";

const [NUMBER, USER] = ["447700900123", "US.13491208655302741918"];
const SECOND = 1_000;
const DAY = 86_400_000;

function createWorld() {
  const state = createMemoryState();
  const now = createClock();
  const known = (channel: Channel) =>
    Object.fromEntries(
      Object.entries(state.hash({ key: `suppressed:${channel}`, ttl: null, scope: "account" })).map(
        ([field, at]) => [field, Number(at)],
      ),
    );
  return { state, now, known, suppression: createSuppression(state, now) };
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
      "start, and an older stop that comes late",
      [
        ["in", 5],
        ["out", 1],
      ],
      false,
    ],
    [
      "stop, and start less than a second later",
      [
        ["out", 0],
        ["in", 0.4],
      ],
      false,
    ],
    [
      "start, and stop of the second before told in whole seconds",
      [
        ["in", 0.9],
        ["out", 0],
      ],
      false,
    ],
    [
      "both in the same moment, start heard last",
      [
        ["out", 0],
        ["in", 0],
      ],
      true,
    ],
    [
      "both in the same moment, stop heard last",
      [
        ["in", 0],
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
    const stands = (kind: ReplyKind, at: number) =>
      suppression.stands({ kind, channel: "sms", person: NUMBER, at });
    expect([
      await record("in", T0 + 5 * SECOND),
      await record("out", T0),
      await stands("opt_out", T0),
      await stands("opt_in", T0),
      await stands("opt_out", T0 + 5 * SECOND),
      await stands("button", T0),
    ]).toEqual([true, false, false, true, true, true]);
  });

  it("an older one that says the same changes nothing, and stands", async () => {
    const { suppression, known } = createWorld();
    await suppression.record("sms", [NUMBER], "out", T0 + 5 * SECOND);
    expect([await suppression.record("sms", [NUMBER], "out", T0), known("sms")]).toEqual([
      true,
      { [`stop ${NUMBER}`]: T0 + 5 * SECOND },
    ]);
  });

  it("each word is kept, so that neither can undo the other", async () => {
    const { suppression, known } = createWorld();
    await suppression.record("whatsapp", [NUMBER], "in", T0 + 5 * SECOND);
    await suppression.record("whatsapp", [NUMBER, USER], "out", T0);
    expect(known("whatsapp")).toEqual({
      ...{ [`stop ${NUMBER}`]: T0, [`stop ${USER}`]: T0 },
      ...{ [`start ${NUMBER}`]: T0 + 5 * SECOND, [`start ${USER}`]: T0 + 5 * SECOND },
    });
  });

  it("an older one that another replica writes over it is raised again", async () => {
    const { suppression, state, known } = createWorld();
    await suppression.record("sms", [NUMBER], "in", T0 + SECOND);
    const { write } = state;
    state.write = async (bucket, field, value) => {
      await write(bucket, field, value);
      state.write = write;
      // Read before, written after.
      await write(bucket, field, String(T0));
    };
    expect(await suppression.record("sms", [NUMBER], "out", T0 + 2 * SECOND)).toBe(true);
    expect(known("sms")).toEqual({ [`start ${NUMBER}`]: T0 + SECOND, [`stop ${NUMBER}`]: T0 + 2 * SECOND });
  });

  it("an older one that says the same leaves the later one under every name", async () => {
    const { suppression, known } = createWorld();
    await suppression.record("whatsapp", [NUMBER], "out", T0 + 5 * SECOND);
    await suppression.record("whatsapp", [NUMBER, USER], "out", T0);
    expect(known("whatsapp")).toEqual({
      [`stop ${NUMBER}`]: T0 + 5 * SECOND,
      [`stop ${USER}`]: T0 + 5 * SECOND,
    });
  });

  it("counts for one channel, for the whole account and for ever", async () => {
    const { suppression, known } = createWorld();
    await suppression.record("sms", [NUMBER], "out", T0);
    expect([
      await suppression.isSuppressed("sms", NUMBER),
      await suppression.isSuppressed("whatsapp", NUMBER),
      known("sms"),
      suppressionBucket("sms"),
    ]).toEqual([
      true,
      false,
      { [`stop ${NUMBER}`]: T0 },
      { key: "suppressed:sms", ttl: null, scope: "account" },
    ]);
  });

  it("an entry that cannot be read opts nobody out", async () => {
    const { suppression, state } = createWorld();
    await state.write(suppressionBucket("sms"), `stop ${NUMBER}`, "yes");
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
      await suppression.stands({ kind: "opt_out", channel: "whatsapp", person: USER, at: T0 }),
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

describe("an operator's word", () => {
  const NOW = T0 + 60 * SECOND;

  function createDesk() {
    const world = createWorld();
    world.now.advance(60 * SECOND);
    const decide = (said: Said, isDryRun = false) =>
      world.suppression.decide("whatsapp", NUMBER, said, isDryRun);
    return { ...world, decide };
  }

  it.each([
    ["was said by nobody before", undefined, NOW],
    ["comes after the person's", T0, NOW],
    ["outdoes a time that is still to come", NOW + 9 * SECOND, NOW + 9 * SECOND + 1],
  ])("%s", async (_, startedAt, expected) => {
    const { suppression, known, decide } = createDesk();
    if (startedAt !== undefined) await suppression.record("whatsapp", [NUMBER], "in", startedAt);
    expect([await decide("out"), known("whatsapp")[`stop ${NUMBER}`], await decide("out")]).toEqual([
      true,
      expected,
      false,
    ]);
  });

  it("to message a person again is said right after their STOP, whatever the clock of the operator's machine", async () => {
    const { suppression, known, now, decide } = createDesk();
    await suppression.record("whatsapp", [NUMBER], "out", T0);
    now.advance(DAY);
    expect([await decide("in"), known("whatsapp")[`start ${NUMBER}`]]).toEqual([true, T0 + 1]);
    expect(await suppression.record("whatsapp", [NUMBER], "out", NOW)).toBe(true);
  });

  it("holds under both names, also where they had drifted apart", async () => {
    const { suppression, state, known, decide } = createDesk();
    await suppression.link(NUMBER, USER);
    await state.write(suppressionBucket("whatsapp"), `stop ${USER}`, String(T0));
    expect([await decide("in"), await decide("in"), known("whatsapp")]).toEqual([
      true,
      false,
      {
        ...{ [`stop ${NUMBER}`]: T0, [`stop ${USER}`]: T0 },
        ...{ [`start ${NUMBER}`]: T0 + 1, [`start ${USER}`]: T0 + 1 },
      },
    ]);
  });

  it("changes nothing in a dry run", async () => {
    const { known, decide } = createDesk();
    expect([await decide("out", true), known("whatsapp")]).toEqual([true, {}]);
  });
});

describe("what somebody kept is brought back", () => {
  const restore = ({ suppression }: ReturnType<typeof createWorld>, consent: Consent, isDryRun = false) =>
    suppression.restore("whatsapp", NUMBER, consent, isDryRun);

  it("with both times, under both names", async () => {
    const world = createWorld();
    await world.suppression.link(NUMBER, USER);
    const consent = { out: T0, in: T0 - SECOND };
    expect([await restore(world, consent, true), world.known("whatsapp")]).toEqual([true, {}]);
    expect([await restore(world, consent), await restore(world, consent), world.known("whatsapp")]).toEqual([
      true,
      false,
      {
        ...{ [`stop ${NUMBER}`]: T0, [`stop ${USER}`]: T0 },
        ...{ [`start ${NUMBER}`]: T0 - SECOND, [`start ${USER}`]: T0 - SECOND },
      },
    ]);
  });

  it("and lowers nothing", async () => {
    const world = createWorld();
    await world.suppression.record("whatsapp", [NUMBER], "in", T0 + SECOND);
    await restore(world, { out: T0, in: T0 - SECOND });
    expect(world.known("whatsapp")).toEqual({ [`stop ${NUMBER}`]: T0, [`start ${NUMBER}`]: T0 + SECOND });
  });
});

it("an unreachable State is never taken for an opt-in", async () => {
  const { suppression, state } = createWorld();
  state.isDown(true);
  await expect(suppression.isSuppressed("sms", NUMBER)).rejects.toMatchObject({ retryable: true });
});
