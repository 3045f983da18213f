import { describe, expect, it } from "@jest/globals";
import type { ChannelState, StatusAnswer } from "../../../src/core/insight.ts";
import { type Alert, createAlerts } from "../../../src/flows/insight/alerts.ts";
import { type Condition, conditions, type Looked } from "../../../src/flows/insight/conditions.ts";
import { count, countCode, keyOf, rowIn, type Stage, type Sums } from "../../../src/flows/insight/sums.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createClock, createMemoryState, createRecordingLog, T0, unavailable } from "../../support/ports.ts";

const MINUTE = 60_000;
const PAUSED: Condition = {
  key: "paused",
  what: "It is paused",
  remedy: "act",
  page: "status",
  afterMs: MINUTE,
};

function createWorld() {
  const now = createClock();
  const [state, log] = [createMemoryState(), createRecordingLog()];
  const posted: (Alert & { by: string })[] = [];
  const world = {
    ...{ now, state, log, posted },
    found: [] as Condition[],
    isRefused: false,
    open: (self: string) =>
      createAlerts({
        look: async () => world.found,
        async post(alert) {
          if (world.isRefused) throw unavailable("alert_refused");
          posted.push({ ...alert, by: self });
        },
        ...{ state, self, consoleUrl: "https://acme.test/console", instance: "connector", log },
        runtime: { ...systemRuntime, now },
      }),
    said: () => posted.splice(0).map(({ by, alert, state: is }) => `${by} ${alert} ${is}`),
  };
  return world;
}

describe("an alert", () => {
  it("is told once, when it has lasted, with the remedy and a link, and once when it is over", async () => {
    const world = createWorld();
    const { look } = world.open("a");
    world.found = [PAUSED];
    await look();
    expect(world.posted).toEqual([]);
    world.now.advance(MINUTE);
    for (let times = 0; times < 3; times++) await look();
    const link = "https://acme.test/console/status";
    expect(world.posted.splice(0)).toEqual([
      {
        ...{
          by: "a",
          alert: "paused",
          state: "firing",
          instance: "connector",
          since: new Date(T0).toISOString(),
        },
        ...{ remedy: "act", link, text: `[connector] It is paused. What to do: act\n${link}` },
      },
    ]);
    world.found = [];
    await look();
    expect(world.posted).toEqual([]);
    await look();
    await look();
    expect(world.posted.map(({ text, state }) => [state, text])).toEqual([
      ["over", `[connector] Over: It is paused\n${link}`],
    ]);
  });

  it("that flickers is told once", async () => {
    const world = createWorld();
    const { look } = world.open("a");
    for (const found of [[PAUSED], [], [PAUSED], [], [PAUSED]]) {
      world.found = found.map((condition) => ({ ...condition, afterMs: 0 }));
      await look();
    }
    expect(world.said()).toEqual(["a paused firing"]);
  });

  it("is told by one replica, and the next goes on where that one died", async () => {
    const world = createWorld();
    const [a, b] = [world.open("a"), world.open("b")];
    world.found = [{ ...PAUSED, afterMs: 0 }];
    await a.look();
    await b.look();
    expect(world.said()).toEqual(["a paused firing"]);
    world.now.advance(3 * MINUTE);
    await b.look();
    await a.look();
    expect(world.said()).toEqual([]);
    world.found = [];
    await b.look();
    await b.look();
    expect(world.said()).toEqual(["b paused over"]);
  });

  it("that nobody takes is tried again", async () => {
    const world = createWorld();
    const { look } = world.open("a");
    world.found = [{ ...PAUSED, afterMs: 0 }];
    world.isRefused = true;
    await look();
    expect(world.log.at("warn").map(({ msg }) => msg)).toEqual(["An alert could not be told: trying again"]);
    world.isRefused = false;
    await look();
    await look();
    expect(world.said()).toEqual(["a paused firing"]);
  });

  it("says nothing that a chat would take for a command", async () => {
    const world = createWorld();
    world.found = [{ ...PAUSED, what: "The template <!channel> @here\n\u202e fails", afterMs: 0 }];
    await world.open("a").look();
    expect(world.posted[0]?.text.split("\n")[0]).toBe(
      "[connector] The template  !channel   here   fails. What to do: act",
    );
  });

  it("is told while State is away, too", async () => {
    const world = createWorld();
    const { look } = world.open("a");
    world.state.isDown(true);
    world.found = [{ ...PAUSED, key: "away state", afterMs: 0 }];
    await look();
    await look();
    expect(world.said()).toEqual(["a away state firing"]);
  });
});

const iso = (ago: number) => new Date(T0 - ago).toISOString();

const CHANNEL: ChannelState = {
  ...{ platform: "acme", channel: "sms", on: true, state: "sending", reason: "" },
  ...{ waiting: 0, ratePerSecond: 29, secondsToEmpty: 0 },
  ...{ lastAcceptedAt: iso(0), lastSentAt: iso(0), lastStatusAt: iso(0), lastReportAt: iso(0) },
};
const STATUS: StatusAnswer = {
  ...{ version: "1", startedAt: iso(60 * MINUTE), deadLetters: 0, inDoubt: 0 },
  replicas: [{ id: "a", version: "1", startedAt: iso(60 * MINUTE), seenAt: iso(0) }],
  channels: [CHANNEL],
  dependencies: [{ name: "state", up: true, since: null, note: "" }],
};

function looked(over: Partial<Looked> & { channel?: Partial<ChannelState> } = {}): Looked {
  const { channel, ...more } = over;
  const status = { ...STATUS, ...over.status, channels: [{ ...CHANNEL, ...channel }] };
  return {
    ...{ now: T0, sums: new Map(), ttlSeconds: 86_400, isEmptied: false },
    ...{ refusals: { credentials: 0, signatures: 0 } },
    dictionary: (code) => ({ description: `Words of ${code}`, nextStep: `Do something about ${code}.` }),
    ...more,
    status,
  };
}

function sumsOf(...rows: [template: string, counts: Partial<Record<Stage, number>>][]): Sums {
  const sums: Sums = new Map();
  for (const [template, counts] of rows) {
    const row = rowIn(sums, keyOf({ tag: "mw", sender: "1", language: "en", template }));
    for (const [stage, by] of Object.entries(counts)) count(row, stage as Stage, by);
  }
  return sums;
}

it("names the commonest reason of failures, and what to do about it", () => {
  const sums = sumsOf(["a", { sent: 40, failed: 30 }]);
  const [row] = sums.values();
  if (!row) throw new Error("no row");
  for (const [code, times] of Object.entries({
    opted_out: 90,
    template_mismatch: 80,
    "1022": 20,
    "1300": 10,
  }))
    countCode(row, code, [], times);
  const found = conditions(looked({ sums }));
  expect(found.map(({ what, remedy }) => [what, remedy])).toEqual([
    [
      "30 of the 40 messages of the last two hours failed (75 %). Most often: Words of 1022 (code 1022)",
      "Do something about 1022.",
    ],
    [
      "The template a fails: 30 of 40 messages (75 %). Most often: Words of 1022 (code 1022)",
      "Pause the campaign that uses it. Do something about 1022.",
    ],
  ]);
});

it("with what platforms share is told once, not for each of them", () => {
  const three = [{}, { platform: "other" }, { channel: "whatsapp" as const }];
  const keysOf = (over: Partial<ChannelState>) => {
    const channels = three.map((one) => ({ ...CHANNEL, ...over, ...one }));
    return conditions({ ...looked(), status: { ...STATUS, channels } }).map(({ key }) => key);
  };
  expect(keysOf({ state: "paused", reason: "why" })).toEqual(["paused sms", "paused whatsapp"]);
  expect(keysOf({ secondsToEmpty: 50_000 })).toEqual(["waiting sms", "waiting whatsapp"]);
});

describe("what is wrong", () => {
  it.each<[string, Looked, string[]]>([
    ["nothing", looked(), []],
    ["sending paused", looked({ channel: { state: "paused", reason: "why" } }), ["paused sms"]],
    ["a long queue", looked({ channel: { secondsToEmpty: 43_201 } }), ["waiting sms"]],
    ["half a day of queue", looked({ channel: { secondsToEmpty: 43_200 } }), []],
    [
      "no status for half an hour",
      looked({ channel: { lastStatusAt: iso(31 * MINUTE) } }),
      ["no status acme sms"],
    ],
    ["no status since the start", looked({ channel: { lastStatusAt: null } }), ["no status acme sms"]],
    [
      "nothing sent since",
      looked({ channel: { lastSentAt: iso(40 * MINUTE), lastStatusAt: iso(35 * MINUTE) } }),
      [],
    ],
    ["nothing sent ever", looked({ channel: { lastSentAt: null, lastStatusAt: null } }), []],
    ["a fifth failed", looked({ sums: sumsOf(["a", { sent: 80, unsent: 20, failed: 20 }]) }), ["failures"]],
    ["nearly a fifth failed", looked({ sums: sumsOf(["a", { sent: 100, failed: 19 }]) }), []],
    [
      "one template fails",
      looked({ sums: sumsOf(["a", { sent: 20, failed: 10 }], ["b", { sent: 1_000 }]) }),
      ["template a"],
    ],
    [
      "one with a name that was cut fails",
      looked({ sums: sumsOf(["cut \ud83d", { sent: 20, failed: 10 }], ["b", { sent: 1_000 }]) }),
      ["template cut \ud83d"],
    ],
    ["a handful fails", looked({ sums: sumsOf(["a", { sent: 9, failed: 9 }]) }), []],
    ["wrong credentials", looked({ refusals: { credentials: 5, signatures: 2 } }), ["credentials"]],
    ["wrong signatures", looked({ refusals: { credentials: 4, signatures: 3 } }), ["signatures"]],
    ["dead letters", looked({ status: { ...STATUS, deadLetters: 1 } }), ["dead letters"]],
    [
      "State is away",
      looked({
        status: { ...STATUS, dependencies: [{ name: "state", up: false, since: null, note: "gone" }] },
      }),
      ["away state"],
    ],
    ["State was emptied", looked({ isEmptied: true }), ["emptied"]],
  ])("is seen: %s", (_, given, keys) => {
    const found = conditions(given);
    expect(found.map(({ key }) => key)).toEqual(keys);
    for (const { what, remedy } of found)
      expect([what.length > 10, remedy.length > 10]).toEqual([true, true]);
  });
});
