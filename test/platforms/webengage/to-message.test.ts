import { describe, expect, it } from "@jest/globals";
import type { WhatsAppMessage } from "../../../src/core/message.ts";
import type { CatalogTemplate, TemplateComponent } from "../../../src/core/template/template.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { checkSend, whatsappToMessage } from "../../../src/platforms/webengage/to-message.ts";
import { fixture } from "../../fixtures/index.ts";
import { NUMBER, PERSON, REAL, real, VERBATIM } from "./fixtures.ts";

const NOW = Date.UTC(2026, 0, 15, 10, 30);

function toMessage(body: unknown, template?: CatalogTemplate) {
  const settings = { origin: "ww", messageTtlSeconds: 3_600 };
  return whatsappToMessage(checkSend(body, [NUMBER]), template, settings, NOW);
}

function templateOf({ content }: WhatsAppMessage) {
  return content.type === "template" ? content.template : undefined;
}

const text = (value: string) => ({ type: "text", text: value });
const body = (...values: string[]) => ({ type: "body", parameters: values.map(text) });
const header = (type: string, value: object) => ({ type: "header", parameters: [{ type, [type]: value }] });
const url = (index: string, value: string) => ({
  type: "button",
  sub_type: "url",
  index,
  parameters: [text(value)],
});
const coupon = (index: string, coupon_code: string) => ({
  type: "button",
  sub_type: "copy_code",
  index,
  parameters: [{ type: "coupon_code", coupon_code }],
});

const LINK = "https://www.webenagege.com/webengage-logo.png";
const allThree = [coupon("0", "TESTCODE"), url("1", "test"), url("2", "test")];
const one = [url("0", "XYZ.pdf")];
const names = body("john", "world");
const place = header("location", {
  latitude: "45.946519",
  longitude: "15.946519",
  name: "Name of the location",
  address: "Address",
});
const document = header("document", { link: LINK, filename: "<file-name if added>" });
const cards = (value: string) => ({
  type: "carousel",
  cards: [1, 2].map((n) => ({
    card_index: n - 1,
    components: [
      header("image", { link: `https://media.example.com/${n}.jpg` }),
      body("test"),
      url("0", value),
    ],
  })),
});

/** What WhatsApp has to get of each example of the contract, nothing being known of its template. */
const EXPECTED: Record<string, [template: string, components: unknown[]]> = {
  "format-text": ["templatexyz", [body("test"), ...allThree]],
  "format-video": ["templatexyzVIDEO", [header("video", { link: LINK }), names, ...allThree]],
  "format-image": ["templatexyzIMAGE", [header("image", { link: LINK }), names, ...allThree]],
  "format-document": ["templatexyzDOC", [document, names, ...allThree]],
  "format-location": ["templatexyzDOC", [place, names, ...allThree]],
  "format-carousel": ["carousel cards image", [body("john"), cards("test")]],
  "variables-text": ["templatexyz", [names, ...one]],
  "variables-video": ["templatexyzVIDEO", [header("video", { link: LINK }), names, ...one]],
  "variables-image": ["templatexyzIMAGE", [header("image", { link: LINK }), names, ...one]],
  "variables-document": ["templatexyzDOC", [document, names, ...one]],
  "variables-location": ["templatexyzDOC", [place, names, ...one]],
  "variables-carousel": ["carousel cards image", [body("john"), cards("XYZ.pdf")]],
  "entire-message-text": ["templatexyz", [names, ...one]],
  "entire-message-video": ["templatexyzVIDEO", [header("video", { link: LINK }), names, ...one]],
  "entire-message-image": ["templatexyzIMAGE", [header("image", { link: LINK }), names, ...one]],
  "entire-message-document": ["templatexyzDOC", [document, names, ...one]],
  "entire-message-location": ["templatexyzDOC", [place, names, ...one]],
  "entire-message-carousel": ["carousel cards image", [names, cards("XYZ.pdf")]],
};

const idOf = (send: Record<string, unknown>) => (send["metadata"] as { messageId: string }).messageId;

describe("every example of the contract", () => {
  it("is there", () => {
    expect(VERBATIM.map(([variant]) => variant).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(REAL)("%s becomes the message it describes", (variant, send) => {
    const [name, components] = EXPECTED[variant]!;

    expect(toMessage(send)).toEqual({
      id: idOf(send),
      origin: "ww",
      channel: "whatsapp",
      from: NUMBER,
      to: PERSON,
      acceptedAt: NOW,
      expiresAt: NOW + 3_600_000,
      content: { type: "template", template: { name, language: { code: "en" }, components } },
    });
  });

  it.each(VERBATIM)("%s as printed is refused for its numbers alone", (_, send) => {
    expect(() => toMessage(send)).toThrow(expect.objectContaining({ code: "invalid_sender" }));
  });
});

function changed(variant: string, change: (send: AnySend) => void): unknown {
  const send = real(fixture("webengage-send", variant)) as unknown as AnySend;
  change(send);
  return send;
}
interface AnySend {
  version: unknown;
  whatsAppData: Record<string, unknown> & { templateData: Record<string, unknown> };
  metadata: Record<string, unknown>;
}
const template = (values: object) => (send: AnySend) => Object.assign(send.whatsAppData.templateData, values);
const data = (values: object) => (send: AnySend) => Object.assign(send.whatsAppData, values);

describe("what is tolerated", () => {
  it.each<[string, string, (send: AnySend) => void]>([
    ["unknown keys anywhere", "variables-text", (send) => Object.assign(send, { more: 1, customData: [] })],
    ["custom data of any shape", "variables-text", data({ customData: "x" })],
    [
      "a plus sign before the numbers",
      "variables-text",
      data({ toNumber: `+${PERSON}`, fromNumber: `+${NUMBER}` }),
    ],
    [
      "numbers that are numbers",
      "variables-text",
      data({ toNumber: Number(PERSON), fromNumber: Number(NUMBER) }),
    ],
    ["a type in lower case", "variables-text", template({ type: "text" })],
    ["no type", "variables-text", template({ type: undefined })],
    [
      "null for what is not given",
      "variables-text",
      template({ message: null, mediaUrl: null, copyCodeText: null }),
    ],
    ["an empty button value", "variables-text", template({ copyCodeText: "", buttonUrlDynamicParam: " " })],
  ])("%s", (_, variant, change) => {
    expect(toMessage(changed(variant, change))).toEqual(toMessage(changed(variant, () => undefined)));
  });

  it("keeps an id of 500 characters as it is", () => {
    const id = " ~campaign/é|".padEnd(500, "x");
    expect(
      toMessage(changed("variables-text", (send) => Object.assign(send.metadata, { messageId: id }))).id,
    ).toBe(id);
  });

  it("sends a template without variables without components", () => {
    const send = changed("variables-text", template({ templateVariables: [], buttonUrlParam: undefined }));
    expect(templateOf(toMessage(send))).toEqual({ name: "templatexyz", language: { code: "en" } });
  });
});

describe("what is refused", () => {
  it.each<[string, string, (send: AnySend) => void, string]>([
    [
      "another version",
      "unsupported_version",
      (send) => Object.assign(send, { version: "2.0" }),
      "send version 1.0",
    ],
    [
      "no version",
      "unsupported_version",
      (send) => Object.assign(send, { version: undefined }),
      "send version 1.0",
    ],
    [
      "no message id",
      "invalid_request",
      (send) => Object.assign(send, { metadata: {} }),
      "metadata.messageId",
    ],
    [
      "an id too long",
      "invalid_request",
      (send) => Object.assign(send.metadata, { messageId: "x".repeat(501) }),
      "metadata.messageId",
    ],
    ["another sender", "invalid_sender", data({ fromNumber: "14155550199" }), "fromNumber *******0199"],
    ["no sender", "invalid_sender", data({ fromNumber: undefined }), "fromNumber is missing"],
    ["no recipient", "invalid_recipient", data({ toNumber: "" }), "toNumber is missing"],
    ["a recipient that is none", "invalid_recipient", data({ toNumber: "12" }), "toNumber **** is not"],
    [
      "a recipient that is hashed",
      "invalid_recipient",
      data({ toNumber: "e0ec043b3f9e198ec09041687e4d4e8d" }),
      "toNumber is no phone number; it looks hashed or encrypted, and only you can decrypt it",
    ],
    ["no template", "missing_template", template({ templateName: "" }), "templateName"],
    ["no language", "invalid_request", template({ language: undefined }), "language"],
    ["an unknown type", "invalid_request", template({ type: "STICKER" }), "TEXT, CAROUSEL, IMAGE"],
    ["a type that objects have", "invalid_request", template({ type: "constructor" }), "type must be one of"],
    ["media without an address", "invalid_request", template({ type: "IMAGE" }), "mediaUrl must be"],
    [
      "media that is no address",
      "invalid_request",
      template({ type: "VIDEO", mediaUrl: "mediaurl" }),
      "mediaUrl must be",
    ],
    [
      "a place without a longitude",
      "invalid_request",
      template({ type: "LOCATION", latitude: 1 }),
      "longitude must be",
    ],
    [
      "a place beyond the pole",
      "invalid_request",
      template({ type: "LOCATION", latitude: 91, longitude: 1 }),
      "latitude must be",
    ],
    [
      "variables that are no list",
      "template_mismatch",
      template({ templateVariables: "john" }),
      "templateVariables",
    ],
    [
      "an empty variable",
      "template_mismatch",
      template({ templateVariables: ["john", ""] }),
      "templateVariables[1] is empty",
    ],
    [
      "a button value that is no text",
      "template_mismatch",
      template({ buttonUrlParam: {} }),
      "buttonUrlParam",
    ],
    [
      "an empty message",
      "empty_message",
      template({ templateVariables: undefined, message: " " }),
      "message is empty",
    ],
    [
      "a message of an unknown template",
      "unread_message",
      template({ templateVariables: undefined, message: "hello" }),
      "Send Personalization Variables",
    ],
    ["a carousel without cards", "invalid_request", template({ type: "CAROUSEL" }), "carousel is missing"],
    [
      "a card of another kind",
      "invalid_request",
      template({
        type: "CAROUSEL",
        carousel: { cards: [{ header: { type: "IMAGE/VIDEO", mediaUrl: LINK } }] },
      }),
      "carousel.cards[0].header.type",
    ],
    [
      "a card with an empty text",
      "template_mismatch",
      template({
        type: "CAROUSEL",
        carousel: { cards: [{ header: { type: "IMAGE", mediaUrl: LINK }, placeholders: [""] }] },
      }),
      "carousel.cards[0].placeholders[0]",
    ],
    [
      "eleven cards",
      "invalid_request",
      template({ type: "CAROUSEL", carousel: { cards: Array.from({ length: 11 }, () => ({})) } }),
      "carousel.cards",
    ],
  ])("%s: %s", (_, code, change, words) => {
    expect(() => toMessage(changed("variables-text", change))).toThrow(
      expect.objectContaining({ code, retryable: false, message: expect.stringContaining(words) }),
    );
  });

  it.each([null, undefined, "x", 1, [], [{ version: "1.0" }]])("%j for a body", (send) => {
    expect(() => toMessage(send)).toThrow(ConnectorError);
  });
});

function known(components: TemplateComponent[], more: Partial<CatalogTemplate> = {}): CatalogTemplate {
  return {
    id: "1",
    name: "templatexyz",
    language: "en",
    category: "MARKETING",
    status: "APPROVED",
    parameterFormat: "POSITIONAL",
    components,
    ...more,
  };
}
const BODY = { type: "BODY", text: "hello {{1}}, welcome to new {{2}}" };

describe("with the template known", () => {
  it("reads the variables out of the finished message", () => {
    const send = changed("entire-message-text", template({ templateVariables: undefined }));
    expect(templateOf(toMessage(send, known([BODY])))?.components).toEqual([names, url("0", "XYZ.pdf")]);
  });

  it.each([
    ["another text", "goodbye john, welcome to new world"],
    ["more behind it", "hello john"],
    ["a value missing", "hello , welcome to new world"],
  ])("refuses a message that does not fit: %s", (_, message) => {
    const send = changed("entire-message-text", template({ templateVariables: undefined, message }));
    expect(() => toMessage(send, known([BODY]))).toThrow(
      expect.objectContaining({
        code: "unread_message",
        message: expect.stringContaining("does not fit"),
      }),
    );
  });

  it("gives the first variables to a header that has placeholders", () => {
    const send = changed("variables-text", template({ templateVariables: ["Hi", "john", "world"] }));
    const components = [{ type: "HEADER", format: "TEXT", text: "{{1}}!" }, BODY];

    expect(templateOf(toMessage(send, known(components)))?.components).toEqual([
      { type: "header", parameters: [text("Hi")] },
      names,
      url("0", "XYZ.pdf"),
    ]);
  });

  it("names the parameters of a template whose placeholders have names", () => {
    const components = [{ type: "BODY", text: "{{first_name}}, it arrives {{day}}." }];
    const send = changed(
      "variables-text",
      template({ templateVariables: ["Ana", "today"], buttonUrlParam: null }),
    );

    expect(templateOf(toMessage(send, known(components, { parameterFormat: "NAMED" })))?.components).toEqual([
      {
        type: "body",
        parameters: [
          { type: "text", parameter_name: "first_name", text: "Ana" },
          { type: "text", parameter_name: "day", text: "today" },
        ],
      },
    ]);
  });

  it("puts the values of a card where the card's own buttons are", () => {
    const card = {
      components: [
        { type: "HEADER", format: "IMAGE" },
        { type: "BODY", text: "{{1}}" },
        { type: "BUTTONS", buttons: [{ type: "QUICK_REPLY" }, { type: "URL", url: "https://e.com/{{1}}" }] },
      ],
    };
    const template = known([BODY, { type: "CAROUSEL", cards: [card, card] }], {
      name: "carousel cards image",
    });

    const sent = templateOf(toMessage(real(fixture("webengage-send", "variables-carousel")), template));

    const expected = cards("XYZ.pdf");
    for (const { components } of expected.cards) components[2] = url("1", "XYZ.pdf");
    expect(sent?.components).toEqual([body("john"), expected]);
  });
});
