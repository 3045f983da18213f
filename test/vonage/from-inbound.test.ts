import { describe, expect, it } from "@jest/globals";
import type { InboundMessage } from "../../src/core/reply.ts";
import { INBOUND_KINDS, smsInbound, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { fromInbound } from "../../src/vonage/from-inbound.ts";

const NOW = Date.UTC(2026, 0, 15, 10, 30);
const SAID_AT = NOW - 2_000;
const [NUMBER, WABA, USER] = ["447700900001", "14155550100", "US.13491208655302741918"];
const timestamp = new Date(SAID_AT).toISOString();

const whatsapp = (content: Record<string, unknown> = {}) => ({
  ...whatsappInbound("text", { from: NUMBER, to: WABA }),
  ...{ message_uuid: "in-1", timestamp, whatsapp: { sender: { user_id: USER, wa_id: NUMBER } } },
  ...content,
});

const common = {
  ...{ id: "in-1", channel: "whatsapp", from: NUMBER, number: NUMBER, userId: USER, to: WABA, at: SAID_AT },
};

describe("an inbound webhook becomes the hub's message", () => {
  it.each([
    ["text", { message_type: "text", text: "Hi" }, { type: "text", text: "Hi" }],
    ["text that is not there", { message_type: "text", text: undefined }, { type: "text", text: "" }],
    ["text of another type", { message_type: "text", text: 7 }, { type: "text", text: "" }],
    ["no kind", { message_type: undefined, text: "Hi" }, { type: "text", text: "Hi" }],
    [
      "a tap on a quick reply",
      { message_type: "button", button: { payload: "yes-1", text: "Yes", subtype: "template" } },
      { type: "button", payload: "yes-1", text: "Yes" },
    ],
    [
      "a filled-in flow, its payload as text",
      { message_type: "button", button: { payload: { screen: "DONE" }, text: "sent", subtype: "flow" } },
      { type: "button", payload: '{"screen":"DONE"}', text: "sent" },
    ],
    [
      "a tap without a payload",
      { message_type: "button", button: { text: "Yes" } },
      { type: "button", payload: "", text: "Yes" },
    ],
    ["a button without a button", { message_type: "button" }, { type: "button", payload: "", text: "" }],
    [
      "a choice from a list",
      { message_type: "reply", reply: { id: "row1", title: "9am", description: "Morning" } },
      { type: "choice", id: "row1", title: "9am" },
    ],
    ["a kind not invented yet", { message_type: "hologram", hologram: {} }, { type: "other" }],
    ["a kind named like a property of every object", { message_type: "constructor" }, { type: "other" }],
  ])("%s", (_, body, content) => {
    expect(fromInbound(whatsapp(body), NOW)).toEqual({ ...common, content });
  });

  it.each<[string, object, InboundMessage["content"]]>([
    [
      "image",
      { url: "https://api-eu.nexmo.com/v3/media/1", caption: "Look", name: "a.jpg" },
      {
        type: "media",
        media: "image",
        url: "https://api-eu.nexmo.com/v3/media/1",
        caption: "Look",
        name: "a.jpg",
      },
    ],
    [
      "video",
      { url: "https://api-eu.nexmo.com/v3/media/2" },
      { type: "media", media: "video", url: "https://api-eu.nexmo.com/v3/media/2" },
    ],
    [
      "audio",
      { url: "https://api-eu.nexmo.com/v3/media/3", caption: 7 },
      { type: "media", media: "audio", url: "https://api-eu.nexmo.com/v3/media/3" },
    ],
    ["file", { caption: "no address" }, { type: "other" }],
    [
      "location",
      { lat: 40.34, long: -74, name: "Pier" },
      { type: "location", latitude: 40.34, longitude: -74, name: "Pier" },
    ],
    ["location", { lat: "40", long: "-74" }, { type: "other" }],
  ])("%s %j", (kind, given, content) => {
    expect(fromInbound(whatsapp({ message_type: kind, [kind]: given }), NOW)).toEqual({ ...common, content });
  });

  const READ = ["text", "button", "flow", "reply", "image", "video", "audio", "file", "location"];
  it.each(INBOUND_KINDS.filter((kind) => !READ.includes(kind)))("%s says nothing in words", (kind) => {
    const body = whatsapp(
      whatsappInbound(kind, { from: NUMBER, to: WABA }, { message_uuid: "in-1", timestamp }),
    );
    expect(fromInbound({ ...body, whatsapp: { sender: { user_id: USER, wa_id: NUMBER } } }, NOW)).toEqual({
      ...common,
      content: { type: "other" },
    });
  });

  it("SMS, which names no message and no user id", () => {
    const body = {
      ...smsInbound({ from: "+447700900001", to: "+14155550100" }, "STOP"),
      message_uuid: "in-2",
      timestamp,
    };
    expect(fromInbound(body, NOW)).toEqual({
      ...{ id: "in-2", channel: "sms", from: NUMBER, number: NUMBER, to: WABA, at: SAID_AT },
      content: { type: "text", text: "STOP" },
    });
  });

  it("SMS from a name or a short code, which is nobody's number", () => {
    for (const from of ["DHL", "80808"]) {
      const body = { ...smsInbound({ from, to: WABA }, "Hi"), message_uuid: "in-3", timestamp };
      expect(fromInbound(body, NOW)).toEqual({
        ...{ id: "in-3", channel: "sms", from, to: WABA, at: SAID_AT, content: { type: "text", text: "Hi" } },
      });
    }
  });
});

describe("who wrote", () => {
  const names = (from: string, sender: unknown) => {
    const { number, userId, from: answerTo } = fromInbound(whatsapp({ from, whatsapp: sender }), NOW) ?? {};
    return { number, userId, answerTo };
  };
  it.each([
    [
      "both names",
      NUMBER,
      { sender: { user_id: USER, wa_id: NUMBER } },
      { number: NUMBER, userId: USER, answerTo: NUMBER },
    ],
    [
      "a hidden number that Vonage tells",
      USER,
      { sender: { user_id: USER, wa_id: NUMBER } },
      { number: NUMBER, userId: USER, answerTo: USER },
    ],
    [
      "a hidden number",
      USER,
      { sender: { user_id: USER } },
      { number: undefined, userId: USER, answerTo: USER },
    ],
    ["a hidden number and no node", USER, undefined, { number: undefined, userId: USER, answerTo: USER }],
    ["an empty node", NUMBER, {}, { number: NUMBER, userId: undefined, answerTo: NUMBER }],
    [
      "one name that is null",
      NUMBER,
      { sender: { user_id: null, wa_id: NUMBER } },
      { number: NUMBER, userId: undefined, answerTo: NUMBER },
    ],
    ["a node of another shape", USER, "none", { number: undefined, userId: USER, answerTo: USER }],
    [
      "an empty user id",
      NUMBER,
      { sender: { user_id: "" } },
      { number: NUMBER, userId: undefined, answerTo: NUMBER },
    ],
  ])("%s", (_, from, sender, expected) => {
    expect(names(from, sender)).toEqual(expected);
  });
});

describe("when, and in answer to what", () => {
  it.each([
    ["as Vonage says", timestamp, SAID_AT],
    ["now, without a time", undefined, NOW],
    ["now, with no time that can be read", "soon", NOW],
    [
      "as Vonage says, when its clock runs a little ahead",
      new Date(NOW + 20_000).toISOString(),
      NOW + 20_000,
    ],
    ["now, when Vonage's clock runs far ahead", new Date(NOW + 60_000).toISOString(), NOW],
  ])("%s", (_, given, at) => {
    expect(fromInbound(whatsapp({ timestamp: given }), NOW)?.at).toBe(at);
  });

  it.each([
    ["the message quoted", { message_uuid: "out-1" }, "out-1"],
    ["none", undefined, undefined],
    ["none, when the context says nothing", {}, undefined],
    ["none, when the context is of another shape", "x", undefined],
  ])("%s", (_, context, quoted) => {
    expect(fromInbound(whatsapp({ context }), NOW)?.quotedVendorId).toBe(quoted);
  });
});

describe("what is not for us", () => {
  it.each(["rcs", "messenger", "viber_service", "mms", "toString"])(
    "%s is a channel we do not serve",
    (channel) => {
      expect(fromInbound(whatsapp({ channel }), NOW)).toBeUndefined();
    },
  );

  it.each([
    ["message_uuid", { message_uuid: undefined }],
    ["message_uuid", { message_uuid: "" }],
    ["channel", { channel: undefined }],
    ["from", { from: null }],
    ["to", { to: {} }],
  ])("a body without %s is refused in words", (field, over) => {
    expect(() => fromInbound(whatsapp(over), NOW)).toThrow(
      `Not an inbound webhook: ${field} is missing or has the wrong type`,
    );
  });

  it.each([null, "text", 7, [], undefined])("%j is refused", (body) => {
    expect(() => fromInbound(body, NOW)).toThrow("Not an inbound webhook");
  });
});
