import { describe, expect, it } from "@jest/globals";
import type { Template } from "../../src/core/message.ts";
import { toRequest } from "../../src/vonage/to-request.ts";
import { fixturesOf } from "../fixtures/index.ts";
import {
  buildSmsMessage,
  buildTemplate,
  buildWhatsAppMessage,
  PARAMETER,
  TEXT,
} from "../support/builders.ts";

const REFERENCE = "1vmw.id-1";

describe("toRequest", () => {
  it("makes a template a custom message, and adds the policy", () => {
    expect(toRequest(buildWhatsAppMessage(), REFERENCE)).toEqual({
      channel: "whatsapp",
      message_type: "custom",
      to: "447700900123",
      from: "14155550100",
      client_ref: REFERENCE,
      custom: {
        type: "template",
        template: {
          name: "order_update",
          language: { code: "en_US", policy: "deterministic" },
          components: [{ type: "body", parameters: [{ type: "text", text: PARAMETER }] }],
        },
      },
    });
  });

  it.each(fixturesOf("moengage-whatsapp-send"))(
    "leaves all of the template but the policy as it came: %s",
    (_variant, text) => {
      const { template } = JSON.parse(text) as { template: Template };
      const message = buildWhatsAppMessage({ content: { type: "template", template } });

      const { custom } = toRequest(message, REFERENCE) as unknown as { custom: { template: Template } };

      const { language, ...rest } = custom.template;
      const { language: givenLanguage, ...given } = JSON.parse(text).template;
      expect(language).toEqual({ ...givenLanguage, policy: "deterministic" });
      expect(JSON.stringify(rest)).toBe(JSON.stringify(given));
      expect(custom.template.components).toBe(template.components);
      expect(template).toEqual(JSON.parse(text).template);
    },
  );

  it("keeps keys of the language that are unknown to us", () => {
    const language = { code: "pt_BR", dialect: "x" };
    const message = buildWhatsAppMessage({
      content: { type: "template", template: buildTemplate({ language }) },
    });

    expect(toRequest(message, REFERENCE)).toMatchObject({
      custom: { template: { language: { code: "pt_BR", dialect: "x", policy: "deterministic" } } },
    });
  });

  it("sends WhatsApp text as text", () => {
    const message = buildWhatsAppMessage({ content: { type: "text", text: "You have opted out." } });

    expect(toRequest(message, REFERENCE)).toEqual({
      channel: "whatsapp",
      message_type: "text",
      text: "You have opted out.",
      to: "447700900123",
      from: "14155550100",
      client_ref: REFERENCE,
    });
  });

  it("sends an SMS with no more than it has", () => {
    expect(toRequest(buildSmsMessage(), REFERENCE)).toEqual({
      channel: "sms",
      message_type: "text",
      text: TEXT,
      to: "447700900123",
      from: "MyBrand",
      client_ref: REFERENCE,
    });
  });

  it.each([
    [{ contentId: "1107" }, { content_id: "1107" }],
    [{ entityId: "1101" }, { entity_id: "1101" }],
    [
      { contentId: "1107", entityId: "1101" },
      { content_id: "1107", entity_id: "1101" },
    ],
  ])("puts the regulatory ids %j where Vonage reads them", (ids, sms) => {
    expect(toRequest(buildSmsMessage({ ...ids, ttlSeconds: 90 }), REFERENCE)).toEqual({
      channel: "sms",
      message_type: "text",
      text: TEXT,
      ttl: 90,
      sms,
      to: "447700900123",
      from: "MyBrand",
      client_ref: REFERENCE,
    });
  });

  it.each([
    ["WhatsApp", buildWhatsAppMessage()],
    ["SMS", buildSmsMessage()],
  ])("names where the statuses of a %s message go, and in which version", (_channel, message) => {
    const webhookUrl = "https://connector.example.com/webhooks/status";

    expect(toRequest(message, REFERENCE, { webhookUrl })).toEqual({
      ...toRequest(message, REFERENCE),
      webhook_url: webhookUrl,
      webhook_version: "v1",
    });
  });
});
