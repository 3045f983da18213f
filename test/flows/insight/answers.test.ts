import { beforeEach, describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { createClaims } from "../../../src/flows/dispatch/claims.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { failures } from "../../../src/flows/insight/failures.ts";
import { createJournal } from "../../../src/flows/insight/journal.ts";
import { createRecorder } from "../../../src/flows/insight/recorder.ts";
import { inDoubt, results } from "../../../src/flows/insight/results.ts";
import { type StoryPorts, story } from "../../../src/flows/insight/story.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import {
  createClock,
  createFakeChannel,
  createMemoryQueue,
  createMemoryState,
  createRecordingLog,
  createTestReporter,
  deliveryReport,
  HOUR,
  pauseOn,
  smsMessage,
  T0,
  whatsappMessage,
} from "../../support/ports.ts";

/** Two processes of one instance. */
function createWorld() {
  const now = createClock();
  const [state, log, queue] = [createMemoryState(), createRecordingLog(), createMemoryQueue()];
  const runtime = { ...systemRuntime, now };
  const open = (self: string) => {
    const recorder = createRecorder(now);
    const describe = (isClosed: boolean) => JSON.stringify({ id: self, seenAt: now(), isClosed });
    const journal = createJournal({
      ...{ counted: recorder.counted, state, describe, self, runtime, log },
      metrics: async () => "",
    });
    const ports: StoryPorts = {
      ...{ state, journal, runtime, tags: ["mw", "ms"] },
      ownerOf: (tag) =>
        (
          ({
            mw: { platform: "acme", channel: "whatsapp" },
            ms: { platform: "acme", channel: "sms" },
          }) as const
        )[tag as "mw"],
      dictionary: (code) => ({ description: `${code} means`, nextStep: `do ${code}` }),
    };
    return { recorder, journal, ports };
  };
  const [one, other] = [open("one"), open("other")];
  const claims = createClaims(state, { random: Math.random, now }, log);
  const conversations = createConversations(state, now, log);
  const reporter = createTestReporter({
    ...{
      channels: [
        createFakeChannel("mw"),
        createFakeChannel("ms", { wants: ({ status }) => status !== "sent" }),
      ],
    },
    ...{ queue, state, pause: pauseOn(now), log, now },
  });
  const told = (status: DeliveryStatus, over: object = {}) =>
    reporter.report(deliveryReport({ status, at: now() - 1_000, ...over }), (known) =>
      other.recorder.status({
        at: now(),
        origin: "mw",
        id: "m-1",
        status,
        sender: "14155550100",
        code: undefined,
        known,
      }),
    );
  return { now, state, log, one, other, claims, conversations, told };
}

let world = createWorld();
beforeEach(() => {
  world = createWorld();
});
const at = (ms: number) => new Date(T0 + ms).toISOString();
const words = (code: string) => ({ code, description: `${code} means`, nextStep: `do ${code}` });

describe("results", () => {
  it("add up what every process counted, by template, with reasons in words", async () => {
    const { one, other, conversations, told, now } = world;
    for (const id of ["m-1", "m-2", "m-3", "m-4"]) one.recorder.accepted(whatsappMessage({ id }));
    one.recorder.sent(whatsappMessage(), 1, "out-1");
    conversations.remember(whatsappMessage(), "out-1");
    other.recorder.notSent(whatsappMessage({ id: "m-2" }), "expired", 1);
    other.recorder.notSent(whatsappMessage({ id: "m-3" }), "opted_out", 1);
    one.recorder.refused({ tag: "ms", code: "invalid_recipient", id: undefined, message: undefined });
    now.advance(HOUR);
    await told("delivered");
    await other.journal.flush();

    const query = { from: T0, to: T0 + 2 * HOUR };
    const whatsapp = {
      ...{
        platform: "acme",
        channel: "whatsapp",
        sender: "14155550100",
        template: "welcome",
        language: "en",
      },
      ...{ accepted: 4, refused: 0, optedOut: 1, sent: 1, delivered: 1, read: 0, failed: 1, waiting: 1 },
      reasons: [
        { ...words("expired"), count: 1, samples: ["m-2"] },
        { ...words("opted_out"), count: 1, samples: ["m-3"] },
      ],
    };
    const sms = {
      ...{ platform: "acme", channel: "sms", sender: "", template: "", language: "" },
      ...{ accepted: 0, refused: 1, optedOut: 0, sent: 0, delivered: 0, read: 0, failed: 0, waiting: 0 },
      reasons: [{ ...words("invalid_recipient"), count: 1, samples: [] }],
    };
    const [from, to] = [new Date(T0 - HOUR / 2).toISOString(), at(2 * HOUR)];
    expect(await results(query, one.ports)).toEqual({ from, to, rows: [whatsapp, sms] });
    expect(await results({ ...query, channel: "sms" }, one.ports)).toEqual({ from, to, rows: [sms] });
    expect(await results({ ...query, template: "welcome", platform: "acme" }, other.ports)).toEqual({
      ...{ from, to, rows: [whatsapp] },
    });
    expect((await results({ from: T0 + HOUR, to: T0 + 2 * HOUR }, one.ports)).rows).toEqual([]);
  });

  it("of an hour are without those of the next one", async () => {
    const { one, now } = world;
    one.recorder.accepted(whatsappMessage());
    now.advance(HOUR);
    one.recorder.accepted(whatsappMessage({ id: "m-2", acceptedAt: T0 + HOUR }));
    const edge = T0 + HOUR / 2;
    const accepted = async (from: number, to: number) =>
      (await results({ from, to }, one.ports)).rows.map((row) => row.accepted);
    expect([await accepted(edge - HOUR, edge), await accepted(edge, edge + HOUR)]).toEqual([[1], [1]]);
  });

  it("show numbers in front of ids by their last digits", async () => {
    const { one } = world;
    one.recorder.notSent(whatsappMessage({ id: "447700900123.abc" }), "expired", 1);
    const { rows } = await results({ from: T0, to: T0 }, one.ports);
    expect(rows[0]?.reasons[0]?.samples).toEqual(["…0123.abc"]);
    expect((await failures({ from: T0 }, one.ports)).failures[0]?.id).toBe("…0123.abc");
  });

  it("know how many messages are in doubt", async () => {
    const { one, other } = world;
    for (const id of ["m-1", "m-2"]) one.recorder.doubted(whatsappMessage({ id }), 1);
    other.recorder.settled(whatsappMessage());
    await Promise.all([one.journal.flush(), other.journal.flush()]);
    expect(await inDoubt(one.ports)).toBe(1);
  });
});

describe("failures", () => {
  it("are the latest of every process, newest first, for a code, a template and a time", async () => {
    const { one, other, now } = world;
    one.recorder.notSent(whatsappMessage(), "expired", 1);
    now.advance(1_000);
    other.recorder.notSent(smsMessage(), "1300", 1);
    await other.journal.flush();
    const [old, young] = [
      {
        at: at(0),
        id: "m-1",
        platform: "acme",
        channel: "whatsapp",
        template: "welcome",
        ...words("expired"),
      },
      { at: at(1_000), id: "s-1", platform: "acme", channel: "sms", template: "", ...words("1300") },
    ];
    const found = async (query: object) =>
      (await failures({ from: T0 - HOUR, ...query }, one.ports)).failures;
    expect(await found({})).toEqual([young, old]);
    expect(await found({ limit: 1 })).toEqual([young]);
    expect(await found({ code: "expired" })).toEqual([old]);
    expect(await found({ template: "" })).toEqual([young]);
    expect(await found({ from: T0 + 1 })).toEqual([young]);
  });
});

describe("the story of a message", () => {
  const base = { found: true, id: "m-1", platform: "acme", channel: "whatsapp", template: "welcome" };

  async function sendOne(attempt = 1) {
    const { now, one, claims, conversations } = world;
    now.advance(2_000);
    await claims.mark(whatsappMessage(), { is: "sent" });
    one.recorder.sent(whatsappMessage(), attempt, "out-1");
    conversations.remember(whatsappMessage(), "out-1", attempt);
  }

  it.each([
    ["the platform's id", "m-1"],
    ["Vonage's", "out-1"],
  ])("is found by %s", async (_, id) => {
    const { now, told, other } = world;
    await sendOne(2);
    now.advance(2_000);
    await told("sent");
    now.advance(2_000);
    await told("failed", { error: { code: "1300", description: "no" } });
    expect(await story(id, other.ports)).toEqual({
      ...{ ...base, messageUuid: "out-1", state: "failed" },
      steps: [
        { at: at(0), step: "accepted" },
        { at: at(2_000), step: "sent", attempt: 2 },
        { at: at(3_000), step: "status", status: "sent" },
        { at: at(4_000), step: "report", status: "sent", outcome: "told" },
        { at: at(5_000), step: "status", status: "failed", code: "1300", description: "1300 means" },
        { at: at(6_000), step: "report", status: "failed", outcome: "told" },
      ],
    });
  });

  it("is told a week later, and no longer", async () => {
    const { now, told, one } = world;
    await sendOne();
    await told("read");
    now.advance(7 * 24 * HOUR);
    expect(await story("m-1", one.ports)).toMatchObject({ ...base, state: "read" });
    now.advance(9 * 24 * HOUR);
    expect(await story("m-1", one.ports)).toEqual({
      found: false,
      message:
        "No message with this id is known: it may still wait in the queue, it may be older than a week, or the id may belong to another instance",
    });
  });

  it("of one that was put back says that it waits", async () => {
    const { one, claims } = world;
    await claims.mark(whatsappMessage(), { is: "released", attempt: 3 });
    expect(await story("m-1", one.ports)).toEqual({
      ...{ ...base, template: "", messageUuid: null, state: "waiting" },
      steps: [{ at: at(0), step: "attempt", attempt: 3, outcome: "put back" }],
    });
  });

  it("of one that nobody knows of says in doubt, until a status came", async () => {
    const { one, claims, told } = world;
    await claims.mark(whatsappMessage(), { is: "unknown", attempt: 1 });
    one.recorder.doubted(whatsappMessage(), 1);
    const doubted = [
      { at: at(0), step: "accepted" },
      { at: at(0), step: "in doubt", attempt: 1 },
    ];
    expect(await story("m-1", one.ports)).toEqual({
      ...{ ...base, messageUuid: null, state: "in doubt", steps: doubted },
    });
    world.now.advance(2_000);
    await told("delivered");
    expect(await story("m-1", one.ports)).toMatchObject({ state: "delivered" });
  });

  it("of one that was refused before it was accepted has its code", async () => {
    const { one } = world;
    one.recorder.refused({ tag: "mw", code: "invalid_template", id: "m-1", message: whatsappMessage() });
    expect(await story("m-1", one.ports)).toEqual({
      ...{ ...base, messageUuid: null, state: "failed" },
      steps: [
        { at: at(0), step: "refused", code: "invalid_template", description: "invalid_template means" },
      ],
    });
  });

  it("of a failed one is found by its id as it is shown", async () => {
    const { one } = world;
    const id = "447700900123.campaign-1";
    one.recorder.refused({ tag: "mw", code: "invalid_template", id, message: undefined });
    expect(await story("…0123.campaign-1", one.ports)).toMatchObject({
      ...{ found: true, id: "…0123.campaign-1", state: "failed" },
    });
    expect(await story("…0124.campaign-1", one.ports)).toMatchObject({ found: false });
  });

  it("with a number in front of its id is found by the id as pages show it", async () => {
    const { one, now } = world;
    one.recorder.notSent(whatsappMessage({ id: "447700900123.abc" }), "expired", 1);
    await one.journal.flush();
    now.advance(HOUR);
    expect(await story("…0123.abc", one.ports)).toMatchObject({
      found: true,
      id: "…0123.abc",
      state: "failed",
    });
    expect(await story("…0124.abc", one.ports)).toMatchObject({ found: false });
  });

  it("goes on in order where Vonage tells whole seconds", async () => {
    const { one, told, now } = world;
    now.advance(700);
    await sendOne();
    await told("sent", { at: T0 + 2_000 });
    const found = await story("m-1", one.ports);
    expect(found.found && found.steps.map(({ step }) => step)).toEqual([
      "accepted",
      "sent",
      "status",
      "report",
    ]);
  });

  it("of an SMS is found by its tracking id", async () => {
    const { one, other } = world;
    one.recorder.sent(smsMessage(), 1, "out-9");
    await one.journal.flush();
    for (const id of ["s-1", "out-9"])
      expect(await story(id, other.ports)).toMatchObject({
        id: "s-1",
        channel: "sms",
        messageUuid: "out-9",
        state: "sent",
      });
  });
});

it("says so within three seconds when State is away", async () => {
  const { one, state } = world;
  const away = { code: "state_away", retryable: true };
  state.isDown(true);
  await expect(results({ from: T0, to: T0 }, one.ports)).rejects.toMatchObject(away);
  await expect(failures({ from: T0 }, one.ports)).rejects.toMatchObject(away);
  await expect(story("m-1", one.ports)).rejects.toMatchObject(away);

  const waits: number[] = [];
  const hanging: StoryPorts = {
    ...one.ports,
    journal: { flush: () => new Promise(() => undefined) },
    runtime: {
      ...systemRuntime,
      setTimeout(work, ms) {
        waits.push(ms);
        work();
        return { unref: () => undefined };
      },
      clearTimeout: () => undefined,
    },
  };
  await expect(results({ from: T0, to: T0 }, hanging)).rejects.toMatchObject(away);
  expect(waits).toEqual([2_500]);
});
