import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { Ajv } from "ajv";
import type { OutboundMessage, Template } from "../../src/core/message.ts";
import { smsToMessage, whatsappToMessage } from "../../src/platforms/moengage/to-message.ts";
import { formatReference, referenceFor } from "../../src/vonage/reference.ts";
import { toRequest } from "../../src/vonage/to-request.ts";
import { fixturesOf } from "../fixtures/index.ts";
import { ACCEPTED_AT, buildSmsSend, buildWhatsAppMessage, TRACKING_ID } from "../support/builders.ts";

const PATH = join(import.meta.dirname, "../../../shared/vonage-openapi/vonage-messages-1.20.0-derived.json");
const isThere = existsSync(PATH);
const whenThere = isThere ? it : it.skip;

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
if (isThere) ajv.addSchema(JSON.parse(readFileSync(PATH, "utf8")), "openapi");
else
  process.stderr.write(
    `SKIPPED test/vonage/openapi.test.ts: requests are not held against Vonage's published specification, since it is not part of this repository. To run it, put it at ${PATH}\n`,
  );

/** What one schema of the specification finds wrong with a body. */
function faultsOf(pointer: string, body: unknown): string {
  const $ref = `openapi#${pointer}`;
  const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
  return validate(body) ? "" : ajv.errorsText(validate.errors);
}

const SCHEMAS = {
  any: "/paths/~1v1~1messages/post/requestBody/content/application~1json/schema",
  custom: "/components/schemas/OutboundWhatsAppCustom",
  text: "/components/schemas/OutboundWhatsAppText",
  image: "/components/schemas/OutboundWhatsAppImage",
  video: "/components/schemas/OutboundWhatsAppVideo",
  audio: "/components/schemas/OutboundWhatsAppAudio",
  file: "/components/schemas/OutboundWhatsAppFile",
  sms: "/components/schemas/OutboundSMSText",
};

const smsSettings = {
  origin: "ms",
  senderId: "MyBrand",
  messageTtlSeconds: 86_400,
  newId: () => TRACKING_ID,
};
const waSettings = { origin: "mw", numbers: ["14155550100"], messageTtlSeconds: 86_400 };
const fromSend = (body: object) => whatsappToMessage(body, waSettings, ACCEPTED_AT);
const fromSms = (body: object) => smsToMessage(buildSmsSend({ ...body }), smsSettings, ACCEPTED_AT);

const cases: [string, keyof typeof SCHEMAS, OutboundMessage][] = [
  ...fixturesOf("moengage-whatsapp-send").map(([variant, text]): [string, "custom", OutboundMessage] => [
    variant,
    "custom",
    fromSend(JSON.parse(text) as { template: Template }),
  ]),
  [
    "plus signs",
    "custom",
    fromSend({
      ...JSON.parse(fixturesOf("moengage-whatsapp-send")[0]?.[1] ?? ""),
      from: "+14155550100",
      to: "+447700900123",
    }),
  ],
  ["a long id", "custom", buildWhatsAppMessage({ id: "x".repeat(500) })],
  ["an auto-reply", "text", buildWhatsAppMessage({ content: { type: "text", text: "You have opted out." } })],
  ...(["image", "video", "audio", "file"] as const).map((media): (typeof cases)[number] => [
    `${media} in a chat`,
    media,
    buildWhatsAppMessage({
      content: {
        ...{ type: "media", media, url: `https://cdn.example.com/a.${media}` },
        ...(media === "audio" ? {} : { caption: "Look" }),
        ...(media === "file" ? { name: "bill.pdf" } : {}),
      },
    }),
  ]),
  ["the shortest SMS", "sms", fromSms({})],
  [
    "an SMS with everything",
    "sms",
    fromSms({
      from: "+14155550102",
      to: "+447700900123",
      template_id: 1107,
      entity_id: "1101",
      ttl: "20",
      text: "x".repeat(3_200),
    }),
  ],
];

const requestOf = (message: OutboundMessage) =>
  toRequest(message, formatReference(referenceFor(message.origin, message.id)), {
    webhookUrl: "https://connector.example.com/webhooks/status",
  });

describe("a request to Vonage", () => {
  whenThere.each(cases)("fits the published specification: %s", (_what, schema, message) => {
    const body = requestOf(message);

    expect(faultsOf(SCHEMAS.any, body)).toBe("");
    expect(faultsOf(SCHEMAS[schema], body)).toBe("");
  });

  whenThere("would not fit with a number that is not text", () => {
    const body = { ...requestOf(fromSms({})), to: 447_700_900_123 };

    expect(faultsOf(SCHEMAS.sms, body)).toContain("/to must be string");
  });

  it.each(cases)(
    "has numbers without a plus sign, and a reference that fits: %s",
    (_what, _schema, message) => {
      const { to, from, client_ref } = requestOf(message);

      expect(to).toBe("447700900123");
      expect(from).toMatch(/^(1415555010[02]|MyBrand)$/);
      expect(client_ref.length).toBeLessThanOrEqual(100);
    },
  );
});
