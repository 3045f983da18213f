import { describe, expect, it } from "@jest/globals";
import { createTemplateIndex } from "../../../src/core/template/checker.ts";
import type { CatalogTemplate, TemplateComponent } from "../../../src/core/template/template.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { templateCatalog } from "../../../src/sandbox/vonage/template-catalog.ts";

/* Sends are made from Meta's documents of each kind of template, without the code under test. */

type Parameter = Record<string, unknown>;
interface Component {
  type: string;
  sub_type?: string;
  index?: string | number;
  parameters?: Parameter[];
  cards?: { card_index: number; components: Component[] }[];
}

const catalog = templateCatalog() as unknown as CatalogTemplate[];
const approved = catalog.filter(({ status }) => status === "APPROVED");
const index = createTemplateIndex(catalog);

const holes = (text: string) =>
  [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].map((hole) => hole.slice(2, -2));
const word = (random: Random) => random.pick(["Ana", "नमस्ते 👋", "50 %", "AB-1", "x", "Grüße"]);

function texts(random: Random, text: string): Parameter[] {
  return holes(text).map((hole) => ({
    type: "text",
    text: word(random),
    ...(/^\d+$/.test(hole) ? {} : { parameter_name: hole }),
  }));
}

const MEDIA: Record<string, Parameter> = {
  IMAGE: { type: "image", image: { link: "https://cdn.example.com/a.png" } },
  VIDEO: { type: "video", video: { id: "123" } },
  DOCUMENT: { type: "document", document: { link: "https://cdn.example.com/a.pdf", filename: "a.pdf" } },
  LOCATION: { type: "location", location: { latitude: "1.5", longitude: "2" } },
};

function fitting(random: Random, components: readonly TemplateComponent[]): Component[] {
  const at = (n: number) => (random.chance(0.5) ? n : String(n));
  return components.flatMap(
    ({ type, format = "", text = "", buttons = [], cards = [], ...more }): Component[] => {
      switch (type) {
        case "HEADER":
          if (MEDIA[format]) return [{ type: "header", parameters: [MEDIA[format]] }];
          return holes(text).length > 0 ? [{ type: "header", parameters: texts(random, text) }] : [];
        case "BODY":
          return holes(text).length > 0 || random.chance(0.2)
            ? [{ type: "body", parameters: texts(random, text) }]
            : [];
        case "LIMITED_TIME_OFFER":
          return more.limited_time_offer?.has_expiration
            ? [{ type, parameters: [{ type, limited_time_offer: { expiration_time_ms: 1 } }] }]
            : [];
        case "CAROUSEL":
          return [
            {
              type: "carousel",
              cards: cards.map((card, n) => ({
                card_index: n,
                components: fitting(random, card.components),
              })),
            },
          ];
        case "BUTTONS":
          return buttons.flatMap((button, n): Component[] => {
            const component = (sub_type: string, parameter: Parameter) => [
              { type: "button", sub_type, index: at(n), parameters: [parameter] },
            ];
            if (button.type === "COPY_CODE")
              return component("copy_code", { type: "coupon_code", coupon_code: "SAVE" });
            if (button.otp_type || button.url?.includes("{{"))
              return component("url", { type: "text", text: "123456" });
            if (button.type === "QUICK_REPLY" && random.chance(0.5)) {
              return component("quick_reply", { type: "payload", payload: word(random) });
            }
            return [];
          });
        default:
          return [];
      }
    },
  );
}

const copy = <T>(value: T): T => structuredClone(value);

/** A change of one thing; undefined where there is nothing to change. */
type Mutation = (send: Component[], template: CatalogTemplate, random: Random) => Component[] | undefined;

const without =
  (is: (component: Component) => boolean): Mutation =>
  (send) =>
    send.some(is) ? send.filter((component) => !is(component)) : undefined;
const change =
  (is: (component: Component) => boolean, edit: (component: Component) => void): Mutation =>
  (send) => {
    const changed = copy(send);
    const found = changed.find(is);
    if (!found) return undefined;
    edit(found);
    return changed;
  };
const filled = (type: string) => (component: Component) =>
  component.type === type && (component.parameters?.length ?? 0) > 0;
const isMedia = (component: Component) =>
  filled("header")(component) && component.parameters?.[0]?.["type"] !== "text";
const isNeeded = ({ type, sub_type }: Component) => type === "button" && sub_type !== "quick_reply";
const fixedCards = (component: Component) =>
  component.type === "carousel" &&
  (component.cards ?? []).every(({ components }) => components.some(isMedia));
const inCard =
  (mutation: Mutation): Mutation =>
  (send, template, random) => {
    const changed = copy(send);
    const card = random.pick(changed.find(fixedCards)?.cards ?? [undefined]);
    const components = card && mutation(card.components, template, random);
    if (!card || !components) return undefined;
    card.components = components;
    return changed;
  };
const part = (template: CatalogTemplate, type: string) =>
  template.components.find((item) => item.type === type);

const onPart: Record<string, Mutation> = {
  "no body": without(filled("body")),
  "a body parameter too few": change(filled("body"), ({ parameters }) => parameters?.pop()),
  "a body parameter too many": change(filled("body"), ({ parameters }) =>
    parameters?.push({ type: "text", text: "x" }),
  ),
  "an empty body parameter": change(filled("body"), ({ parameters }) =>
    Object.assign(parameters?.[0] ?? {}, { text: "" }),
  ),
  "no header": without(filled("header")),
  "another kind of media": change(isMedia, (component) => {
    component.parameters = [
      component.parameters?.[0]?.["type"] === "image" ? MEDIA["VIDEO"]! : MEDIA["IMAGE"]!,
    ];
  }),
  "two media": change(isMedia, ({ parameters }) => parameters?.push(MEDIA["IMAGE"]!)),
  "no parameter of a button": without(isNeeded),
  "a button without parameters": change(isNeeded, (component) => {
    component.parameters = [];
  }),
};

const REFUSED: Record<string, Mutation> = {
  ...onPart,
  ...Object.fromEntries(
    Object.entries(onPart).map(([name, mutation]) => [`in a card: ${name}`, inCard(mutation)]),
  ),
  "a header that is too long": change(
    (component) => filled("header")(component) && !isMedia(component),
    ({ parameters }) => Object.assign(parameters?.[0] ?? {}, { text: "y".repeat(61) }),
  ),
  "a header where there is none": (send, template) =>
    part(template, "HEADER") ? undefined : [...send, { type: "header", parameters: [MEDIA["IMAGE"]!] }],
  "no end of the offer": without(({ type }) => type === "LIMITED_TIME_OFFER"),
  "a parameter for a button that is not there": (send) => [
    ...send,
    { type: "button", sub_type: "url", index: 9, parameters: [{ type: "text", text: "x" }] },
  ],
  "a card too few": change(fixedCards, ({ cards }) => cards?.pop()),
  "no cards": without(fixedCards),
  "another name": change(
    (component) => component.parameters?.[0]?.["parameter_name"] !== undefined,
    ({ parameters }) => Object.assign(parameters?.[0] ?? {}, { parameter_name: "nobody" }),
  ),
};

const HARMLESS: Record<string, Mutation> = {
  "types in upper case": (send) =>
    send.map((component) => ({ ...component, type: component.type.toUpperCase() })),
  "another order": (send) => [...send].reverse(),
  "an unknown component": (send) => [
    ...send,
    { type: "something_new", parameters: [{ type: "text", text: "x" }] },
  ],
  "an empty header": (send) =>
    send.some(({ type }) => type === "header") ? undefined : [...send, { type: "header" }],
  "no payload of a quick reply": without(({ sub_type }) => sub_type === "quick_reply"),
  "unknown keys": change(
    () => true,
    (component) => Object.assign(component, { note: 1 }),
  ),
  "positions as text": (send) =>
    send.map((component) =>
      component.index === undefined ? component : { ...component, index: `${component.index}` },
    ),
};

const check = ({ name, language }: CatalogTemplate, components: Component[]) =>
  index.check({ name, language: { code: language }, components }).kind;

describe.each(approved.map((template) => [`${template.name} ${template.language}`, template] as const))(
  "%s",
  (_, template) => {
    const sends = Array.from({ length: 100 }, (_unused, seed) => {
      const random = createRandom(seed + 1);
      return { random, send: fitting(random, template.components) };
    });

    it("takes every send made to fit", () => {
      expect(sends.map(({ send }) => check(template, send)).filter((kind) => kind !== "match")).toEqual([]);
    });

    it("refuses each single change that WhatsApp refuses", () => {
      const passed = sends.flatMap(({ send, random }) =>
        Object.entries(REFUSED).flatMap(([name, mutate]) => {
          const changed = mutate(copy(send), template, random);
          return changed && check(template, changed) === "match" ? [name] : [];
        }),
      );
      expect([...new Set(passed)]).toEqual([]);
    });

    it("takes each single change that does no harm", () => {
      const refused = sends.flatMap(({ send, random }) =>
        Object.entries(HARMLESS).flatMap(([name, mutate]) => {
          const changed = mutate(copy(send), template, random);
          return changed && check(template, changed) !== "match" ? [name] : [];
        }),
      );
      expect([...new Set(refused)]).toEqual([]);
    });
  },
);

it("has a template for each change, so that none is tested in vain", () => {
  const random = createRandom(7);
  const applies = (mutate: Mutation) =>
    approved.some((template) => {
      const sends = Array.from({ length: 20 }, () => fitting(random, template.components));
      return sends.some((send) => mutate(copy(send), template, random) !== undefined);
    });
  const idle = Object.entries({ ...REFUSED, ...HARMLESS }).filter(([, mutate]) => !applies(mutate));
  // Cards of the catalog have no buttons that need a parameter.
  expect(idle.map(([name]) => name)).toEqual([
    "in a card: no parameter of a button",
    "in a card: a button without parameters",
  ]);
});
