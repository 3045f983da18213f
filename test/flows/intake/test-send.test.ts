import { expect, it } from "@jest/globals";
import type { OutboundMessage } from "../../../src/core/message.ts";
import { sendTest, TEST_CHANNELS, type TestSend } from "../../../src/flows/intake/test-send.ts";
import { T0 } from "../../support/ports.ts";

const TO = "447700900123";

async function run(request: TestSend, senders = { whatsapp: ["14155550100", "14155550101"], sms: ["Acme"] }) {
  const accepted: OutboundMessage[] = [];
  const answer = await sendTest(request, {
    accept: async (message) => void accepted.push(message),
    ...{ senders, messageTtlSeconds: 86_400, newId: () => "id-1", now: () => T0 },
  });
  return { answer, accepted };
}

const envelope = { id: "id-1", to: TO, acceptedAt: T0, expiresAt: T0 + 900_000 };

it.each<[string, TestSend, object]>([
  [
    "an SMS",
    { channel: "sms", to: `+${TO}`, text: "Hi" },
    { ...envelope, channel: "sms", origin: "ts", from: "Acme", text: "Hi" },
  ],
  [
    "a WhatsApp text",
    { channel: "whatsapp", to: TO, text: "Hi", from: "14155550101" },
    {
      ...envelope,
      channel: "whatsapp",
      origin: "tw",
      from: "14155550101",
      content: { type: "text", text: "Hi" },
    },
  ],
  [
    "a template with values",
    { channel: "whatsapp", to: TO, template: "order", language: "en", parameters: ["Ana", "2"] },
    {
      ...{ ...envelope, channel: "whatsapp", origin: "tw", from: "14155550100" },
      content: {
        type: "template",
        template: {
          ...{ name: "order", language: { code: "en" } },
          components: [
            {
              type: "body",
              parameters: [
                { type: "text", text: "Ana" },
                { type: "text", text: "2" },
              ],
            },
          ],
        },
      },
    },
  ],
  [
    "a template without values",
    { channel: "whatsapp", to: TO, template: "hello", language: "en" },
    {
      ...{ ...envelope, channel: "whatsapp", origin: "tw", from: "14155550100" },
      content: { type: "template", template: { name: "hello", language: { code: "en" } } },
    },
  ],
])("%s goes the way of every message", async (_name, request, message) => {
  expect(await run(request)).toEqual({ answer: { id: "id-1" }, accepted: [message] });
});

it.each<[string, TestSend, RegExp]>([
  ["no number", { channel: "sms", to: "Ana", text: "Hi" }, /to .*is not a phone number/],
  ["no text", { channel: "sms", to: TO }, /text is missing/],
  ["a text that is too long", { channel: "sms", to: TO, text: "x".repeat(3_201) }, /longer than 3200/],
  ["a template for SMS", { channel: "sms", to: TO, template: "x" }, /not a template/],
  ["a template without a language", { channel: "whatsapp", to: TO, template: "x" }, /language is missing/],
  [
    "a template and a text",
    { channel: "whatsapp", to: TO, template: "x", language: "en", text: "Hi" },
    /not both/,
  ],
  ["somebody else's sender", { channel: "sms", to: TO, text: "Hi", from: "Other" }, /from must be one of/],
])("refuses %s in words", async (_name, request, words) => {
  await expect(run(request)).rejects.toThrow(words);
});

it.each<[TestSend["channel"], RegExp]>([
  ["whatsapp", /set WHATSAPP_NUMBER/],
  ["sms", /set SMS_SENDER_ID/],
])("says what switches %s on", async (channel, words) => {
  await expect(run({ channel, to: TO, text: "Hi" }, { whatsapp: [], sms: [] })).rejects.toThrow(words);
});

it("is told to nobody, and taken from nobody", async () => {
  expect(
    TEST_CHANNELS.map(({ tag, platform, replies, templates }) => [tag, platform, replies, templates]),
  ).toEqual([
    ["tw", "console", undefined, undefined],
    ["ts", "console", undefined, undefined],
  ]);
  for (const { intake, reports } of TEST_CHANNELS) {
    expect(intake.authenticate({})).toBe(false);
    await reports.post([]);
  }
});
