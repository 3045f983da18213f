import { describe, expect, it } from "@jest/globals";
import type { Template } from "../../../src/core/message.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { whatsappToMessage } from "../../../src/platforms/moengage/to-message.ts";
import { fixture, fixturesOf } from "../../fixtures/index.ts";
import {
  ACCEPTED_AT,
  buildTemplate,
  buildWhatsAppMessage,
  buildWhatsAppSend,
  RECIPIENT,
} from "../../support/builders.ts";

const settings = { origin: "mw", numbers: ["14155550100", "14155550101"], messageTtlSeconds: 86_400 };
const toMessage = (body: unknown) => whatsappToMessage(body, settings, ACCEPTED_AT);

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

describe("whatsappToMessage", () => {
  it("makes a message of a send", () => {
    expect(toMessage(buildWhatsAppSend())).toEqual(buildWhatsAppMessage());
  });

  it.each(fixturesOf("moengage-whatsapp-send"))("keeps the template as it came: %s", (_variant, text) => {
    const body = JSON.parse(text) as { template: Template };

    const { content } = toMessage(body);

    expect(content).toEqual({ type: "template", template: JSON.parse(text).template });
    expect(JSON.stringify(content)).toBe(`{"type":"template","template":${JSON.stringify(body.template)}}`);
    expect(content.type === "template" && content.template.components).toBe(body.template.components);
  });

  it("lets an own __proto__ key pass as data, without an effect on anything", () => {
    const body = fixture("moengage-whatsapp-send", "own-proto-keys");

    const { content } = toMessage(body);

    expect(Object.getOwnPropertyNames(content.type === "template" && content.template)).toContain(
      "__proto__",
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("does not change the body", () => {
    const text = JSON.stringify(buildWhatsAppSend({ template: { ...buildTemplate(), components: null } }));
    const body = JSON.parse(text);

    toMessage(body);

    expect(JSON.stringify(body)).toBe(text);
  });

  it("takes a null list of components for none", () => {
    const { content } = toMessage(
      buildWhatsAppSend({
        template: { name: "plain", language: { code: "en" }, components: null, extra: 1 },
      }),
    );

    expect(content).toEqual({
      type: "template",
      template: { name: "plain", language: { code: "en" }, extra: 1 },
    });
  });

  it.each([
    ["14155550100", "14155550100"],
    ["+14155550100", "14155550100"],
    [" 14155550101 ", "14155550101"],
    [14_155_550_100, "14155550100"],
  ])("takes the sender %p as %s", (given, from) => {
    expect(toMessage(buildWhatsAppSend({ from: given }))).toEqual(buildWhatsAppMessage({ from }));
  });

  it.each([
    ["447700900123", RECIPIENT],
    ["+447700900123", RECIPIENT],
    ["00447700900123", RECIPIENT],
    [" +44 (7700) 900-123 ", RECIPIENT],
    [447_700_900_123, RECIPIENT],
    ["US.13491208655302741918", "US.13491208655302741918"],
  ])("takes the recipient %p as %s", (given, to) => {
    expect(toMessage(buildWhatsAppSend({ to: given }))).toEqual(buildWhatsAppMessage({ to }));
  });

  it("takes a msg_id written as a number, and any text verbatim", () => {
    expect(toMessage(buildWhatsAppSend({ msg_id: 42 })).id).toBe("42");
    expect(toMessage(buildWhatsAppSend({ msg_id: " ünï code/1 " })).id).toBe(" ünï code/1 ");
  });

  const OURS = "use *******0100 or *******0101";
  const NONE = `from is missing or not a phone number: ${OURS}`;

  it.each([
    ["another number", "14155550199", `from *******0199 is not a WhatsApp number of this connector: ${OURS}`],
    ["no text", {}, NONE],
    ["no text that could become one", { toString: 1, valueOf: 1 }, NONE],
    ["nothing", undefined, NONE],
    ["null", null, NONE],
    ["empty text", "", NONE],
  ])("refuses a sender that is %s", (_what, from, message) => {
    expect(refusalOf(buildWhatsAppSend({ from }))).toEqual({
      code: "invalid_sender",
      message,
      retryable: false,
    });
  });

  it.each([
    ["missing", undefined, "to is missing: give the recipient's phone number with its country code"],
    ["empty", "", "to is missing: give the recipient's phone number with its country code"],
    ["too short", "123456", "to **3456 is not a phone number: give 7 to 15 digits with the country code"],
    [
      "too long",
      "+1234567890123456",
      "to ************3456 is not a phone number: give 7 to 15 digits with the country code",
    ],
    ["a list", ["447700900123"], "to must be a phone number, as text"],
  ])("refuses a recipient that is %s", (_what, to, message) => {
    expect(refusalOf(buildWhatsAppSend({ to }))).toEqual({
      code: "invalid_recipient",
      message,
      retryable: false,
    });
  });

  const BODY = "the body must be a JSON object with msg_id, from, to and template";

  it("says where an SMS belongs", () => {
    expect(refusalOf({ text: "Hi Ana, 20% off today", to: "447700900123" })).toEqual({
      code: "invalid_request",
      message:
        "this is an SMS: in MoEngage's SMS sender, set the API URL to the connector's address with a slash and nothing behind it, without /webhooks/send",
      retryable: false,
    });
  });

  it.each([
    ["msg_id", undefined, "invalid_request", "msg_id is missing"],
    ["msg_id", "", "invalid_request", "msg_id is missing"],
    ["msg_id", "  ", "invalid_request", "msg_id is missing"],
    ["msg_id", null, "invalid_request", "msg_id is missing"],
    ["msg_id", {}, "invalid_request", "msg_id has the wrong type"],
    ["msg_id", 12345678901234567000, "invalid_request", "msg_id has the wrong type"],
    ["template", undefined, "invalid_template", "template is missing"],
    ["template", "order_update", "invalid_template", "template has the wrong type"],
    ["template", { language: { code: "en" } }, "invalid_template", "template.name is missing"],
    [
      "template",
      { name: 1, language: { code: "en" } },
      "invalid_template",
      "template.name has the wrong type",
    ],
    ["template", { name: "x" }, "invalid_template", "template.language is missing"],
    ["template", { name: "x", language: "en" }, "invalid_template", "template.language has the wrong type"],
    ["template", { name: "x", language: {} }, "invalid_template", "template.language.code is missing"],
    [
      "template",
      buildTemplate({ components: "body" as never }),
      "invalid_template",
      "template.components has the wrong type",
    ],
    [
      "template",
      buildTemplate({ components: [{ type: "body" }, 7] }),
      "invalid_template",
      "template.components[1] has the wrong type",
    ],
    [
      "template",
      buildTemplate({ components: [{ parameters: [] }] }),
      "invalid_template",
      "template.components[0] has the wrong type",
    ],
  ])("refuses %s = %j, naming the field", (field, value, code, words) => {
    expect(refusalOf(buildWhatsAppSend({ [field]: value }))).toEqual({
      code,
      message: `${words}: ${BODY}`,
      retryable: false,
    });
  });

  it.each([undefined, null, [], "text", 7])("refuses a body that is %p", (body) => {
    expect(refusalOf(body)).toEqual({
      code: "invalid_request",
      message: "The body must be a JSON object with msg_id, from, to and template",
      retryable: false,
    });
  });
});
