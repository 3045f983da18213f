import { type Component, coordinate, emptyValue } from "../../core/template/make-components.ts";
import { matchText } from "../../core/template/match-text.ts";
import { type CatalogTemplate, placeholders, type TemplateComponent } from "../../core/template/template.ts";
import { ConnectorError } from "../../lib/errors.ts";
import { placeButtons } from "./buttons.ts";
import type { Card, TemplateData } from "./contract.ts";

/**
 * WebEngage's fields as the components of Meta's template object. What the catalog knows of the template decides
 * where values go; without it they go where docs/install-webengage.md says.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 * Throws ConnectorError `invalid_request`, `empty_message`, `template_mismatch` or `unread_message` (see isUnread).
 */
export function toComponents(data: TemplateData, template: CatalogTemplate | undefined): Component[] {
  const type = (data.type ?? "TEXT").toUpperCase();
  const header = Object.hasOwn(HEADERS, type) ? HEADERS[type] : undefined;
  if (!header)
    throw new ConnectorError("invalid_request", `type must be one of ${Object.keys(HEADERS).join(", ")}`);
  const known = template && partsOf(template.components);
  const values = valuesOf(data, known);
  const isNamed = template?.parameterFormat === "NAMED";
  const inHeader = known?.header?.text === undefined ? [] : placeholders(known.header.text);
  const inBody = known?.body?.text === undefined ? [] : placeholders(known.body.text);
  // "In exact sequence as per template": the header comes before the body.
  const split = values.length === inHeader.length + inBody.length ? inHeader.length : 0;
  return [
    ...header(data),
    ...texts("header", values.slice(0, split), isNamed ? inHeader : []),
    ...texts("body", values.slice(split), isNamed ? inBody : []),
    ...placeButtons(data, known?.buttons, values[split]),
    ...(type === "CAROUSEL" ? [carousel(data, known?.cards)] : []),
  ];
}

const HEADERS: Record<string, (data: TemplateData) => Component[]> = {
  TEXT: () => [],
  CAROUSEL: () => [],
  IMAGE: ({ mediaUrl }) => [media("image", mediaUrl, "mediaUrl")],
  VIDEO: ({ mediaUrl }) => [media("video", mediaUrl, "mediaUrl")],
  DOCUMENT: ({ mediaUrl, fileName }) => [
    media("document", mediaUrl, "mediaUrl", { filename: fileName?.trim() ? fileName : undefined }),
  ],
  LOCATION: (data) => [
    headerOf("location", {
      latitude: coordinate(data.latitude, "latitude", 90),
      longitude: coordinate(data.longitude, "longitude", 180),
      name: data.locationName?.trim() ? data.locationName : undefined,
      address: data.locationAddress?.trim() ? data.locationAddress : undefined,
    }),
  ],
};

const headerOf = (type: string, content: object) => ({
  type: "header",
  parameters: [{ type, [type]: content }],
});

function media(type: string, url: string | null | undefined, field: string, more: object = {}): Component {
  const link = url?.trim() ?? "";
  if (!/^https?:\/\//i.test(link) || !URL.canParse(link)) {
    throw new ConnectorError(
      "invalid_request",
      `${field} must be a complete address that starts with https://`,
    );
  }
  return headerOf(type, { link, ...more });
}

type Value = string | number | boolean;

function texts(type: "header" | "body", values: readonly Value[], names: readonly string[]): Component[] {
  if (values.length === 0) return [];
  return [
    {
      type,
      parameters: values.map((value, at) => ({
        type: "text",
        parameter_name: names[at],
        text: String(value),
      })),
    },
  ];
}

interface Parts {
  header: TemplateComponent | undefined;
  body: TemplateComponent | undefined;
  buttons: TemplateComponent["buttons"];
  cards: TemplateComponent["cards"];
}

function partsOf(components: readonly TemplateComponent[]): Parts {
  const find = (type: string) => components.find((component) => component.type.toUpperCase() === type);
  return {
    header: find("HEADER"),
    body: find("BODY"),
    buttons: find("BUTTONS")?.buttons ?? [],
    cards: find("CAROUSEL")?.cards,
  };
}

/** The variables as given, or else read out of the finished texts. */
function valuesOf({ templateVariables, message, header }: TemplateData, known: Parts | undefined): Value[] {
  const isGiven = Array.isArray(templateVariables) && (templateVariables.length > 0 || message == null);
  if (isGiven || message == null) return nonEmpty(templateVariables ?? [], "templateVariables");
  if (message.trim() === "")
    throw new ConnectorError("empty_message", "message is empty, and there are no templateVariables");
  if (!known) {
    if (templateVariables) return [];
    throw unread("message");
  }
  const headerText = known.header?.text ?? "";
  // A fixed header is WhatsApp's to write, and partners' sends have none.
  const inHeader = placeholders(headerText).length > 0 ? readText(headerText, header ?? "", "header") : [];
  return [...inHeader, ...readText(known.body?.text ?? "", message, "message")];
}

/** The values with which the template's text became this one. */
function readText(template: string, finished: string, field: string): Value[] {
  const values = matchText(template, finished);
  if (!values) throw unread(field, template);
  return ordered(placeholders(template)).map((placeholder) => values.get(placeholder) ?? "");
}

/** `template` is undefined where none is known. */
function unread(field: string, template?: string): ConnectorError {
  const why =
    template === undefined
      ? "cannot be taken apart: the WhatsApp account has no such template in this language"
      : "does not fit the template's text: it must be the approved one, letter by letter";
  return new ConnectorError(
    "unread_message",
    `${field} ${why}. Choose Send Personalization Variables as Request Type in WebEngage, or correct the template`,
  );
}

/** Whether a finished message could not be read by what is known of its template, which may be out of date. */
export const isUnread = (error: unknown) =>
  error instanceof ConnectorError && error.code === "unread_message";

/** Numbers in their order, whatever their place in the text; names in the order of the text. */
const ordered = (names: string[]) =>
  names.every((name) => /^\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;

function nonEmpty(values: readonly Value[], field: string): Value[] {
  const at = values.findIndex((value) => String(value).trim() === "");
  if (at >= 0) throw emptyValue(`${field}[${at}]`);
  return [...values];
}

const CARD_MEDIA: Record<string, string> = { IMAGE: "image", VIDEO: "video" };

function carousel({ carousel }: TemplateData, known: Parts["cards"]): Component {
  if (!carousel)
    throw new ConnectorError("invalid_request", "carousel is missing: type CAROUSEL needs its cards");
  return {
    type: "carousel",
    cards: carousel.cards.map((card, at) => ({
      card_index: at,
      components: cardComponents(card, at, known?.[at]?.components),
    })),
  };
}

function cardComponents(card: Card, at: number, known: readonly TemplateComponent[] | undefined) {
  const field = `carousel.cards[${at}]`;
  const parts = known && partsOf(known);
  const type = CARD_MEDIA[card.header?.type.toUpperCase() ?? ""];
  if (!card.header || !type)
    throw new ConnectorError("invalid_request", `${field}.header.type must be IMAGE or VIDEO`);
  const values = cardValues(card, field, parts);
  return [
    media(type, card.header.mediaUrl, `${field}.header.mediaUrl`),
    ...texts("body", values, []),
    ...placeButtons(card, parts?.buttons, values[0]),
  ];
}

function cardValues({ placeholders = [], message }: Card, field: string, known: Parts | undefined): Value[] {
  if (placeholders?.length || !message?.trim()) return nonEmpty(placeholders ?? [], `${field}.placeholders`);
  if (!known) throw unread(`${field}.message`);
  return readText(known.body?.text ?? "", message, `${field}.message`);
}
