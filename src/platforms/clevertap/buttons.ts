import {
  buttonKind,
  type Component,
  copyCodeButton,
  linkButton,
} from "../../core/template/make-components.ts";
import type { TemplateButton } from "../../core/template/template.ts";
import type { GivenButton } from "./contract.ts";

/** A button that needs a value, and where CleverTap says that it is. */
interface Valued {
  kind: "link" | "code";
  value: string;
  index: number;
}

/**
 * The buttons that need a value; the others are the template's own. In CleverTap's samples an index comes twice: with the
 * template's own buttons each value goes, in order, to the next one of its kind. Without them it goes where its index
 * says, or, where an index comes twice, to its place among all that were sent.
 */
export function placeButtons(
  given: readonly GivenButton[],
  buttons: readonly TemplateButton[] | undefined,
): Component[] {
  const valued = given.flatMap((button, at) => valueIn(button, indexOf(button, at, given)));
  const waiting = [...valued];
  const take = (...kinds: Valued["kind"][]) => {
    const at = waiting.findIndex(({ kind }) => kinds.includes(kind));
    return at < 0 ? [] : waiting.splice(at, 1);
  };
  const placed = (buttons ?? []).flatMap((button, index) => {
    switch (buttonKind(button)) {
      case "link":
        return take("link").map(({ value }) => linkButton(index, endOf(value, button.url ?? "")));
      case "code":
        return take("code").map(({ value }) => copyCodeButton(index, value));
      // The code that people get is a link's end to WhatsApp.
      case "password":
        return take("code", "link").map(({ value }) => linkButton(index, value));
      default:
        return [];
    }
  });
  const unplaced = waiting.map(({ kind, value, index }) =>
    kind === "link" ? linkButton(index, value) : copyCodeButton(index, value),
  );
  return [...placed, ...unplaced];
}

function indexOf({ index }: GivenButton, at: number, all: readonly GivenButton[]): number {
  const indexes = all.map((button) => Number(button.index ?? Number.NaN));
  const isClear =
    new Set(indexes).size === all.length && indexes.every((one) => Number.isInteger(one) && one >= 0);
  return isClear ? Number(index) : at;
}

function valueIn(button: GivenButton, index: number): Valued[] {
  const kind = KINDS[button.subType.toLowerCase()];
  const value = givenValue(button);
  return kind === undefined || value === undefined ? [] : [{ kind, value, index }];
}

/** By `subType`. */
const KINDS: Partial<Record<string, Valued["kind"]>> = { dynamicurl: "link", copy_code: "code" };

/** The value that a button was sent with; undefined where it needs none, or has none. */
export function givenValue({ subType, parameters }: GivenButton): string | undefined {
  const [parameter] = parameters ?? [];
  const kind = KINDS[subType.toLowerCase()];
  const value = kind === "link" ? parameter?.text : kind === "code" ? parameter?.coupon_code : undefined;
  return value == null ? undefined : String(value);
}

/** Some sends have the whole address where WhatsApp wants what comes behind the template's part of it. */
function endOf(value: string, url: string): string {
  const beginning = url.slice(0, url.indexOf("{{"));
  return beginning !== "" && value.startsWith(beginning) && value.length > beginning.length
    ? value.slice(beginning.length)
    : value;
}
