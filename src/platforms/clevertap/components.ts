import type { z } from "zod";
import { type Component, coordinate, emptyValue } from "../../core/template/make-components.ts";
import { matchText } from "../../core/template/match-text.ts";
import { type CatalogTemplate, placeholders, type TemplateComponent } from "../../core/template/template.ts";
import { ConnectorError } from "../../lib/errors.ts";
import { givenValue, placeButtons } from "./buttons.ts";
import {
  bodyComponent,
  buttonComponent,
  carouselComponent,
  type Header,
  headerComponent,
  offerComponent,
} from "./contract.ts";
import { mediaUrl } from "./media-url.ts";

/** What the catalog has of the template, or of one card of it. */
type Known = readonly TemplateComponent[] | undefined;

/** One component of a send, where it is, and what is known of its template. */
interface Given {
  component: unknown;
  field: string;
  known: Known;
  isNamed: boolean;
}

/**
 * CleverTap's components as those of Meta's template object. Footers and buttons without a value are the template's own;
 * custom key-values and whatever else is not known is left out.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 * Throws ConnectorError `invalid_request` or `template_mismatch`, each naming the field.
 */
export function toComponents(
  components: readonly unknown[],
  template: Pick<CatalogTemplate, "components" | "parameterFormat"> | undefined,
): Component[] {
  return convert(components, "components", template?.components, template?.parameterFormat === "NAMED");
}

function convert(components: readonly unknown[], field: string, known: Known, isNamed: boolean): Component[] {
  const converted = components.flatMap((component, at) => {
    const type = typeOf(component);
    const toMeta = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    return toMeta ? toMeta({ component, field: `${field}[${at}]`, known, isNamed }) : [];
  });
  const buttons = components.flatMap((component, at) => {
    if (typeOf(component) !== "button") return [];
    const button = check(buttonComponent, component, `${field}[${at}]`);
    if (givenValue(button)?.trim() === "") throw emptyValue(`${field}[${at}].parameters[0]`);
    return button;
  });
  return [...converted, ...placeButtons(buttons, known && (partOf(known, "BUTTONS")?.buttons ?? []))];
}

const typeOf = (component: unknown): string => {
  const type = (component as { type?: unknown } | null)?.type;
  return typeof type === "string" ? type.toLowerCase() : "";
};

const partOf = (known: Known, type: string) =>
  known?.find((component) => component.type.toUpperCase() === type);

const KINDS: Record<string, (given: Given) => Component[]> = {
  header: ({ component, field, known, isNamed }) => {
    const { header } = check(headerComponent, component, field);
    const type = header.type.toLowerCase();
    const toParameters = Object.hasOwn(HEADERS, type) ? HEADERS[type] : undefined;
    if (!toParameters) {
      const kinds = Object.keys(HEADERS).join(", ");
      throw new ConnectorError("invalid_request", `${field}.header.type must be one of ${kinds}`);
    }
    const parameters = toParameters(header, `${field}.header.${type}`, partOf(known, "HEADER"), isNamed);
    return parameters.length > 0 ? [{ type: "header", parameters }] : [];
  },
  body: ({ component, field, known, isNamed }) => {
    const { body } = check(bodyComponent, component, field);
    const given = body.parameters ?? [];
    const names = isNamed ? placeholders(partOf(known, "BODY")?.text ?? "") : [];
    const parameters = given.map(({ text }, at) => {
      if (String(text).trim() === "") throw emptyValue(`${field}.body.parameters[${at}]`);
      return textParameter(String(text), names[at]);
    });
    return parameters.length > 0 ? [{ type: "body", parameters }] : [];
  },
  limited_time_offer: ({ component, field }) => [
    { type: "limited_time_offer", parameters: check(offerComponent, component, field).parameters },
  ],
  carousel: ({ component, field, known, isNamed }) => {
    const cardsKnown = partOf(known, "CAROUSEL")?.cards;
    const cards = check(carouselComponent, component, field).cards.map(({ components }, card_index) => ({
      card_index,
      components: convert(
        components,
        `${field}.cards[${card_index}].components`,
        cardsKnown?.[card_index]?.components,
        isNamed,
      ),
    }));
    return [{ type: "carousel", cards }];
  },
};

type ToParameters = (
  header: Header,
  field: string,
  known: TemplateComponent | undefined,
  isNamed: boolean,
) => object[];

const media =
  (kind: "image" | "video" | "file", type: string): ToParameters =>
  (header, field) => {
    const given = header[kind];
    if (!given) throw missing(field);
    const filename = kind === "file" && given.filename?.trim() ? { filename: given.filename } : {};
    return [{ type, [type]: { link: mediaUrl(given.mediaURL, `${field}.mediaURL`), ...filename } }];
  };

const HEADERS: Record<string, ToParameters> = {
  /** The finished text; only a variable in it is sent. */
  text: ({ text }, field, known, isNamed) => {
    if (!text) throw missing(field);
    const variables = placeholders(known?.text ?? "");
    if (variables.length === 0) return [];
    const values = matchText(known?.text ?? "", text.text);
    return variables.map((name) => {
      const value = values?.get(name) ?? text.text;
      if (value.trim() === "") throw emptyValue(field);
      return textParameter(value, isNamed ? name : undefined);
    });
  },
  image: media("image", "image"),
  video: media("video", "video"),
  file: media("file", "document"),
  location: ({ location }, field) => {
    if (!location) throw missing(field);
    const { name, address } = location;
    return [
      {
        type: "location",
        location: {
          latitude: coordinate(location.latitude, `${field}.latitude`, 90),
          longitude: coordinate(location.longitude, `${field}.longitude`, 180),
          ...(name?.trim() ? { name } : {}),
          ...(address?.trim() ? { address } : {}),
        },
      },
    ];
  },
};

const textParameter = (text: string, parameter_name: string | undefined) => ({
  type: "text",
  ...(parameter_name === undefined ? {} : { parameter_name }),
  text,
});

const missing = (field: string) => new ConnectorError("invalid_request", `${field} is missing`);

function check<T extends z.ZodType>(schema: T, component: unknown, field: string): z.output<T> {
  const parsed = schema.safeParse(component);
  if (parsed.success) return parsed.data;
  const path = [field, ...(parsed.error.issues[0]?.path ?? [])].join(".");
  throw new ConnectorError("invalid_request", `${path} is missing or has the wrong type`);
}
