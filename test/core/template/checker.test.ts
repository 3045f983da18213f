import { describe, expect, it } from "@jest/globals";
import { createTemplateIndex } from "../../../src/core/template/checker.ts";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";

const template = (components: object[], more: Partial<CatalogTemplate> = {}): CatalogTemplate => ({
  id: "1",
  name: "offer",
  language: "en",
  category: "MARKETING",
  status: "APPROVED",
  parameterFormat: "POSITIONAL",
  components: components as CatalogTemplate["components"],
  ...more,
});

const text = (value: string, more: object = {}) => ({ type: "text", text: value, ...more });
const body = (...values: string[]) => ({ type: "body", parameters: values.map((value) => text(value)) });
const header = (...parameters: object[]) => ({ type: "header", parameters });
const image = { type: "image", image: { link: "https://cdn.example.com/a.png" } };
const video = { type: "video", video: { link: "https://cdn.example.com/a.mp4" } };
const document = { type: "document", document: { link: "https://cdn.example.com/a.pdf" } };
const location = { type: "location", location: { latitude: "1", longitude: "2" } };
const button = (sub_type: string, index: unknown, ...parameters: object[]) => ({
  type: "button",
  sub_type,
  index,
  parameters,
});
const suffix = (value: string) => button("url", "0", text(value));
const coupon = (coupon_code: string) => button("copy_code", 0, { type: "coupon_code", coupon_code });
const card = (card_index: unknown, ...components: object[]) => ({ card_index, components });
const cards = (...items: object[]) => ({ type: "carousel", cards: items });

const BODY = { type: "BODY", text: "Hi {{1}}, {{2}} waits. Bye {{1}}" };
const STILL = { type: "BODY", text: "Hello" };
const head = (format: string, more: object = {}) => ({ type: "HEADER", format, ...more });
const buttons = (...items: object[]) => ({ type: "BUTTONS", buttons: items });
const ONE_CARD = {
  components: [
    head("IMAGE"),
    { type: "BODY", text: "{{1}}" },
    buttons({ type: "URL", url: "https://x.y/{{1}}" }),
  ],
};
const fullCard = (index: unknown) => card(index, header(image), body("a"), suffix("b"));

type Row = [fits: string, template: object[], send: object[] | undefined, faults: string[]];

const ROWS: Row[] = [
  ["a body with its parameters", [BODY], [body("a", "b")], []],
  ["a body with too few", [BODY], [body("a")], ["body of offer (en) has 2 parameters, the send has 1"]],
  [
    "a body with too many",
    [BODY],
    [body("a", "b", "c")],
    ["body of offer (en) has 2 parameters, the send has 3"],
  ],
  ["a body with none at all", [BODY], undefined, ["body of offer (en) has 2 parameters, the send has 0"]],
  ["a still body", [STILL], undefined, []],
  [
    "values that cannot even be turned into text",
    [BODY, head("TEXT", { text: "{{1}}" }), buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [
      { type: "body", parameters: [{ type: { toString: null } }, { type: { toString: null } }] },
      header({ type: "text", text: { toString: null } }),
      { ...suffix("a"), sub_type: "url", parameters: [{ type: { toString: null } }] },
    ],
    [],
  ],
  [
    "a kind of button that cannot be turned into text",
    [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [{ ...suffix("a"), sub_type: { toString: null } }],
    ["link button 1 of offer (en) needs the end of its address, the send has none"],
  ],
  [
    "a still body with a parameter",
    [STILL],
    [body("a")],
    ["body of offer (en) has 0 parameters, the send has 1"],
  ],
  ["an empty parameter", [BODY], [body("a", "")], ["parameter 2 of the body of offer (en) is empty"]],
  [
    "money and dates",
    [BODY],
    [
      {
        type: "BODY",
        parameters: [
          { type: "currency", currency: {} },
          { type: "date_time", date_time: {} },
        ],
      },
    ],
    [],
  ],
  [
    "a picture in a body",
    [{ type: "BODY", text: "{{1}}" }],
    [{ type: "body", parameters: [image] }],
    ["parameter 1 of the body of offer (en) must be a text, the send has an image"],
  ],

  ["a text header", [head("TEXT", { text: "For {{1}}" }), STILL], [header(text("Ana"))], []],
  [
    "a text header without its text",
    [head("TEXT", { text: "For {{1}}" }), STILL],
    [],
    ["header of offer (en) has 1 parameter, the send has 0"],
  ],
  [
    "a text header of 60 characters",
    [head("TEXT", { text: "For {{1}}" }), STILL],
    [header(text("x".repeat(56)))],
    [],
  ],
  [
    "a text header of 61 characters",
    [head("TEXT", { text: "For {{1}}" }), STILL],
    [header(text("x".repeat(57)))],
    ["header of offer (en) has 61 characters with the send's text, WhatsApp takes 60"],
  ],
  [
    "a header that takes no text",
    [head("TEXT", { text: "Thanks" }), STILL],
    [header(text("Ana"))],
    ["header of offer (en) has 0 parameters, the send has 1"],
  ],
  ["a header where there is none", [STILL], [header(image)], ["offer (en) has no header, the send has one"]],
  ["an image", [head("IMAGE"), STILL], [header(image)], []],
  ["a video", [head("VIDEO"), STILL], [header(video)], []],
  ["a document", [head("DOCUMENT"), STILL], [header(document)], []],
  ["a location", [head("LOCATION"), STILL], [header(location)], []],
  ["no image", [head("IMAGE"), STILL], [], ["header of offer (en) needs an image, the send has none"]],
  [
    "a video for an image",
    [head("IMAGE"), STILL],
    [header(video)],
    ["header of offer (en) needs an image, the send has a video"],
  ],
  [
    "a text for a document",
    [head("DOCUMENT"), STILL],
    [header(text("a"))],
    ["header of offer (en) needs a document, the send has a text"],
  ],
  [
    "an image for a text",
    [head("TEXT", { text: "{{1}}" }), STILL],
    [header(image)],
    ["parameter 1 of the header of offer (en) must be a text, the send has an image"],
  ],
  ["a header of a kind we do not know", [head("GIF"), STILL], [header(video)], []],

  ["quick replies without a payload", [STILL, buttons({ type: "QUICK_REPLY" })], [], []],
  [
    "a quick reply's payload",
    [STILL, buttons({ type: "QUICK_REPLY" })],
    [button("quick_reply", 0, { type: "payload", payload: "a" })],
    [],
  ],
  ["a link's end", [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })], [suffix("a")], []],
  [
    "a link without its end",
    [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [],
    ["link button 1 of offer (en) needs the end of its address, the send has none"],
  ],
  [
    "a link with an empty end",
    [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [suffix("")],
    ["link button 1 of offer (en) needs the end of its address, the send has none"],
  ],
  [
    "a link's end for another button",
    [STILL, buttons({ type: "QUICK_REPLY" }, { type: "URL", url: "https://x.y/{{1}}" })],
    [suffix("a")],
    ["link button 2 of offer (en) needs the end of its address, the send has none"],
  ],
  [
    "a link with two ends",
    [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [button("url", 0, text("a"), text("b"))],
    ["link button 1 of offer (en) has 1 parameter, the send has 2"],
  ],
  ["a whole address that was approved", [STILL, buttons({ type: "URL", url: "https://x.y/" })], [], []],
  ["a phone button", [STILL, buttons({ type: "PHONE_NUMBER" })], [], []],
  [
    "a parameter for a phone button",
    [STILL, buttons({ type: "PHONE_NUMBER" })],
    [suffix("a")],
    ["phone button 1 of offer (en) has 0 parameters, the send has 1"],
  ],
  [
    "a parameter for a button that is not there",
    [STILL, buttons({ type: "QUICK_REPLY" })],
    [button("quick_reply", "1", { type: "payload", payload: "a" })],
    ["offer (en) has no button 2, the send has parameters for it"],
  ],
  ["a coupon code", [STILL, buttons({ type: "COPY_CODE" })], [coupon("SAVE")], []],
  [
    "no coupon code",
    [STILL, buttons({ type: "COPY_CODE" })],
    [],
    ["copy code button 1 of offer (en) needs a coupon code, the send has none"],
  ],
  [
    "an empty coupon code",
    [STILL, buttons({ type: "COPY_CODE" })],
    [coupon("")],
    ["copy code button 1 of offer (en) needs a coupon code, the send has none"],
  ],
  [
    "a login code",
    [{ type: "BODY", text: "*{{1}}*" }, buttons({ type: "OTP", otp_type: "ONE_TAP" })],
    [body("1"), suffix("1")],
    [],
  ],
  [
    "a login code without its button",
    [
      { type: "BODY", text: "*{{1}}*" },
      buttons({ type: "URL", otp_type: "COPY_CODE", url: "https://w.a/{{1}}" }),
    ],
    [body("1")],
    ["code button 1 of offer (en) needs the code, the send has none"],
  ],
  ["a flow, with or without a token", [STILL, buttons({ type: "FLOW" })], [], []],
  ["a catalog without a picture of its own", [STILL, buttons({ type: "CATALOG" })], [], []],
  ["products", [STILL, buttons({ type: "MPM" })], [button("mpm", 0, { type: "action", action: {} })], []],

  [
    "an offer's end",
    [STILL, { type: "LIMITED_TIME_OFFER", limited_time_offer: { has_expiration: true } }],
    [{ type: "limited_time_offer", parameters: [{ type: "limited_time_offer", limited_time_offer: {} }] }],
    [],
  ],
  [
    "an offer without its end",
    [STILL, { type: "LIMITED_TIME_OFFER", limited_time_offer: { has_expiration: true } }],
    [],
    ["offer (en) needs the end of its offer, the send has none"],
  ],
  [
    "an offer that has no end",
    [STILL, { type: "LIMITED_TIME_OFFER", limited_time_offer: { has_expiration: false } }],
    [],
    [],
  ],

  [
    "a carousel",
    [STILL, { type: "CAROUSEL", cards: [ONE_CARD, ONE_CARD] }],
    [cards(fullCard(0), fullCard("1"))],
    [],
  ],
  [
    "a carousel with a card too few",
    [STILL, { type: "CAROUSEL", cards: [ONE_CARD, ONE_CARD] }],
    [cards(fullCard(0))],
    ["offer (en) has 2 cards, the send has 1"],
  ],
  [
    "a carousel without cards",
    [STILL, { type: "CAROUSEL", cards: [ONE_CARD, ONE_CARD] }],
    [],
    ["offer (en) has 2 cards, the send has 0"],
  ],
  [
    "every fault of every card",
    [STILL, { type: "CAROUSEL", cards: [ONE_CARD, ONE_CARD] }],
    [cards(card(0, header(video), body("a"), suffix("b")), card(1, header(image), body("a", "b")))],
    [
      "header of card 1 of offer (en) needs an image, the send has a video",
      "body of card 2 of offer (en) has 1 parameter, the send has 2",
      "link button 1 of card 2 of offer (en) needs the end of its address, the send has none",
    ],
  ],
  [
    "more products than the template has cards",
    [STILL, { type: "CAROUSEL", cards: [{ components: [head("PRODUCT")] }] }],
    [cards(card(0), card(1), card(2))],
    [],
  ],

  [
    "named parameters",
    [{ type: "BODY", text: "{{first}} and {{last}}" }],
    [
      {
        type: "body",
        parameters: [text("a", { parameter_name: "last" }), text("b", { parameter_name: "first" })],
      },
    ],
    [],
  ],
  [
    "named parameters without their names",
    [{ type: "BODY", text: "{{first}} and {{last}}" }],
    [body("a", "b")],
    ["body of offer (en) has the named parameters first, last, the send does not name them"],
  ],
  [
    "one named parameter too few",
    [{ type: "BODY", text: "{{first}} and {{last}}" }],
    [{ type: "body", parameters: [text("a", { parameter_name: "first" })] }],
    [
      "body of offer (en) has 2 parameters, the send has 1",
      "body of offer (en) has the named parameters last, the send does not name it",
    ],
  ],
  [
    "a named header that is too long",
    [head("TEXT", { text: "Order {{id}}" }), STILL],
    [header(text("y".repeat(60), { parameter_name: "id" }))],
    ["header of offer (en) has 66 characters with the send's text, WhatsApp takes 60"],
  ],

  [
    "everything wrong at once",
    [head("IMAGE"), BODY, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [header(video), body("a")],
    [
      "header of offer (en) needs an image, the send has a video",
      "body of offer (en) has 2 parameters, the send has 1",
      "link button 1 of offer (en) needs the end of its address, the send has none",
    ],
  ],

  [
    "components nobody knows",
    [BODY],
    [body("a", "b"), { type: "footer", parameters: [text("x")] }, { type: "new" }],
    [],
  ],
  ["two bodies, of which nobody says which counts", [BODY], [body("a", "b"), body("a")], []],
  ["parameters that are no list", [BODY], [{ type: "body", parameters: "a" }], []],
  [
    "a button whose position is not said",
    [STILL, buttons({ type: "URL", url: "https://x.y/{{1}}" })],
    [button("url", undefined, text("a"))],
    [],
  ],
  [
    "cards counted from one",
    [STILL, { type: "CAROUSEL", cards: [ONE_CARD, ONE_CARD] }],
    [cards(fullCard(1), fullCard(2))],
    [],
  ],
  [
    "a body whose placeholders have a gap",
    [{ type: "BODY", text: "{{1}} {{3}}" }],
    [body("a", "b", "c")],
    [],
  ],
  [
    "a body whose text the list leaves out",
    [{ type: "BODY", add_security_recommendation: true }],
    [body("1")],
    [],
  ],
];

describe("a send and its template", () => {
  it.each(ROWS)("%s", (_name, components, send, faults) => {
    const verdict = createTemplateIndex([template(components)]).check({
      name: "offer",
      language: { code: "en" },
      ...(send ? { components: send } : {}),
    });
    expect(verdict).toEqual(faults.length === 0 ? { kind: "match" } : { kind: "mismatch", faults });
  });
});

describe("a send and the catalog", () => {
  const index = createTemplateIndex([
    template([STILL]),
    template([STILL], { language: "pt_BR" }),
    template([STILL], { name: "note", language: "es" }),
    ...[
      "PENDING",
      "REJECTED",
      "PAUSED",
      "DISABLED",
      "IN_APPEAL",
      "DELETED",
      "ARCHIVED",
      "FLAGGED",
      "PENDING_DELETION",
    ].map((status) => template([STILL], { name: status.toLowerCase(), status })),
    template([BODY], { name: "again", status: "DELETED" }),
    template([STILL], { name: "again" }),
    template([BODY], { name: "again", status: "DELETED" }),
  ]);
  const check = (name: string, code = "en") => index.check({ name, language: { code } });

  it.each([
    ["unknown", "en", "the WhatsApp account has no template unknown"],
    ["offer", "fr", "offer does not exist in fr, only in en and pt_BR"],
    ["offer", "en_US", "offer does not exist in en_US, only in en and pt_BR"],
    ["note", "en", "note does not exist in en, only in es"],
    ["pending", "en", "pending (en) is not approved: its status is PENDING"],
    ["rejected", "en", "rejected (en) is not approved: its status is REJECTED"],
    ["paused", "en", "paused (en) is not approved: its status is PAUSED"],
    ["disabled", "en", "disabled (en) is not approved: its status is DISABLED"],
    ["in_appeal", "en", "in_appeal (en) is not approved: its status is IN_APPEAL"],
    ["deleted", "en", "deleted (en) is not approved: its status is DELETED"],
    ["archived", "en", "archived (en) is not approved: its status is ARCHIVED"],
  ])("says that %s in %s cannot be sent", (name, code, fault) => {
    expect(check(name, code)).toEqual({ kind: "missing", faults: [fault] });
  });

  it.each([
    ["offer", "en"],
    ["offer", "pt-br"],
    ["again", "en"],
    ["flagged", "en"],
    ["pending_deletion", "en"],
    ["whatsapp:hsm:namespace:offer", "en"],
    ["Offer", "en"],
  ])("lets %s in %s pass: it may be sent", (name, code) => {
    expect(check(name, code)).toEqual({ kind: "match" });
  });

  it("does not count on the text of a login code, which is Meta's own", () => {
    const code = createTemplateIndex([template([STILL], { name: "code", category: "AUTHENTICATION" })]);
    expect(code.check({ name: "code", language: { code: "en" }, components: [body("1")] })).toEqual({
      kind: "match",
    });
  });

  it.each([
    [[{ type: "CAROUSEL", cards: [{}] }]],
    [[{ type: "BUTTONS", buttons: [{}] }]],
    [[{ type: "HEADER", format: 5 }]],
    [[{ type: "BODY", text: 5 }]],
  ])("asks nothing of a template it does not understand: %j", (components) => {
    const odd = createTemplateIndex([template(components)]);
    expect(odd.check({ name: "offer", language: { code: "en" }, components: [body("1")] })).toEqual({
      kind: "match",
    });
  });

  it("finds a template whatever its status, for whoever needs its body or buttons", () => {
    expect([
      index.find("offer", "pt_br")?.language,
      index.find("paused", "en")?.status,
      index.find("x", "en"),
    ]).toEqual(["pt_BR", "PAUSED", undefined]);
  });
});
