import { describe, expect, it } from "@jest/globals";
import { REPLICAS } from "../../../src/core/state-keys.ts";
import type { SendingState } from "../../../src/flows/dispatch/send-gate.ts";
import { type StatusPorts, status } from "../../../src/flows/insight/status.ts";
import { createNeighbours } from "../../../src/lib/neighbours.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createClock, createMemoryState, T0, unavailable } from "../../support/ports.ts";

const FREE: SendingState = { paused: [], rate: 29, most: 29 };
const MINUTE = 60_000;
const iso = (ago: number) => new Date(T0 - ago).toISOString();

function createWorld(over: Partial<StatusPorts> & { sending?: SendingState } = {}) {
  const now = createClock();
  const state = createMemoryState();
  const neighbours = createNeighbours(now);
  const replica = (id: string, more: object = {}) => ({
    ...{ id, version: "1.2.3", startedAt: T0 - 10 * MINUTE, seenAt: T0, isClosed: false },
    sending: { whatsapp: over.sending ?? FREE, sms: FREE },
    last: { mw: { accepted: T0 - 5_000, sent: T0 - 3_000 } },
    refused: { credentials: 0, signatures: 0 },
    ...more,
  });
  const leave = (id: string, more: object) => state.write(REPLICAS, id, JSON.stringify(replica(id, more)));
  const ports: StatusPorts = {
    ...{ state, neighbours, journal: { flush: async () => undefined }, runtime: { ...systemRuntime, now } },
    ownerOf: () => undefined,
    dictionary: () => ({ description: "", nextStep: "" }),
    self: () => replica("a"),
    channels: [
      { tag: "mw", platform: "acme", channel: "whatsapp", on: true, variables: "ACME_URL" },
      { tag: "ms", platform: "acme", channel: "sms", on: false, variables: "ACME_SMS_URL" },
    ],
    ratePerSecond: 29,
    queueOf: async (purpose) => ({
      waiting: { whatsapp: 290, chat: 1, sms: 5, reports: 7 }[purpose],
      isPaused: false,
    }),
    deadLetters: () => 2,
    ...over,
  };
  return { now, state, neighbours, leave, ports };
}

describe("the status", () => {
  it("shows every replica that was heard of lately, each channel and each neighbour", async () => {
    const { ports, leave, neighbours } = createWorld();
    await leave("b", {
      startedAt: T0 - 20 * MINUTE,
      seenAt: T0 - MINUTE,
      last: { mw: { sent: T0 - 1_000, report: T0 } },
    });
    await leave("gone", { seenAt: T0 - 6 * MINUTE });
    await leave("closed", { isClosed: true });
    neighbours.answered("vonage");
    expect(await status(ports)).toEqual({
      version: "1.2.3",
      startedAt: iso(10 * MINUTE),
      replicas: [
        { id: "b", version: "1.2.3", startedAt: iso(20 * MINUTE), seenAt: iso(MINUTE) },
        { id: "a", version: "1.2.3", startedAt: iso(10 * MINUTE), seenAt: iso(0) },
      ],
      channels: [
        {
          ...{ platform: "acme", channel: "whatsapp", on: true, state: "sending", reason: "" },
          ...{ waiting: 291, ratePerSecond: 29, secondsToEmpty: 11 },
          ...{ lastAcceptedAt: iso(5_000), lastSentAt: iso(1_000), lastStatusAt: null, lastReportAt: iso(0) },
        },
        {
          ...{ platform: "acme", channel: "sms", on: false, state: "off" },
          reason: "It is off: to switch it on, set ACME_SMS_URL",
          ...{ waiting: null, ratePerSecond: null, secondsToEmpty: null },
          ...{ lastAcceptedAt: null, lastSentAt: null, lastStatusAt: null, lastReportAt: null },
        },
      ],
      dependencies: [
        { name: "queue", up: null, since: null, note: "Nobody was asked yet" },
        { name: "state", up: null, since: null, note: "Nobody was asked yet" },
        { name: "vonage", up: true, since: iso(0), note: "" },
        { name: "acme", up: null, since: null, note: "Nobody was asked yet" },
      ],
      deadLetters: 2,
      inDoubt: 0,
    });
  });

  it.each<[string, SendingState, object]>([
    ["paused for the account", { ...FREE, paused: ["account"] }, { state: "paused", secondsToEmpty: null }],
    ["paused while nobody answers", { ...FREE, paused: ["sender", "unanswered"] }, { state: "paused" }],
    ["slowed for one sender", { ...FREE, paused: ["sender"] }, { state: "slowed", secondsToEmpty: 11 }],
    [
      "slowed by Vonage",
      { ...FREE, rate: 14.5 },
      { state: "slowed", reason: "Vonage asked to send less: 14.5 of 29 a second", secondsToEmpty: 21 },
    ],
  ])("says of a channel that it is %s", async (_, sending, expected) => {
    const { channels } = await status(createWorld({ sending }).ports);
    expect(channels[0]).toMatchObject(expected);
  });

  it("says that a queue is paused, and that nothing waits", async () => {
    const paused = createWorld({ queueOf: async () => ({ waiting: 3, isPaused: true }) });
    expect((await status(paused.ports)).channels[0]).toMatchObject({
      ...{ state: "paused", waiting: 6, secondsToEmpty: null },
      reason: "The queue is paused at VCR: nothing is sent until somebody resumes it",
    });
    const idle = createWorld({ queueOf: async () => ({ waiting: 0, isPaused: false }) });
    idle.now.advance(MINUTE);
    expect((await status(idle.ports)).channels[0]).toMatchObject({
      ...{ state: "idle", reason: "Nothing waits", waiting: 0, secondsToEmpty: 0 },
    });
  });

  it("is told while State and the queues are away, or hang", async () => {
    const { ports, state } = createWorld({ queueOf: () => Promise.reject(unavailable()) });
    state.isDown(true);
    const away = await status(ports);
    expect(away).toMatchObject({ replicas: [{ id: "a" }], inDoubt: null, channels: [{ waiting: null }, {}] });

    const hanging = createWorld({
      queueOf: () => new Promise(() => undefined),
      runtime: {
        ...systemRuntime,
        now: () => T0,
        setTimeout(work) {
          work();
          return { unref: () => undefined };
        },
      },
    });
    expect((await status(hanging.ports)).channels[0]).toMatchObject({ state: "sending", waiting: null });
  });
});
