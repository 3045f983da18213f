import { describe, expect, it } from "@jest/globals";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { smsToMessage } from "../../../src/platforms/webengage/to-message.ts";
import { fixture } from "../../fixtures/index.ts";

const NOW = Date.UTC(2026, 0, 15, 10, 30);

const toMessage = (body: unknown, senderId?: string) =>
  smsToMessage(body, { origin: "ws", senderId, messageTtlSeconds: 3_600 }, NOW);

const sms = {
  id: "webengage-message-id",
  origin: "ws",
  channel: "sms",
  from: "PAXXXN",
  to: "919999999999",
  acceptedAt: NOW,
  expiresAt: NOW + 3_600_000,
  text: "Text message body",
};
const registered = { contentId: "xyz", entityId: "abc" };

describe("every example of the contract", () => {
  it.each([
    ["version-1", sms],
    ["version-2", { ...sms, ...registered }],
    ["private-version-2", { ...sms, ...registered }],
  ])("%s becomes the message it describes", (variant, expected) => {
    expect(toMessage(fixture("webengage-sms-send", variant))).toEqual(expected);
  });

  it("private-version-1 is refused for its encrypted number, in words that say what to do", () => {
    expect(() => toMessage(fixture("webengage-sms-send", "private-version-1"))).toThrow(
      expect.objectContaining({
        code: "invalid_recipient",
        message: expect.stringMatching(
          /^toNumber is no phone number; it looks hashed.*only you can decrypt it/,
        ),
      }),
    );
  });
});

interface AnySend {
  version: unknown;
  smsData: Record<string, unknown>;
  metadata: Record<string, unknown>;
}
function changed(change: (send: AnySend) => void, variant = "version-2"): unknown {
  const send = fixture("webengage-sms-send", variant) as unknown as AnySend;
  change(send);
  return send;
}
const data = (values: object) => (send: AnySend) => Object.assign(send.smsData, values);
const metadata = (values: object) => (send: AnySend) => Object.assign(send.metadata, values);

const LINKS = [
  "See <a href=“https://google.co.in/?param=%3D%3D%2B%20%20abcd”> Link </a>",
  "https://wbeg.in/a%2Fb?c=%26&d=%C3%A9#%23 now",
  '  two lines \n of "it" & <b>é🛑</b>\t ',
];

describe("what is kept", () => {
  it.each(LINKS)("a text letter by letter: %j", (body) => {
    expect(toMessage(changed(data({ body }))).text).toBe(body);
  });

  it("an id of 500 characters", () => {
    const messageId = " ~campaign/é|".padEnd(500, "x");
    expect(toMessage(changed(metadata({ messageId }))).id).toBe(messageId);
  });
});

describe("what is tolerated", () => {
  const expected = { ...sms, ...registered };
  it.each<[string, (send: AnySend) => void]>([
    [
      "unknown keys anywhere",
      (send) => Object.assign(send, { more: 1 }, { smsData: { ...send.smsData, x: [] } }),
    ],
    ["more metadata", metadata({ custom: "x", UUID: 7 })],
    ["a plus sign before the number", data({ toNumber: "+919999999999" })],
    ["a number that is a number", data({ toNumber: 919999999999 })],
    ["spaces around the sender", data({ fromNumber: " PAXXXN " })],
  ])("%s", (_, change) => {
    expect(toMessage(changed(change))).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ["no ids of a register", undefined],
    ["null for them", null],
    ["empty ones", { contentTemplateId: "", principalEntityId: null }],
  ])("%s", (_, indiaDLT) => {
    expect(toMessage(changed(metadata({ indiaDLT })))).toEqual(sms);
  });

  it("ids that are numbers, also in a send of version 1.0", () => {
    const indiaDLT = { contentTemplateId: 1107, principalEntityId: "1101" };
    const send = changed(metadata({ indiaDLT }), "version-1");
    expect(toMessage(send)).toEqual({ ...sms, contentId: "1107", entityId: "1101" });
  });

  it.each([
    ["+14155550101", "14155550101"],
    [14155550101, "14155550101"],
    ["", "MyBrand"],
    [null, "MyBrand"],
    [undefined, "MyBrand"],
  ])("the sender %j as %s", (fromNumber, from) => {
    expect(toMessage(changed(data({ fromNumber })), "MyBrand").from).toBe(from);
  });
});

describe("what is refused", () => {
  it.each<[string, string, (send: AnySend) => void, string]>([
    [
      "another version",
      "unsupported_version",
      (send) => Object.assign(send, { version: "3.0" }),
      "1.0 or 2.0",
    ],
    [
      "no version",
      "unsupported_version",
      (send) => Object.assign(send, { version: undefined }),
      "1.0 or 2.0",
    ],
    ["no data", "invalid_request", (send) => Object.assign(send, { smsData: null }), "smsData is missing"],
    ["no message id", "invalid_request", metadata({ messageId: "" }), "metadata.messageId"],
    ["an id too long", "invalid_request", metadata({ messageId: "x".repeat(501) }), "metadata.messageId"],
    ["no text", "empty_message", data({ body: undefined }), "smsData.body is empty"],
    ["a blank text", "empty_message", data({ body: " \n" }), "smsData.body is empty"],
    ["a text that is none", "invalid_request", data({ body: ["x"] }), "smsData.body"],
    ["a text too long", "message_too_long", data({ body: "é".repeat(3_201) }), "has 3201 characters"],
    ["no sender", "invalid_sender", data({ fromNumber: " " }), "fromNumber is missing"],
    ["a sender that is none", "invalid_sender", data({ fromNumber: {} }), "smsData.fromNumber"],
    ["no recipient", "invalid_recipient", data({ toNumber: "" }), "toNumber is missing"],
    ["a recipient that is none", "invalid_recipient", data({ toNumber: "12" }), "toNumber **** is not"],
    ["a hashed one", "invalid_recipient", data({ toNumber: "e0ec043b3f9e198ec09041687e4d4e8d" }), "hashed"],
    ["an encrypted one", "invalid_recipient", data({ toNumber: "U2FsdGVkX1+z/pQ=".repeat(32) }), "hashed"],
    ["words for a number", "invalid_recipient", data({ toNumber: "not at all" }), "is not a phone number"],
    ["a WhatsApp user", "invalid_recipient", data({ toNumber: "US.13491208655302741918" }), "hashed"],
    [
      "ids of no kind",
      "invalid_request",
      metadata({ indiaDLT: { contentTemplateId: [] } }),
      "contentTemplateId",
    ],
  ])("%s: %s", (_, code, change, words) => {
    expect(() => toMessage(changed(change))).toThrow(
      expect.objectContaining({ code, retryable: false, message: expect.stringContaining(words) }),
    );
  });

  it.each([null, undefined, "x", 1, [], [{ version: "1.0" }]])("%j for a body", (send) => {
    expect(() => toMessage(send)).toThrow(ConnectorError);
  });
});
