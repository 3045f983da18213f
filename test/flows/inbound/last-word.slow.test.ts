import { describe, expect, it } from "@jest/globals";
import type { InboundMessage } from "../../../src/core/reply.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { T0 } from "../../support/ports.ts";
import { createSlowState } from "./slow-state.ts";
import { createInboundWorld, said } from "./world.ts";

const PEOPLE = Array.from({ length: 75 }, (_, n) => ({
  number: String(447700900000 + n),
  user: `US.1349120865530274${String(n).padStart(4, "0")}`,
}));
type Person = (typeof PEOPLE)[number];

interface Options {
  replicas: number;
  /** The share of State's calls that fail, before or after they took effect; Vonage then comes again. */
  lost?: number;
  seed?: number;
  first: "START" | "STOP";
  /** How much later the other word was said. */
  gapMs: number;
  /** Under which name each is said. */
  names?: (person: Person, word: "first" | "last", random: Random) => Partial<InboundMessage>;
  /** A status tells both names at the same moment. */
  isLinked?: boolean;
}

const byNumber = ({ number }: Person) => ({ from: number, number });
const hidden = ({ user }: Person) => ({ from: user, number: undefined, userId: user });

/** Everybody says two things, and both arrive together, in either order, anywhere. Resolves to who is suppressed then, by each name. */
async function bothWords({
  replicas: count,
  lost = 0,
  seed = 1,
  first,
  gapMs,
  names = byNumber,
  isLinked = false,
}: Options) {
  const random = createRandom(seed);
  const world = createInboundWorld();
  const saidAt = world.now();
  world.now.advance(60_000);
  const slow = createSlowState(world.state, world.now, random, { lost });
  const replicas = Array.from({ length: count }, () => {
    const state = slow.process();
    const suppression = createSuppression(state, world.now);
    return { ...world.open(state, suppression), link: suppression.link };
  });
  async function untilTaken(deliver: (replica: (typeof replicas)[number]) => Promise<unknown>) {
    for (let taken = false; !taken; await slow.pause(random.between(0, 40)))
      taken = await deliver(random.pick(replicas)).then(
        () => true,
        () => false,
      );
  }
  const last = first === "START" ? "STOP" : "START";
  for (const person of PEOPLE) {
    const word = (text: string, at: number, which: "first" | "last") =>
      said(text, { id: `${which} ${person.number}`, at, ...names(person, which, random) });
    const words = [word(first, saidAt, "first"), word(last, saidAt + gapMs, "last")];
    for (const inbound of words)
      void slow.pause(random.between(0, 80)).then(() => untilTaken((replica) => replica.receive(inbound)));
    const link = (replica: (typeof replicas)[number]) => replica.link(person.number, person.user);
    if (isLinked) void slow.pause(random.between(0, 1_000)).then(() => untilTaken(link));
  }
  await slow.run();
  const suppressed = async (name: "number" | "user") => {
    const all = await Promise.all(PEOPLE.map((p) => world.suppression.isSuppressed("whatsapp", p[name])));
    return all.filter(Boolean).length;
  };
  return {
    byNumber: await suppressed("number"),
    byUser: await suppressed("user"),
    confirmed: new Set(world.queued().filter((job) => /^opt-(in|out)-confirmation last/.test(job))).size,
  };
}

/** Each word under either name, and a status that tells both. */
const options = (replicas: number) => ({
  ...{ replicas, gapMs: 1_500, isLinked: true },
  names: (person: Person, _: string, random: Random) =>
    random.chance(0.5) ? byNumber(person) : hidden(person),
});

const [ALL, NONE] = [PEOPLE.length, 0];

describe.each([1, 2])("two words that arrive together, at %i replicas", (replicas) => {
  it.each([0, 0.04])("nobody who said STOP last is messaged; %d of the calls fail", async (lost) => {
    for (const gapMs of [1, 2_000])
      expect(await bothWords({ replicas, lost, first: "START", gapMs })).toMatchObject({
        byNumber: ALL,
        confirmed: ALL,
      });
  });

  it("everybody who said START last is messaged again", async () => {
    for (const gapMs of [1, 2_000])
      expect(await bothWords({ replicas, first: "STOP", gapMs })).toMatchObject({
        byNumber: NONE,
        confirmed: ALL,
      });
  });

  it("both in one moment are STOP", async () => {
    for (const first of ["START", "STOP"] as const)
      expect(await bothWords({ replicas, first, gapMs: 0 })).toMatchObject({ byNumber: ALL });
  });

  it("STOP after an older START holds for both names when a status first tells both in that moment", async () => {
    expect(await bothWords({ ...options(replicas), first: "START" })).toMatchObject({
      ...{ byNumber: ALL, byUser: ALL },
    });
  });

  it("START after an older STOP holds for both names as well", async () => {
    expect(await bothWords({ ...options(replicas), first: "STOP" })).toMatchObject({
      ...{ byNumber: NONE, byUser: NONE },
    });
  });
});

/** In few steps, so that every order of the calls comes up among so many people. */
it.each([1, 3])(
  "a STOP under one name and a link, in any order of their calls, at %i replicas",
  async (count) => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = createRandom(seed);
      const world = createInboundWorld();
      const slow = createSlowState(world.state, world.now, random, { stepMs: 100, callMs: 300 });
      const replicas = Array.from({ length: count }, () => createSuppression(slow.process(), world.now));
      const stopped = async ({ number, user }: Person) => {
        await slow.pause(100 * random.between(0, 6));
        await random.pick(replicas).record("whatsapp", [random.pick([number, user])], "out", T0);
      };
      const linked = async ({ number, user }: Person) => {
        await slow.pause(100 * random.between(0, 12));
        await random.pick(replicas).link(number, user);
      };
      const done = Promise.all(PEOPLE.flatMap((person) => [stopped(person), linked(person)]));
      await slow.run();
      await done;
      for (const name of ["number", "user"] as const) {
        const all = PEOPLE.map((person) => world.suppression.isSuppressed("whatsapp", person[name]));
        expect((await Promise.all(all)).filter(Boolean).length).toBe(ALL);
      }
    }
  },
);

it("two STOPs around a START, all at once at one replica: the older one takes nothing back", async () => {
  const random = createRandom();
  const world = createInboundWorld({});
  const slow = createSlowState(world.state, world.now, random);
  const suppression = createSuppression(slow.process(), world.now);
  const words = [
    ["out", 1],
    ["in", 2],
    ["out", 3],
  ] as const;
  for (const { number } of PEOPLE)
    for (const [word, at] of words)
      void slow.pause(random.between(0, 80)).then(() => suppression.record("sms", [number], word, T0 + at));
  await slow.run();
  const all = await Promise.all(PEOPLE.map(({ number }) => world.suppression.isSuppressed("sms", number)));
  expect(all.filter(Boolean).length).toBe(ALL);
});

it("a word that shows both names carries what was said under either of them", async () => {
  const names = (person: Person, which: "first" | "last") =>
    which === "last" ? hidden(person) : { ...byNumber(person), userId: person.user };
  expect(await bothWords({ replicas: 2, first: "START", gapMs: 1_000, names })).toMatchObject({
    byNumber: ALL,
    byUser: ALL,
  });
});
