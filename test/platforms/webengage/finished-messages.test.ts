import { describe, expect, it } from "@jest/globals";
import type { CatalogTemplate, TemplateComponent } from "../../../src/core/template/template.ts";
import { checkSend, whatsappToMessage } from "../../../src/platforms/webengage/to-message.ts";
import { fixture, fixturesOf } from "../../fixtures/index.ts";

/** What private providers get with Send Entire Message: finished texts, and each button. */
const SENDER = "99999999999";
const SAMPLES = fixturesOf("webengage-private-send").map(([variant]) => variant);

const BODY = { type: "BODY", text: "hello {{1}}, welcome to new {{2}}" };
const PICTURE = { type: "HEADER", format: "IMAGE" };
const LINK = { type: "URL", url: "https://example.com/{{1}}" };
const SITE = { type: "URL", url: "https://example.com" };
const CALL = { type: "PHONE_NUMBER" };
const CODE = { type: "COPY_CODE" };
const REPLY = { type: "QUICK_REPLY" };
const buttonsOf = (...buttons: { type: string; url?: string }[]) => ({ type: "BUTTONS", buttons });

const card = (n: number, ...buttons: { type: string; url?: string }[]) => ({
  components: [PICTURE, { type: "BODY", text: `hello {{1}}, This is Card ${n} text` }, buttonsOf(...buttons)],
});

/** The approved template behind each sample. */
const TEMPLATES: Record<string, TemplateComponent[]> = {
  text: [
    { type: "HEADER", format: "TEXT", text: "Header" },
    BODY,
    { type: "FOOTER", text: "Footer" },
    buttonsOf(SITE, LINK, CALL, CODE, REPLY, REPLY, REPLY),
  ],
  video: [{ type: "HEADER", format: "VIDEO" }, BODY, buttonsOf(REPLY, REPLY, CALL, LINK)],
  image: [PICTURE, BODY, buttonsOf(SITE, REPLY, REPLY)],
  document: [{ type: "HEADER", format: "DOCUMENT" }, BODY, buttonsOf(REPLY, REPLY, CALL)],
  location: [{ type: "HEADER", format: "LOCATION" }, BODY, buttonsOf(CODE, REPLY, REPLY)],
  carousel: [
    BODY,
    { type: "CAROUSEL", cards: [card(1, LINK, CALL), card(2, SITE, CALL), card(3, LINK, CALL)] },
  ],
};

const known = (components: TemplateComponent[]): CatalogTemplate => ({
  ...{ id: "1", name: "x", language: "en", category: "MARKETING", status: "APPROVED" },
  parameterFormat: "POSITIONAL",
  components,
});

function componentsOf(send: unknown, template: CatalogTemplate | undefined) {
  const settings = { origin: "ww", messageTtlSeconds: 3_600 };
  const { to, content } = whatsappToMessage(checkSend(send, [SENDER]), template, settings, 0);
  return { to, components: content.type === "template" ? content.template.components : undefined };
}

const text = (value: string) => ({ type: "text", text: value });
const body = (...values: string[]) => ({ type: "body", parameters: values.map(text) });
const header = (type: string, value: object) => ({ type: "header", parameters: [{ type, [type]: value }] });
const link = (index: number, value: string) => ({
  ...{ type: "button", sub_type: "url", index: String(index), parameters: [text(value)] },
});
const code = (index: number, coupon_code: string) => ({
  ...{ type: "button", sub_type: "copy_code", index: String(index) },
  parameters: [{ type: "coupon_code", coupon_code }],
});

const NAMES = body("john", "world");
const FILES = "https://afiles.webengage.com/aa131d2c";
const sentCard = (card_index: number, url: string, ...buttons: object[]) => ({
  card_index,
  components: [header("image", { link: url }), body("john"), ...buttons],
});

/** What WhatsApp has to get of each. */
const EXPECTED: Record<string, unknown[]> = {
  text: [NAMES, link(1, "/home"), code(3, "1234")],
  video: [
    header("video", {
      link: "https://commondatastorage.googleapis.com/gtv-videos-bucket/sample/BigBuckBunny.mp4",
    }),
    NAMES,
    link(3, "www.google.com"),
  ],
  image: [header("image", { link: `${FILES}/f181dbb6-7aa1-4924-94dd-416d09eb425e.jpg` }), NAMES],
  document: [
    header("document", {
      link: `${FILES}/a53c8262-63ea-46f8-892e-0273ce18554a.pdf`,
      filename: "Itinerary",
    }),
    NAMES,
  ],
  location: [
    header("location", {
      ...{ latitude: "45.946519", longitude: "15.946519" },
      ...{ name: "Name of the location", address: "Address" },
    }),
    NAMES,
    code(0, "123456"),
  ],
  carousel: [
    NAMES,
    {
      type: "carousel",
      cards: [
        sentCard(
          0,
          "https://i.pinimg.com/236x/11/dc/9a/11dc9ae1696e7843d998f6f3e10a9125.jpg",
          link(0, "jMro3y"),
        ),
        sentCard(1, `${FILES}/47891647-c5b3-4943-a5de-023ddf54666d.png`),
        sentCard(2, `${FILES}/4444723b-591e-4659-ac8a-484b19a83fea.jpg`, link(0, "category/blogid")),
      ],
    },
  ],
};

type Data = Record<string, unknown> & { carousel?: { cards: Record<string, unknown>[] } };
function changed(variant: string, change: (data: Data) => void): unknown {
  const send = fixture("webengage-private-send", variant);
  change((send["whatsAppData"] as { templateData: Data }).templateData);
  return send;
}

describe("every example of a private provider's finished message", () => {
  it("is there", () => {
    expect(SAMPLES.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  it.each(SAMPLES)("%s becomes the template and its values", (variant) => {
    const template = known(TEMPLATES[variant] ?? []);

    expect(componentsOf(fixture("webengage-private-send", variant), template)).toEqual({
      to: "919999999999",
      components: EXPECTED[variant],
    });
  });

  it.each(SAMPLES)("%s of a template that nobody knows says which request type to choose", (variant) => {
    expect(() => componentsOf(fixture("webengage-private-send", variant), undefined)).toThrow(
      expect.objectContaining({
        code: "unread_message",
        message: expect.stringContaining("Choose Send Personalization Variables as Request Type"),
      }),
    );
  });
});

describe("a finished message", () => {
  it("is read where the header has a value too", () => {
    const components = [{ type: "HEADER", format: "TEXT", text: "Hi {{1}}!" }, BODY];
    const send = changed("text", (data) =>
      Object.assign(data, { header: "Hi Ana!", buttons: undefined, buttonUrlParam: "", copyCodeText: null }),
    );

    expect(componentsOf(send, known(components)).components).toEqual([
      { type: "header", parameters: [text("Ana")] },
      NAMES,
    ]);
  });

  it("may name the values of its buttons at the buttons alone", () => {
    const template = known([BODY, buttonsOf(LINK, SITE, LINK, CODE)]);
    const dynamic = (buttonUrlContent: string) => ({ templateButtonUrlType: "DYNAMIC", buttonUrlContent });
    const buttons = [
      { buttons: [dynamic("a"), { templateButtonUrlType: "STATIC", buttonUrlContent: "b" }] },
      { buttons: [dynamic("c"), { copyCodeText: "D1" }] },
    ];
    const send = changed("text", (data) => {
      delete data["buttonUrlParam"];
      Object.assign(data, { copyCodeText: null, buttons });
    });

    expect(componentsOf(send, template).components).toEqual([
      NAMES,
      link(0, "a"),
      link(2, "c"),
      code(3, "D1"),
    ]);
  });

  it.each<[string, string, (data: Data) => void, string]>([
    [
      "a header that is another",
      "text",
      (data) => Object.assign(data, { header: "Dear Ana" }),
      "header does not fit",
    ],
    ["no header", "text", (data) => Object.assign(data, { header: null }), "header does not fit"],
    ["another body", "text", (data) => Object.assign(data, { message: "bye" }), "message does not fit"],
    [
      "a card that is another",
      "carousel",
      (data) => Object.assign(data.carousel?.cards[1] ?? {}, { message: "bye" }),
      "carousel.cards[1].message does not fit",
    ],
    [
      "a card too many",
      "carousel",
      (data) => void data.carousel?.cards.push({ ...data.carousel.cards[0] }),
      "carousel.cards[3].message cannot be taken apart",
    ],
  ])("with %s says so, and which request type to choose", (_, variant, change, words) => {
    const hasValue = { type: "HEADER", format: "TEXT", text: "Hi {{1}}!" };
    const [first, ...others] = TEMPLATES[variant] ?? [];
    const components = variant === "text" && first ? [hasValue, ...others] : (TEMPLATES[variant] ?? []);
    const send = changed(variant, (data) => {
      if (variant === "text") data["header"] = "Hi Ana!";
      change(data);
    });

    expect(() => componentsOf(send, known(components))).toThrow(
      expect.objectContaining({
        code: "unread_message",
        message: expect.stringMatching(
          `^${words.replaceAll(/[[\]]/g, "\\$&")}.*Choose Send Personalization Variables`,
        ),
      }),
    );
  });
});
