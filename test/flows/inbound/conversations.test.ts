import { describe, expect, it } from "@jest/globals";
import { sentBucket } from "../../../src/core/state-keys.ts";
import { type Conversations, createConversations } from "../../../src/flows/inbound/conversations.ts";
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
  const open = () => createConversations(state, now, log);
  return { state, now, log, open, conversations: open() };
}

const byVendorId = async (conversations: Conversations, quotedVendorId: string) =>
  (await conversations.find({ quotedVendorId, channel: "whatsapp", sender: "", people: [] })).quoted;
const lastTo = async (conversations: Conversations, sender: string, ...people: string[]) =>
  (await conversations.find({ channel: "whatsapp", sender, people })).last;

const sent = { origin: "mw", id: "m-1", to: "447700900123" };

describe("the message a person answers", () => {
  it("is found by the vendor's id, by another process too", async () => {
    const { conversations, open } = createWorld();
    conversations.remember(whatsappMessage(), "out-1");
    expect([await byVendorId(open(), "out-1"), await byVendorId(open(), "out-2")]).toEqual([sent, undefined]);
  });

  it("is the last one sent from that sender to that person", async () => {
    const { conversations, now } = createWorld();
    conversations.remember(whatsappMessage({ id: "m-0" }), "out-0");
    now.advance(2 * DAY);
    conversations.remember(whatsappMessage(), "out-1");
    now.advance(2 * DAY);
    expect([
      await lastTo(conversations, "14155550100", "447700900123"),
      await lastTo(conversations, "14155550101", "447700900123"),
      await lastTo(conversations, "14155550100", "447700900124"),
    ]).toEqual([sent, undefined, undefined]);
  });

  it.each([
    [0, sent],
    [7, sent],
    [9, undefined],
  ])("%i days later", async (days, expected) => {
    const { conversations, now } = createWorld();
    conversations.remember(whatsappMessage(), "out-1");
    now.advance(days * DAY);
    expect([
      await byVendorId(conversations, "out-1"),
      await lastTo(conversations, "14155550100", "447700900123"),
    ]).toEqual([expected, expected]);
  });

  it("is looked for further back than the last one, which is looked for only until there is one", async () => {
    const { conversations, now } = createWorld();
    conversations.remember(whatsappMessage({ id: "m-0" }), "out-0");
    now.advance(3 * DAY);
    conversations.remember(whatsappMessage(), "out-1");
    const people = ["US.13491208655302741918", "447700900123"];
    expect([
      await conversations.find({
        quotedVendorId: "out-0",
        channel: "whatsapp",
        sender: "14155550100",
        people,
      }),
      await conversations.find({
        quotedVendorId: "out-9",
        channel: "whatsapp",
        sender: "14155550100",
        people,
      }),
    ]).toEqual([{ quoted: { ...sent, id: "m-0" }, last: sent }, { last: sent }]);
  });

  it.each([
    ["today", 0, 2],
    ["yesterday", 1, 2],
    ["three days ago", 3, 8],
    ["never", 9, 8],
  ])("%s: costs a read of as few days as it takes", async (_, days, expected) => {
    const { conversations, state, now } = createWorld();
    conversations.remember(whatsappMessage(), "out-1");
    now.advance(days * DAY);
    const buckets: string[] = [];
    const { read } = state;
    state.read = (bucket, field) => {
      buckets.push(bucket.key);
      return read(bucket, field);
    };
    await conversations.find({
      quotedVendorId: "out-1",
      channel: "whatsapp",
      sender: "14155550100",
      people: ["447700900123"],
    });
    expect(new Set(buckets).size).toBe(expected);
    expect(buckets.length).toBe(2 * expected);
  });

  it("outlives its day's bucket by the days it can be answered", () => {
    expect(sentBucket(T0).ttl).toBe(9 * 86_400);
  });

  it("may have any id and any recipient", async () => {
    const { conversations } = createWorld();
    const message = whatsappMessage({ id: "an id with\nspaces", to: "US.13491208655302741918" });
    conversations.remember(message, "out-1");
    expect(await byVendorId(conversations, "out-1")).toEqual({
      ...{ origin: "mw", id: "an id with\nspaces", to: "US.13491208655302741918" },
    });
  });
});

describe("what is not remembered", () => {
  it.each([
    ["an SMS, which no answer quotes", smsMessage()],
    [
      "an auto-reply, which is no message of a platform",
      whatsappMessage({ purpose: "opt-out-confirmation" }),
    ],
  ])("%s", async (_, message) => {
    const { conversations } = createWorld();
    conversations.remember(message, "out-1");
    expect(await byVendorId(conversations, "out-1")).toBeUndefined();
  });

  it("what State cannot take: a send does not fail for it", async () => {
    const { conversations, state, log } = createWorld();
    state.isDown(true);
    conversations.remember(whatsappMessage(), "out-1");
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
    const { conversations, state } = createWorld();
    await state.write(sentBucket(T0), "out-1", "garbage");
    expect(await byVendorId(conversations, "out-1")).toBeUndefined();
  });
});

describe("the last message in a chat", () => {
  it("is the last SMS too where its platform has a chat, and its sender can be answered", async () => {
    const { state, now, log } = createWorld();
    const conversations = createConversations(state, now, log, (origin) => origin === "cs");
    const [from, to] = ["14155550100", "447700900123"];
    for (const over of [
      { origin: "cs", id: "a-1", from },
      { origin: "cs", id: "a-2", from },
      { origin: "ms", id: "a-3", from },
      { origin: "cs", id: "a-4", from: "MyBrand" },
    ])
      conversations.remember(smsMessage({ to, ...over }), `uuid-${over.id}`);
    conversations.remember(whatsappMessage({ from, to, id: "w-1" }), "uuid-w");

    const lastOf = async (channel: "sms" | "whatsapp", sender = from) =>
      (await conversations.find({ channel, sender, people: [to] })).last?.id;
    expect([await lastOf("sms"), await lastOf("whatsapp"), await lastOf("sms", "MyBrand")]).toEqual([
      "a-2",
      "w-1",
      undefined,
    ]);
    expect(await byVendorId(conversations, "uuid-a-2")).toBeUndefined();
  });
});
