import { describe, expect, it } from "@jest/globals";
import { sentBucket } from "../../../src/core/state-keys.ts";
import { createCorrelation } from "../../../src/flows/inbound/conversations.ts";
import {
  createClock,
  createMemoryState,
  createRecordingLog,
  smsMessage,
  T0,
  until,
  whatsappMessage,
} from "../../support/ports.ts";

const DAY = 86_400_000;

function createWorld() {
  const [state, now, log] = [createMemoryState(), createClock(), createRecordingLog()];
  const open = () => createCorrelation(state, now, log);
  return { state, now, log, open, correlation: open() };
}

const sent = { origin: "mw", id: "m-1", to: "447700900123" };

describe("the message a person answers", () => {
  it("is found by the vendor's id, by another process too", async () => {
    const { correlation, open } = createWorld();
    correlation.remember(whatsappMessage(), "out-1");
    expect([await open().byVendorId("out-1"), await open().byVendorId("out-2")]).toEqual([sent, undefined]);
  });

  it("is the last one sent from that sender to that person", async () => {
    const { correlation, now } = createWorld();
    correlation.remember(whatsappMessage({ id: "m-0" }), "out-0");
    now.advance(2 * DAY);
    correlation.remember(whatsappMessage(), "out-1");
    now.advance(2 * DAY);
    expect([
      await correlation.lastTo("14155550100", "447700900123"),
      await correlation.lastTo("14155550101", "447700900123"),
      await correlation.lastTo("14155550100", "447700900124"),
    ]).toEqual([sent, undefined, undefined]);
  });

  it.each([
    [0, sent],
    [7, sent],
    [9, undefined],
  ])("%i days later", async (days, expected) => {
    const { correlation, now } = createWorld();
    correlation.remember(whatsappMessage(), "out-1");
    now.advance(days * DAY);
    expect([
      await correlation.byVendorId("out-1"),
      await correlation.lastTo("14155550100", "447700900123"),
    ]).toEqual([expected, expected]);
  });

  it("outlives its day's bucket by the days it can be answered", () => {
    expect(sentBucket(T0).ttl).toBe(9 * 86_400);
  });

  it("may have any id and any recipient", async () => {
    const { correlation } = createWorld();
    const message = whatsappMessage({ id: "an id with\nspaces", to: "US.13491208655302741918" });
    correlation.remember(message, "out-1");
    expect(await correlation.byVendorId("out-1")).toEqual({
      ...{ origin: "mw", id: "an id with\nspaces", to: "US.13491208655302741918" },
    });
  });
});

describe("what is not remembered", () => {
  it.each([
    ["an SMS, which no answer quotes", smsMessage()],
    ["an auto-reply, which is no message of a platform", whatsappMessage({ purpose: "confirmation" })],
  ])("%s", async (_, message) => {
    const { correlation } = createWorld();
    correlation.remember(message, "out-1");
    expect(await correlation.byVendorId("out-1")).toBeUndefined();
  });

  it("what State cannot take: a send does not fail for it", async () => {
    const { correlation, state, log } = createWorld();
    state.isDown(true);
    correlation.remember(whatsappMessage(), "out-1");
    await until(() => log.lines.length > 0);
    expect(log.lines).toEqual([
      {
        level: "warn",
        msg: "Message not remembered for its answers",
        fields: { msg_id: "m-1", code: "provider_refused", message: "out of order", retryable: true },
      },
    ]);
  });

  it("an entry that cannot be read is no message", async () => {
    const { correlation, state } = createWorld();
    await state.write(sentBucket(T0), "out-1", "garbage");
    expect(await correlation.byVendorId("out-1")).toBeUndefined();
  });
});
