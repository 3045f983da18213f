import { placeholders, type TemplateButton, type TemplateComponent } from "./template.ts";

export interface TextNeed {
  kind: "text";
  count: number;
  /** Only for named parameters. */
  names?: string[];
  /** Only where the filled text has a limit. */
  text?: string;
}
export interface MediaNeed {
  kind: "media";
  type: string;
}
export interface ButtonNeed {
  /** How the button is called, and what it needs, in words. */
  label: string;
  subType?: string;
  needs?: string;
  takesNone?: boolean;
}

/** What a template, or one card of it, needs. Absent: unknown, so anything passes. */
export interface Need {
  label: string;
  header?: TextNeed | MediaNeed | { kind: "none" };
  body?: TextNeed;
  buttons?: ButtonNeed[];
  cards?: Need[];
  offerEnds: boolean;
}

export const MEDIA: Record<string, string> = {
  IMAGE: "an image",
  VIDEO: "a video",
  DOCUMENT: "a document",
  LOCATION: "a location",
};

/** What the components of a template, or of one card, need; `label` names it in the sentences. */
export function compilePart(components: readonly TemplateComponent[], label: string): Need {
  const find = (type: string) => components.find((component) => component.type.toUpperCase() === type);
  const header = headerNeed(find("HEADER"));
  const body = textNeed(find("BODY"));
  const cards = find("CAROUSEL")?.cards;
  return {
    label,
    ...(header ? { header } : {}),
    ...(body ? { body } : {}),
    buttons: (find("BUTTONS")?.buttons ?? []).map((button, at) => buttonNeed(button, at, label)),
    ...(cards && isFixed(cards)
      ? { cards: cards.map((card, at) => compilePart(card.components, `card ${at + 1} of ${label}`)) }
      : {}),
    offerEnds: find("LIMITED_TIME_OFFER")?.limited_time_offer?.has_expiration === true,
  };
}

/** Cards of pictures are approved one by one; of a carousel of products a send may have more than the template. */
const isFixed = (cards: { components: TemplateComponent[] }[]) =>
  cards.every(({ components }) =>
    components.some(({ type, format }) => type.toUpperCase() === "HEADER" && (format ?? "") in MEDIA),
  );

function headerNeed(header: TemplateComponent | undefined): Need["header"] {
  if (!header) return { kind: "none" };
  const format = (header.format ?? "").toUpperCase();
  if (format in MEDIA) return { kind: "media", type: format };
  if (format !== "TEXT") return undefined;
  const need = textNeed(header);
  return need && { ...need, text: header.text as string };
}

function textNeed(component: TemplateComponent | undefined): TextNeed | undefined {
  if (typeof component?.text !== "string") return undefined;
  const found = placeholders(component.text);
  const numbers = found.filter((placeholder) => /^\d+$/.test(placeholder));
  if (numbers.length === 0 && found.length > 0) return { kind: "text", count: found.length, names: found };
  // Meta numbers placeholders from 1 without gaps: anything else is not understood.
  const isSound =
    numbers.length === found.length && numbers.every((number) => Number(number) <= found.length);
  return isSound ? { kind: "text", count: found.length } : undefined;
}

function buttonNeed(button: TemplateButton, at: number, of: string): ButtonNeed {
  const label = (kind: string) => `${kind} button ${at + 1} of ${of}`;
  const type = button.type.toUpperCase();
  if (type === "OTP" || button.otp_type !== undefined) {
    return { label: label("code"), subType: "url", needs: "the code" };
  }
  if (type === "URL" && button.url?.includes("{{")) {
    return { label: label("link"), subType: "url", needs: "the end of its address" };
  }
  if (type === "COPY_CODE")
    return { label: label("copy code"), subType: "copy_code", needs: "a coupon code" };
  if (type === "PHONE_NUMBER") return { label: label("phone"), takesNone: true };
  return { label: label(type.toLowerCase().replaceAll("_", " ")) };
}
