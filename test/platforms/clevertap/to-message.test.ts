import { describe, expect, it } from "@jest/globals";
import type { WhatsAppMessage } from "../../../src/core/message.ts";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";
import { toComponents } from "../../../src/platforms/clevertap/components.ts";
import {
  isTrial,
  smsToMessage,
  splitMessages,
  trialToMessage,
  whatsappToMessage,
} from "../../../src/platforms/clevertap/to-message.ts";
import { fixture } from "../../fixtures/index.ts";
import { createPlatformPorts, T0 } from "../../support/ports.ts";
import { FREEFORM, NUMBER, PERSON, real, SMS, SMS_ID, TEMPLATES, TRIALS } from "./fixtures.ts";

const settings = {
  ...{ origin: "cw", numbers: [NUMBER, "447700900000"], messageTtlSeconds: 60 },
  findTemplate: createPlatformPorts().findTemplate,
};
const convert = (body: unknown, over: Partial<typeof settings> = {}) =>
  whatsappToMessage(body, { ...settings, ...over }, T0);

const body = (...values: string[]) => ({
  type: "body",
  parameters: values.map((text) => ({ type: "text", text })),
});
const header = (type: string, value: object) => ({ type: "header", parameters: [{ type, [type]: value }] });
const link = (index: string, text: string) => ({
  ...{ type: "button", sub_type: "url", index },
  parameters: [{ type: "text", text }],
});
const code = (index: string, coupon_code: string) => ({
  ...{ type: "button", sub_type: "copy_code", index },
  parameters: [{ type: "coupon_code", coupon_code }],
});
const RANDOM = "https://hatrabbits.com/wp-content/uploads/2017/01/random.jpg";

/** What each sample of the page becomes, with nothing known of its template. */
const EXPECTED: Record<string, { name: string; code: string; components: object[] }> = {
  "text-with-footer": { name: "Namespace:sample", code: "en_GB", components: [body("Sample")] },
  text: { name: "Sample_Template", code: "en_GB", components: [body("user")] },
  "image-dynamic-url": {
    name: "Namespace:sample",
    code: "en",
    components: [
      header("image", { link: "https://www.example.com/image.png" }),
      body("sample"),
      link("0", "https://www.example.com"),
    ],
  },
  // Its two buttons have the same index.
  media: {
    name: "Sample_Template",
    code: "en_GB",
    components: [header("image", { link: "https://example.com/image.png" }), body("user"), link("0", "cart")],
  },
  "limited-time-offer": {
    name: "Test_template",
    code: "en",
    components: [
      header("image", { link: RANDOM }),
      body("0"),
      {
        type: "limited_time_offer",
        parameters: [
          { type: "limited_time_offer", limited_time_offer: { expiration_time_ms: 1_712_081_380_237 } },
        ],
      },
      code("0", "SAMPLECODE"),
      link("1", "0"),
    ],
  },
  "multi-button": {
    name: "Test_Template",
    code: "en",
    components: [
      header("document", {
        link: "http://www.clevertap.com/~offer/pdf/new_offer.pdf",
        filename: "New_offer",
      }),
      body("0"),
      code("0", "SAMPLECODE"),
      link("1", "https://www.clevertap.com/{{1}}"),
    ],
  },
  carousel: {
    name: "carousel_test_1",
    code: "en",
    components: [
      body("0"),
      {
        type: "carousel",
        cards: [
          {
            card_index: 0,
            components: [
              header("image", { link: RANDOM }),
              body("0", "1"),
              link("0", "wa/5xu5auQ"),
              link("1", "0"),
            ],
          },
          {
            card_index: 1,
            components: [header("image", { link: RANDOM }), body("0", "1"), link("1", "0")],
          },
        ],
      },
    ],
  },
  "custom-key-values": {
    name: "sample_template",
    code: "en",
    components: [
      header("document", {
        link: "https://d1510fwumr3byl.cloudfront.net/dist/1400000001/i/f90291d5c12140b1b36a9047c407ad75.pdf?v=1724156050",
        filename: "OctoberCM2",
      }),
      body("User"),
      code("0", "BLACKFRIDAY20"),
    ],
  },
};

describe("a template's send", () => {
  it.each(TEMPLATES)("becomes a message: %s", (variant, sample) => {
    const { name, code, components } = EXPECTED[variant] as (typeof EXPECTED)[string];
    const send = real(sample);
    expect(convert(send)).toEqual({
      ...{ id: send["msgId"], origin: "cw", channel: "whatsapp", from: NUMBER, to: PERSON },
      ...{ acceptedAt: T0, expiresAt: T0 + 60_000 },
      content: { type: "template", template: { name, language: { code }, components } },
    });
  });

  it.each([
    [
      "text-with-footer",
      "invalid_sender",
      "wabaNumber ********XXXX is not a WhatsApp number of this connector",
    ],
    ["text", "invalid_sender", "wabaNumber *******9999 is not a WhatsApp number of this connector"],
    ["multi-button", "invalid_sender", "wabaNumber ******8156 is not"],
  ])("letter by letter is refused in words: %s", (variant, code, words) => {
    const sample = TEMPLATES.find(([name]) => name === variant)?.[1];
    expect(() => convert(sample)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });

  it.each([
    ["en(UK)", "en_GB"],
    ["en(uk)", "en_GB"],
    ["en (US)", "en_US"],
    ["PT(br)", "pt_BR"],
    ["en_US", "en_US"],
    ["zh_Hant", "zh_Hant"],
    [" en ", "en"],
  ])("in the language %s is in %s", (languageCode, code) => {
    const send = { ...real(TEMPLATES[0]?.[1]), template: { namespace: "x", languageCode } };
    expect(convert(send).content).toMatchObject({ template: { language: { code } } });
  });

  it.each<[string, object, string, string]>([
    ["no id", { msgId: undefined }, "invalid_request", "msgId is missing"],
    ["no sender", { wabaNumber: undefined }, "invalid_sender", "wabaNumber is missing or not a phone number"],
    ["no recipient", { to: "" }, "invalid_recipient", "to is missing"],
    ["no template", { template: undefined }, "invalid_template", "template is missing"],
    ["no name", { template: { languageCode: "en" } }, "invalid_template", "template.namespace is missing"],
    ["no word on its kind", { isTemplate: undefined }, "invalid_request", "isTemplate is missing"],
    [
      "an empty value",
      { components: [{ type: "body", body: { parameters: [{ type: "text", text: " " }] } }] },
      "template_mismatch",
      "components[0].body.parameters[0] is empty",
    ],
    [
      "an empty end of a link",
      { components: [{ type: "button", index: 0, subType: "dynamicUrl", parameters: [{ text: " " }] }] },
      "template_mismatch",
      "components[0].parameters[0] is empty",
    ],
    [
      "an empty code on a card",
      {
        components: [
          {
            type: "carousel",
            cards: [
              { components: [{ type: "button", subType: "copy_code", parameters: [{ coupon_code: "" }] }] },
            ],
          },
        ],
      },
      "template_mismatch",
      "components[0].cards[0].components[0].parameters[0] is empty",
    ],
    [
      "an address that is none",
      { components: [{ type: "header", header: { type: "image", image: { mediaURL: "httpa://x" } } }] },
      "invalid_request",
      "components[0].header.image.mediaURL must be a complete address",
    ],
    [
      "a header without its content",
      { components: [{ type: "header", header: { type: "video" } }] },
      "invalid_request",
      "components[0].header.video is missing",
    ],
    [
      "a header of a kind unknown",
      { components: [{ type: "header", header: { type: "hologram" } }] },
      "invalid_request",
      "components[0].header.type must be one of text, image, video, file, location",
    ],
    [
      "a place that is none",
      {
        components: [
          { type: "header", header: { type: "location", location: { latitude: "x", longitude: 1 } } },
        ],
      },
      "invalid_request",
      "components[0].header.location.latitude must be a number between -90 and 90",
    ],
    [
      "a card without components",
      { components: [{ type: "carousel", cards: [{}] }] },
      "invalid_request",
      "components[0].cards.0.components is missing",
    ],
  ])("with %s is refused in words", (_, over, code, words) => {
    expect(() => convert({ ...real(TEMPLATES[0]?.[1]), ...over })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});

describe("the components, with the template known", () => {
  const known = (
    components: CatalogTemplate["components"],
    parameterFormat: CatalogTemplate["parameterFormat"] = "POSITIONAL",
  ) => ({ components, parameterFormat });
  const button = (subType: string, index: number | undefined, parameter?: object) => ({
    ...{ type: "button", subType, index, buttonText: "x" },
    ...(parameter ? { parameters: [parameter] } : {}),
  });
  const text = (value: string) => ({ type: "header", header: { type: "text", text: { text: value } } });
  const URL_BUTTON = { type: "URL", text: "Go", url: "https://www.clevertap.com/{{1}}" };

  it.each<[string, string, string, object[]]>([
    ["without a variable is the template's own", "Hello", "Hello", []],
    ["has the value of its variable", "Hello {{1}}!", "Hello Ana!", [{ type: "text", text: "Ana" }]],
    ["that does not fit is the value itself", "Hello {{1}}!", "Ana", [{ type: "text", text: "Ana" }]],
  ])("a text header %s", (_, template, sent, parameters) => {
    const components = toComponents(
      [text(sent)],
      known([{ type: "HEADER", format: "TEXT", text: template }]),
    );
    expect(components).toEqual(parameters.length > 0 ? [{ type: "header", parameters }] : []);
  });

  it("a text header of a template nobody knows is left out", () => {
    expect(toComponents([text("Hello Ana")], undefined)).toEqual([]);
  });

  it("named variables have their names", () => {
    const template = known([{ type: "BODY", text: "{{name}} of {{town}}" }], "NAMED");
    expect(
      toComponents([{ type: "body", body: { parameters: [{ text: "Ana" }, { text: 7 }] } }], template),
    ).toEqual([
      {
        type: "body",
        parameters: [
          { type: "text", parameter_name: "name", text: "Ana" },
          { type: "text", parameter_name: "town", text: "7" },
        ],
      },
    ]);
  });

  it("a location has a name and an address where they are given", () => {
    const location = { latitude: 40.7128, longitude: "-74.0060", name: "Central Park", address: " " };
    expect(toComponents([{ type: "header", header: { type: "location", location } }], undefined)).toEqual([
      header("location", { latitude: "40.7128", longitude: "-74.006", name: "Central Park" }),
    ]);
  });

  const QUICK = { type: "QUICK_REPLY", text: "Yes" };
  it.each<[string, object[], NonNullable<CatalogTemplate["components"][number]["buttons"]>, object[]]>([
    [
      "goes to the next button of its kind, whatever its index",
      [
        button("dynamicUrl", 0, { text: "a" }),
        button("callPhone", 0),
        button("dynamicUrl", 0, { text: "b" }),
      ],
      [QUICK, URL_BUTTON, { type: "PHONE_NUMBER" }, URL_BUTTON],
      [link("1", "a"), link("3", "b")],
    ],
    [
      "loses the beginning that the template has",
      [button("dynamicUrl", 0, { text: "https://www.clevertap.com/offer?u=1" })],
      [URL_BUTTON],
      [link("0", "offer?u=1")],
    ],
    [
      "is a link's end where people get a code",
      [button("copy_code", 0, { coupon_code: "4711" })],
      [{ type: "OTP", otp_type: "COPY_CODE" }],
      [link("0", "4711")],
    ],
    [
      "stays at its index where the template has no such button, so that the difference is told",
      [button("copy_code", 0, { coupon_code: "SAVE" }), button("dynamicUrl", 1, { text: "x" })],
      [URL_BUTTON],
      [link("0", "x"), code("0", "SAVE")],
    ],
    ["is none without a parameter", [button("dynamicUrl", 0), button("copy_code", 1)], [URL_BUTTON], []],
  ])("a button's value %s", (_, given, buttons, expected) => {
    expect(toComponents(given, known([{ type: "BUTTONS", buttons }]))).toEqual(expected);
  });

  it("a button's value goes to its place among all where indexes cannot be trusted", () => {
    const given = [button("quickReply", undefined), button("dynamicUrl", undefined, { text: "a" })];
    expect(toComponents(given, undefined)).toEqual([link("1", "a")]);
  });

  it("a card's button goes where the card has it", () => {
    const cards = [{ components: [{ type: "BUTTONS", buttons: [QUICK, URL_BUTTON] }] }];
    const sent = { type: "carousel", cards: [{ components: [button("dynamicUrl", 0, { text: "a" })] }] };
    expect(toComponents([sent], known([{ type: "CAROUSEL", cards }]))).toEqual([
      { type: "carousel", cards: [{ card_index: 0, components: [link("1", "a")] }] },
    ]);
  });

  it("is looked for by number, name and language", () => {
    const asked: string[][] = [];
    const findTemplate = (...names: string[]) => {
      asked.push(names);
      return { template: undefined, confirm: async () => undefined };
    };
    convert(real(fixture("clevertap-whatsapp-send", "text")), { findTemplate });
    expect(asked).toEqual([[NUMBER, "Sample_Template", "en_GB"]]);
  });
});

describe("what is written in a chat", () => {
  const CONTENT: Record<string, WhatsAppMessage["content"]> = {
    audio: { type: "media", media: "audio", url: "https://www.example.com/audio.mp3" },
    image: {
      type: "media",
      media: "image",
      url: "https://www.example.com/image.png",
      caption: "This is body",
    },
    file: {
      ...{ type: "media", media: "file", url: "https://www.example.com/document.pdf" },
      ...{ caption: "This is body", name: "sample.pdf" },
    },
  };

  it.each(FREEFORM)("becomes a message: %s", (variant, sample) => {
    expect(convert(real(sample))).toEqual({
      ...{ id: "25596363|1639561857|20220227|25596363", origin: "cw", channel: "whatsapp" },
      ...{ from: NUMBER, to: PERSON, acceptedAt: T0, expiresAt: T0 + 60_000 },
      content: CONTENT[variant],
    });
  });

  const chat = (over: object) => ({ ...real(FREEFORM[0]?.[1]), ...over });
  it.each<[string, object, WhatsAppMessage["content"]]>([
    ["text", { type: "text", text: { body: "Hello 👋" } }, { type: "text", text: "Hello 👋" }],
    [
      "a film",
      { type: "video", video: { mediaURL: "https://example.com/a.mp4", caption: "" } },
      { type: "media", media: "video", url: "https://example.com/a.mp4" },
    ],
    [
      "a sound, which takes no words",
      { audio: { mediaURL: "https://example.com/a.mp3", caption: "x" } },
      { type: "media", media: "audio", url: "https://example.com/a.mp3" },
    ],
  ])("may be %s", (_, over, content) => {
    expect(convert(chat(over)).content).toEqual(content);
  });

  it.each<[string, object, string, string]>([
    ["of another kind", { type: "sticker" }, "invalid_request", "type is missing or has the wrong type"],
    [
      "too long",
      { type: "text", text: { body: "x".repeat(4_097) } },
      "message_too_long",
      "text.body has 4097",
    ],
    [
      "with too many words under it",
      { type: "image", image: { mediaURL: "https://example.com/a", caption: "x".repeat(3_001) } },
      "message_too_long",
      "image.caption has 3001",
    ],
    ["without a text", { type: "text", text: { body: "" } }, "invalid_request", "text.body is missing"],
  ])("%s is refused in words", (_, over, code, words) => {
    expect(() => convert(chat(over))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});

describe("what CleverTap only tries", () => {
  it.each(TRIALS)("is recognised, and good for a new provider: %s", (_, sample) => {
    expect([isTrial(sample), trialToMessage(sample, settings, T0)]).toEqual([true, undefined]);
  });

  it.each(["limited-time-offer", "multi-button", "carousel", "custom-key-values"])(
    "is the message that it would be, to nobody: %s",
    (variant) => {
      const sample = fixture("clevertap-whatsapp-send", variant);
      const send = { ...sample, wabaNumber: `+${NUMBER}`, to: "nobody" };
      const { name, code, components } = EXPECTED[variant] as (typeof EXPECTED)[string];
      expect([isTrial(send), trialToMessage(send, settings, T0)]).toMatchObject([
        true,
        { content: { template: { name, language: { code }, components } } },
      ]);
    },
  );

  it.each<[string, object]>([
    ["an id of five parts", { msgId: "0|0|0|0|0" }],
    ["an id with blanks around it", { msgId: " 0|0|0|0 " }],
    ["the name of a chat's id", { msgId: undefined, msg_id: "0|0|0|0" }],
    ["another id, and the template that is made up", { msgId: "1|2|3|4" }],
  ])("is recognised by %s, and good for a new provider", (_, over) => {
    const [, sample] = TRIALS[0] as (typeof TRIALS)[number];
    const trial = { ...sample, ...over };
    expect([isTrial(trial), trialToMessage(trial, settings, T0)]).toEqual([true, undefined]);
  });

  it("is no send that is meant, and nothing that is no send", () => {
    const [first] = TEMPLATES;
    expect(
      [real(first?.[1]), { ...real(first?.[1]), msgId: "0|0|1|0" }, null, "x", { body: null }, {}].map(
        isTrial,
      ),
    ).toEqual(Array(6).fill(false));
  });

  it("is refused when it is for a number that the connector does not have", () => {
    const sample = fixture("clevertap-whatsapp-send", "carousel");
    expect(() => trialToMessage(sample, settings, T0)).toThrow(
      expect.objectContaining({ code: "invalid_sender" }),
    );
  });
});

describe("an SMS", () => {
  const sms = { origin: "cs", senderId: "447700900001", messageTtlSeconds: 60 };

  it("becomes a message, with its registered template", () => {
    expect(smsToMessage(SMS, sms, T0)).toEqual({
      ...{ id: SMS_ID, origin: "cs", channel: "sms", from: "447700900001", to: PERSON },
      ...{ acceptedAt: T0, expiresAt: T0 + 60_000 },
      ...{ text: "Your order is ready", contentId: "1107160016156755389", entityId: undefined },
    });
  });

  it.each<[string, object, object]>([
    ["its own sender", { from: "+14155550102" }, { from: "14155550102" }],
    ["a company", { entityId: 1_101 }, { entityId: "1101" }],
    ["no registered template", { templateId: "" }, { contentId: undefined }],
    ["a text about money", { text: "$$$ off" }, { text: "$$$ off" }],
    ["a text with something like a placeholder", { text: "Win $$Cash now" }, { text: "Win $$Cash now" }],
    ["a placeholder that was left", { templateId: "$$TemplateID" }, { contentId: undefined }],
  ])("has %s", (_, over, expected) => {
    expect(smsToMessage({ ...SMS, ...over }, sms, T0)).toMatchObject(expected);
  });

  it.each<[string, object, string, string]>([
    ["no id", { id: undefined }, "invalid_request", "id is missing"],
    [
      "a placeholder for its id that was left, the same for all",
      { id: "$$MessageId" },
      "invalid_request",
      "id is a placeholder that CleverTap did not fill: write $$MessageID",
    ],
    [
      "a placeholder for its text that was left",
      { text: "$$Body" },
      "invalid_request",
      "text is a placeholder that CleverTap did not fill: write $$Body",
    ],
    [
      "a placeholder for its sender that was left",
      { from: "$$From" },
      "invalid_request",
      "from is a placeholder that CleverTap did not fill: write the sender",
    ],
    ["no text", { text: "" }, "invalid_request", "text is missing"],
    ["too long a text", { text: "x".repeat(3_201) }, "message_too_long", "text has 3201 characters"],
    ["no recipient", { to: "$$To" }, "invalid_recipient", "to ****"],
    [
      "a registered template of another kind",
      { templateId: {} },
      "invalid_request",
      "templateId is missing or",
    ],
  ])("with %s is refused in words", (_, over, code, words) => {
    expect(() => smsToMessage({ ...SMS, ...over }, sms, T0)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });

  it("without any sender is refused in words", () => {
    expect(() => smsToMessage(SMS, { ...sms, senderId: undefined }, T0)).toThrow(
      expect.objectContaining({ code: "invalid_sender", message: expect.stringContaining("SMS_SENDER_ID") }),
    );
  });

  it.each([
    ["one", SMS, undefined],
    ["many", { messages: [{ id: "a" }, { id: "b" }] }, [{ id: "a" }, { id: "b" }]],
    [
      "many, with what holds for each beside them",
      { templateId: "1107", from: "Acme", messages: [{ id: "a" }, { id: "b", from: "Other" }, null] },
      [{ templateId: "1107", from: "Acme", id: "a" }, { templateId: "1107", from: "Other", id: "b" }, null],
    ],
    ["many, with an id beside them that is nobody's", { id: "a", messages: [{ to: "x" }] }, [{ to: "x" }]],
    ["nothing that is none", null, undefined],
  ])("comes as %s", (_, body, parts) => {
    expect(splitMessages(body)).toEqual(parts);
  });

  it.each([[[]], [Array(1_001).fill(SMS)], ["x"], [null]])("comes 1 to 1,000 in a call", (messages) => {
    expect(() => splitMessages({ messages })).toThrow("messages must be a list of 1 to 1000 messages");
  });
});
