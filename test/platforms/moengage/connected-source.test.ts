import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { query } from "jsonpath-rfc9535";
import type { EngagementEvent } from "../../../src/core/event.ts";
import { createHttpClient } from "../../../src/lib/http-client.ts";
import { createConnectedSource } from "../../../src/platforms/moengage/connected-source.ts";
import { eventToRow, MAPPER, sourceAnswer } from "../../../src/platforms/moengage/from-event.ts";
import {
  type ConnectedSource,
  startConnectedSource,
} from "../../../src/sandbox/moengage/connected-source.ts";
import { createRecordingLog, until } from "../../support/ports.ts";

const AT = Date.now();
const SECRET = "the-data-key";

const event = (more: Partial<EngagementEvent> = {}): EngagementEvent => ({
  kind: "other",
  id: "uuid-1",
  channel: "whatsapp",
  person: "447700900123",
  at: AT,
  sender: "14155550100",
  text: "where is my order?",
  ...more,
});

/** One of each kind, with as little as such an event can have. */
const ALL: EngagementEvent[] = [
  event(),
  event({ kind: "button", text: "Yes", payload: "yes-1", messageId: "m-1", origin: "mw" }),
  event({ kind: "opt_in", text: "START" }),
  event({ kind: "opt_out", channel: "sms", text: "STOP" }),
  {
    kind: "failed",
    id: "m-2",
    channel: "sms",
    person: "447700900124",
    at: AT,
    messageId: "m-2",
    origin: "ms",
  },
];

describe("the mapper", () => {
  const payload = JSON.parse(JSON.stringify({ events: ALL.map(eventToRow) }));
  const { attr, ...mandatory } = MAPPER.mappings;
  const isPath = ([, value]: [string, string]) => value.startsWith("$");

  it.each(Object.entries(mandatory).filter(isPath))("finds the mandatory %s in every event", (_, path) => {
    const found = query(payload, path);
    expect(found).toHaveLength(ALL.length);
    expect(found.filter((value) => value === "" || value === null || value === undefined)).toEqual([]);
  });

  it.each(Object.entries(attr))(
    "finds the attribute %s in every event, so that lists cannot shift",
    (_, path) => {
      expect(query(payload, path)).toHaveLength(ALL.length);
    },
  );

  it("maps every field that is posted, and none that is not", () => {
    const paths = [...Object.values(mandatory), ...Object.values(attr)].filter((path) =>
      path.startsWith("$"),
    );
    const fields = Object.keys(eventToRow(event())).map((field) => `$.events[*].${field}`);
    expect(paths.toSorted()).toEqual(fields.toSorted());
  });

  it("names what MoEngage needs to know beside the paths", () => {
    const { partner_name, mapping_type, batching, mappings } = MAPPER;
    expect({ partner_name, mapping_type, batching, platform: mappings.platform }).toEqual({
      partner_name: "vonage_connector",
      mapping_type: "events",
      batching: true,
      platform: "api",
    });
    expect(mappings.app_version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("gives names and milliseconds to each kind", () => {
    expect(query(payload, MAPPER.mappings.event_name)).toEqual([
      "Vonage Reply Received",
      "Vonage Button Tapped",
      "Vonage Opted In",
      "Vonage Opted Out",
      "Vonage Message Failed",
    ]);
    expect(new Set(query(payload, MAPPER.mappings.user_time))).toEqual(new Set([AT]));
  });
});

describe("sourceAnswer", () => {
  const e9004 = (message: string) =>
    JSON.stringify({
      error: {
        code: "e_9004",
        message,
        target: "payload_validation",
        details: [{ code: "e_9004", message }],
      },
    });
  const fail = JSON.stringify({
    status: "fail",
    error: { message: "Invalid authorization format", type: "Authentication required", request_id: "70e2fd" },
  });
  const success = JSON.stringify({
    request_id: "uhdvtjxa",
    name: "n",
    description: "Successfully submitted",
  });

  it.each([
    [200, success, "accepted", { request_id: "uhdvtjxa" }, "told to MoEngage"],
    [200, "OK", "accepted", {}, "without a request_id"],
    [200, "<html>", "retry", {}, "trying again"],
    [
      400,
      e9004("Required field 'x' is missing in the payload"),
      "refused",
      { code: "e_9004", target: "payload_validation" },
      "mapper does not fit",
    ],
    [
      422,
      e9004("The provided payload is invalid"),
      "refused",
      { code: "e_9004", target: "payload_validation" },
      "mapper does not fit",
    ],
    [401, fail, "refused", { request_id: "70e2fd" }, "MOENGAGE_WORKSPACE_ID"],
    [404, "", "refused", {}, "MOENGAGE_CONNECTED_SOURCE_URL"],
    [413, "[]", "refused", {}, "refused"],
    [429, "null", "retry", {}, "trying again"],
    [503, "", "retry", {}, "trying again"],
  ] as const)("reads HTTP %d %s", (status, text, outcome, about, words) => {
    const answer = sourceAnswer(status, text);
    expect(answer).toEqual({
      outcome,
      about: { request_id: undefined, code: undefined, target: undefined, ...about },
      words: expect.stringContaining(words),
    });
  });
});

describe("the stream", () => {
  let fake: ConnectedSource;
  const httpClient = createHttpClient(8);
  const sources: ReturnType<typeof createConnectedSource>[] = [];
  let log = createRecordingLog();
  let pauses: number[];

  beforeEach(async () => {
    log = createRecordingLog();
    pauses = [];
    fake = await startConnectedSource({ workspaceId: "WORKSPACE", dataApiKey: SECRET });
  });
  afterEach(async () => {
    await fake.stop();
    await Promise.all(sources.splice(0).map((source) => source.stop()));
  });

  function create(key = SECRET) {
    const settings = { url: fake.sourceUrl, workspaceId: "WORKSPACE", key };
    const own = pauses;
    const pause = async (ms: number) => {
      own.push(ms);
      await sleep(Math.min(ms, 5));
    };
    const source = createConnectedSource(settings, { httpClient, log, pause });
    sources.push(source);
    return source;
  }

  it("tells every kind in one call", async () => {
    const source = create();
    for (const one of ALL) source.emit(one);

    await until(() => log.lines.length > 0);

    expect(fake.events).toEqual(ALL.map(eventToRow));
    expect(log.at("info")).toEqual([
      {
        level: "info",
        msg: "Events told to MoEngage",
        fields: expect.objectContaining({ events: 5, request_id: "r1" }),
      },
    ]);
  });

  it("tells 2,000 events in calls of 100 to 500", async () => {
    const source = create();
    for (let n = 0; n < 2_000; n++) source.emit(event({ id: `uuid-${n}` }));

    await until(() => fake.events.length === 2_000);

    expect(fake.calls).toEqual([500, 500, 500, 500]);
    expect(new Set(fake.events.map(({ event_id }) => event_id)).size).toBe(2_000);
    expect(fake.violations).toEqual([]);
  });

  it("waits a moment for more when there are few, and keeps calls apart", async () => {
    const source = create();
    source.emit(event());

    await until(() => pauses.length === 2);

    expect(pauses).toEqual([2_000, 5]);
  });

  it("keeps to a megabyte whatever people write", async () => {
    const source = create();
    for (let n = 0; n < 500; n++)
      source.emit(event({ text: "🛑".repeat(5_000), payload: "語".repeat(5_000) }));

    await until(() => fake.events.length === 500);

    expect(fake.violations).toEqual([]);
    expect(fake.calls.length).toBeGreaterThan(1);
  });

  it("keeps events while MoEngage is away, and waits longer each time", async () => {
    fake.setFault({ down: true });
    const source = create();
    source.emit(event());
    await until(() => pauses.length >= 8);
    fake.setFault(null);

    await until(() => fake.events.length === 1);

    expect(pauses.slice(0, 8)).toEqual([2_000, 1_000, 2_000, 2_000, 2_000, 4_000, 2_000, 8_000]);
    expect(source.dropped()).toBe(0);
  });

  it("drops and counts what finds no room, and never holds up who emits", async () => {
    fake.setFault({ hang: true });
    const source = create();
    const started = performance.now();

    for (let n = 0; n < 12_000; n++) source.emit(event());

    expect(source.dropped()).toBe(2_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([
    ["a wrong key", "wrong", ALL, "check MOENGAGE_WORKSPACE_ID"],
    ["events that do not fit the mapper", SECRET, [event({ at: 1 })], "mapper does not fit"],
  ])("drops, counts and explains what is refused for %s", async (_, key, events, words) => {
    const source = create(key);
    for (const one of events) source.emit(one);

    await until(() => log.at("warn").length > 0);

    expect(source.dropped()).toBe(events.length);
    expect(log.at("error").map(({ msg }) => msg)).toEqual([expect.stringContaining(words)]);
    expect(fake.events).toEqual([]);
  });

  it("tells nobody about another platform's message, but of every opt-out", async () => {
    const source = create();
    source.emit(event({ kind: "failed", origin: "ww", messageId: "theirs" }));
    source.emit(event({ kind: "button", origin: "ww", messageId: "theirs" }));
    source.emit(event({ kind: "opt_out", origin: "ww", messageId: "theirs" }));
    source.emit(event({ person: "US.13491208655302741918" }));

    await until(() => fake.calls.length === 1);
    await source.stop();

    expect(fake.events).toEqual([
      expect.objectContaining({ event_name: "Vonage Opted Out", message_id: "" }),
    ]);
  });

  it("tells what waits when it is stopped, and gives up on who does not answer", async () => {
    const source = create();
    source.emit(event());
    await source.stop();
    source.emit(event());

    expect({ told: fake.events.length, dropped: source.dropped() }).toEqual({ told: 1, dropped: 1 });

    fake.setFault({ down: true });
    const other = create();
    other.emit(event());
    await other.stop();
    expect(other.dropped()).toBe(1);
  });

  it("logs no number, text or key", async () => {
    const source = create("wrong-key");
    for (const one of ALL) source.emit(one);
    await until(() => source.dropped() === ALL.length);

    const lines = JSON.stringify(log.lines);
    expect(
      ["447700900", "where is my order", "wrong-key", "configName"].filter((secret) =>
        lines.includes(secret),
      ),
    ).toEqual([]);
  });
});
