import { type ButtonNeed, MEDIA, type MediaNeed, type Need, type TextNeed } from "./requirements.ts";
import {
  NONE,
  type Parameters,
  parametersOf,
  type SentComponent,
  sortOut,
  UNCLEAR,
} from "./sent-components.ts";
import { fill } from "./template.ts";

/**
 * Whether a send has the parameters that a template needs. Only what Meta is known to refuse is a fault; a shape
 * that is not understood passes (docs/decisions/0008).
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 */

/** The limit of a text header, its filled placeholders included. */
const HEADER_CHARACTERS = 60;

/** Every fault of these components, as sentences; empty when they fit or cannot be judged. */
export function partFaults(need: Need, components: readonly SentComponent[]): string[] {
  const faults: string[] = [];
  const sent = sortOut(components);
  const { header, body } = sent;
  if (need.header && header !== UNCLEAR) headerFaults(need.header, need.label, header, faults);
  if (need.body && body !== UNCLEAR) textFaults(need.body, `body of ${need.label}`, body, faults);
  if (need.buttons && sent.buttons) buttonFaults(need.buttons, need.label, sent.buttons, faults);
  if (need.offerEnds && sent.offer !== UNCLEAR && sent.offer.length === 0) {
    faults.push(`${need.label} needs the end of its offer, the send has none`);
  }
  if (need.cards && sent.cards) cardFaults(need.cards, need.label, sent.cards, faults);
  return faults;
}

/** What was sent is anything: even turning it into text can throw. */
const textOf = (value: unknown) => (typeof value === "string" ? value : "");
const typeOf = (parameter: Record<string, unknown> | undefined) => textOf(parameter?.["type"]).toUpperCase();
const counted = (count: number) => `${count} parameter${count === 1 ? "" : "s"}`;

function headerFaults(
  need: NonNullable<Need["header"]>,
  label: string,
  sent: Parameters,
  faults: string[],
): void {
  if (need.kind === "none") {
    if (sent.length > 0) faults.push(`${label} has no header, the send has one`);
  } else if (need.kind === "text") {
    const before = faults.length;
    textFaults(need, `header of ${label}`, sent, faults);
    if (faults.length === before) lengthFault(need, label, sent, faults);
  } else mediaFaults(need, `header of ${label}`, sent, faults);
}

function mediaFaults(need: MediaNeed, label: string, sent: Parameters, faults: string[]): void {
  const [parameter] = sent;
  if (!parameter) faults.push(`${label} needs ${MEDIA[need.type]}, the send has none`);
  else if (typeOf(parameter) !== need.type) {
    const given = MEDIA[typeOf(parameter)] ?? (typeOf(parameter) === "TEXT" ? "a text" : "something else");
    faults.push(`${label} needs ${MEDIA[need.type]}, the send has ${given}`);
  }
  if (sent.length > 1) faults.push(`${label} has 1 parameter, the send has ${sent.length}`);
}

function lengthFault({ text, names }: TextNeed, label: string, sent: Parameters, faults: string[]): void {
  if (text === undefined || sent.length === 0) return;
  const filling = (placeholder: string) => {
    const parameter = names
      ? sent.find((item) => item["parameter_name"] === placeholder)
      : sent[Number(placeholder) - 1];
    return textOf(parameter?.["text"]);
  };
  const length = [...fill(text, filling)].length;
  if (length > HEADER_CHARACTERS) {
    faults.push(
      `header of ${label} has ${length} characters with the send's text, WhatsApp takes ${HEADER_CHARACTERS}`,
    );
  }
}

function textFaults(need: TextNeed, label: string, sent: Parameters, faults: string[]): void {
  if (sent.length !== need.count) {
    faults.push(`${label} has ${counted(need.count)}, the send has ${sent.length}`);
  }
  for (let at = 0; at < sent.length; at++) {
    const parameter = sent[at];
    if (typeOf(parameter) === "TEXT") {
      if (isBlank(parameter?.["text"])) faults.push(`parameter ${at + 1} of the ${label} is empty`);
    } else if (typeOf(parameter) in MEDIA) {
      faults.push(
        `parameter ${at + 1} of the ${label} must be a text, the send has ${MEDIA[typeOf(parameter)]}`,
      );
    }
  }
  if (!need.names) return;
  const missing = need.names.filter((name) => !sent.some((item) => item["parameter_name"] === name));
  if (missing.length > 0) {
    const them = missing.length === 1 ? "it" : "them";
    faults.push(`${label} has the named parameters ${missing.join(", ")}, the send does not name ${them}`);
  }
}

const isBlank = (value: unknown) => value === undefined || value === null || value === "";

function buttonFaults(
  needs: ButtonNeed[],
  label: string,
  sent: (SentComponent | undefined)[],
  faults: string[],
): void {
  for (let at = 0; at < Math.max(needs.length, sent.length); at++) {
    const given = sent[at];
    const need = needs[at];
    if (!given && !need?.needs) continue;
    const parameters = given ? parametersOf(given) : NONE;
    if (parameters === UNCLEAR) continue;
    if (!need) {
      if (parameters.length > 0)
        faults.push(`${label} has no button ${at + 1}, the send has parameters for it`);
    } else if (need.takesNone) {
      if (parameters.length > 0)
        faults.push(`${need.label} has 0 parameters, the send has ${parameters.length}`);
    } else if (need.needs) {
      const fits = given && textOf(given.sub_type).toLowerCase() === need.subType;
      if (!fits || parameters.length === 0 || isBlankValue(parameters[0])) {
        faults.push(`${need.label} needs ${need.needs}, the send has none`);
      } else if (parameters.length > 1) {
        faults.push(`${need.label} has 1 parameter, the send has ${parameters.length}`);
      }
    }
  }
}

/** A parameter of a known type whose value is empty. */
function isBlankValue(parameter: Record<string, unknown> | undefined): boolean {
  const type = typeOf(parameter).toLowerCase();
  return (type === "text" || type === "coupon_code") && isBlank(parameter?.[type]);
}

function cardFaults(
  needs: Need[],
  label: string,
  sent: (readonly SentComponent[] | undefined)[],
  faults: string[],
): void {
  if (sent.length !== needs.length) {
    faults.push(`${label} has ${needs.length} cards, the send has ${sent.length}`);
  }
  for (let at = 0; at < Math.min(needs.length, sent.length); at++) {
    faults.push(...partFaults(needs[at] as Need, sent[at] ?? []));
  }
}
