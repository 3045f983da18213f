import { describe, expect, it } from "@jest/globals";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { smsToMessage } from "../../../src/platforms/moengage/to-message.ts";
import {
  ACCEPTED_AT,
  buildSmsMessage,
  buildSmsSend,
  RECIPIENT,
  TRACKING_ID,
} from "../../support/builders.ts";

const settings = {
  origin: "ms",
  senderId: "MyBrand",
  messageTtlSeconds: 86_400,
  newId: () => TRACKING_ID,
};
const toMessage = (body: unknown) => smsToMessage(body, settings, ACCEPTED_AT);

function refusalOf(body: unknown) {
  try {
    toMessage(body);
  } catch (error) {
    if (error instanceof ConnectorError)
      return { code: error.code, message: error.message, retryable: error.retryable };
    throw error;
  }
  throw new Error("The body was not refused");
}

describe("smsToMessage", () => {
  it("makes a message of the two fields that every send has", () => {
    expect(toMessage(buildSmsSend())).toEqual(buildSmsMessage());
  });

  it("reads every field, typed as JSON", () => {
    const body = buildSmsSend({
      to: 447_700_900_123,
      from: "Shop",
      template_id: 1107457532145798767n.toString(),
      entity_id: 1101,
      ttl: 90,
      campaign_id: "ignored",
    });

    expect(toMessage(body)).toEqual(
      buildSmsMessage({
        from: "Shop",
        contentId: "1107457532145798767",
        entityId: "1101",
        ttlSeconds: 90,
        expiresAt: ACCEPTED_AT + 90_000,
      }),
    );
  });

  it("reads every field, typed as form text", () => {
    const form =
      "text=50+%25+off+%26+more&to=%2B447700900123&from=Shop&template_id=1107&entity_id=1101&ttl=90&x=y";

    expect(toMessage(Object.fromEntries(new URLSearchParams(form)))).toEqual(
      buildSmsMessage({
        text: "50 % off & more",
        from: "Shop",
        contentId: "1107",
        entityId: "1101",
        ttlSeconds: 90,
        expiresAt: ACCEPTED_AT + 90_000,
      }),
    );
  });

  it.each([
    [{ from: "Shop" }, "Shop"],
    [{ sender: "Shop" }, "Shop"],
    [{ from: "First", sender: "Second" }, "First"],
    [{ from: "", sender: "Second" }, "Second"],
    [{ from: "  ", sender: " " }, "MyBrand"],
    [{ from: null }, "MyBrand"],
    [{ from: "+14155550102" }, "14155550102"],
    [{ from: 14_155_550_102 }, "14155550102"],
    [{ from: "+Plus" }, "+Plus"],
    [{}, "MyBrand"],
  ])("takes the sender of %j as %s", (fields, from) => {
    expect(toMessage(buildSmsSend(fields))).toEqual(buildSmsMessage({ from }));
  });

  it.each([{}, { from: " ", sender: "" }])("refuses a send that nobody gives a sender: %j", (fields) => {
    const settings = { origin: "ms", messageTtlSeconds: 86_400, newId: () => "id" };
    expect(() => smsToMessage(buildSmsSend(fields), settings, ACCEPTED_AT)).toThrow(
      new ConnectorError(
        "invalid_sender",
        "from is missing: add the sender to the request's body, or set SMS_SENDER_ID in the connector",
      ),
    );
  });

  it.each([
    { template_id: null, entity_id: null, ttl: null },
    { template_id: "", entity_id: " ", ttl: "" },
  ])("takes empty optional fields for absent: %j", (fields) => {
    expect(toMessage(buildSmsSend(fields))).toEqual(buildSmsMessage());
  });

  it.each([
    ["the shortest", 20, 20],
    ["the longest, but lives no longer than any message", 604_800, 86_400],
    ["form text", "3600", 3_600],
  ])("takes a ttl of %s", (_what, ttl, lives) => {
    expect(toMessage(buildSmsSend({ ttl }))).toEqual(
      buildSmsMessage({ ttlSeconds: Number(ttl), expiresAt: ACCEPTED_AT + lives * 1_000 }),
    );
  });

  it.each([19, 604_801, "90.5", "soon", -90])("refuses a ttl of %p", (ttl) => {
    expect(refusalOf(buildSmsSend({ ttl }))).toEqual({
      code: "invalid_request",
      message: "ttl must be a whole number of seconds between 20 and 604800",
      retryable: false,
    });
  });

  it("takes 3200 characters, counting an emoji as one", () => {
    const text = "🎉".repeat(3_200);

    expect(toMessage(buildSmsSend({ text })).text).toBe(text);
  });

  it("refuses a longer text without quoting it", () => {
    expect(refusalOf(buildSmsSend({ text: "x".repeat(3_201) }))).toEqual({
      code: "message_too_long",
      message: "text has 3201 characters: Vonage accepts at most 3200, shorten the message",
      retryable: false,
    });
  });

  it.each([
    ["+447700900123", RECIPIENT],
    ["447700900123", RECIPIENT],
    ["0044 7700 900123", RECIPIENT],
  ])("takes the recipient %s as %s", (to, digits) => {
    expect(toMessage(buildSmsSend({ to }))).toEqual(buildSmsMessage({ to: digits }));
  });

  it.each([
    ["text", undefined, "invalid_request", "text is missing: the body must be an object with text and to"],
    ["text", "", "invalid_request", "text is missing: the body must be an object with text and to"],
    ["text", 7, "invalid_request", "text has the wrong type: the body must be an object with text and to"],
    [
      "from",
      ["a", "b"],
      "invalid_request",
      "from has the wrong type: the body must be an object with text and to",
    ],
    ["ttl", true, "invalid_request", "ttl has the wrong type: the body must be an object with text and to"],
    [
      "to",
      undefined,
      "invalid_recipient",
      "to is missing: give the recipient's phone number with its country code",
    ],
    [
      "to",
      "US.13491208655302741918",
      "invalid_recipient",
      "to ************1918 is not a phone number: give 7 to 15 digits with the country code",
    ],
    [
      "to",
      "447700900123,447700900124",
      "invalid_recipient",
      "to ************0124 is not a phone number: give 7 to 15 digits with the country code",
    ],
    ["to", true, "invalid_recipient", "to must be a phone number, as text"],
  ])("refuses %s = %j, naming the field", (field, value, code, message) => {
    expect(refusalOf(buildSmsSend({ [field]: value }))).toEqual({ code, message, retryable: false });
  });

  it("refuses a body that is no object", () => {
    expect(refusalOf([])).toEqual({
      code: "invalid_request",
      message: "The body must be an object with text and to",
      retryable: false,
    });
  });
});

describe("a request that an ingress may repeat", () => {
  const words: unknown[] = [];
  const newId = (of?: readonly string[]) => {
    words.push(of);
    return TRACKING_ID;
  };

  it("is told by its id, sender, recipient and text, however they are written", () => {
    smsToMessage(buildSmsSend({ to: "+44 7700 900123", text: "Hi" }), { ...settings, newId }, 0, "req-1");
    smsToMessage(buildSmsSend({ to: RECIPIENT, text: "Hi" }), { ...settings, newId }, 0);
    expect(words).toEqual([["req-1", "MyBrand", RECIPIENT, "Hi"], undefined]);
  });
});
