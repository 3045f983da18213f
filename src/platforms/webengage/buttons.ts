import {
  buttonKind,
  type Component,
  copyCodeButton,
  linkButton,
} from "../../core/template/make-components.ts";
import type { TemplateButton } from "../../core/template/template.ts";
import type { Buttons } from "./contract.ts";

type Value = string | number | boolean;

/**
 * WebEngage names the buttons' values and not their places. With the template's own buttons every value goes to
 * the first button of its kind that has none yet. Without them, or for a value that finds no button, the places
 * are counted from 0 in this order: copy code, `buttonUrlParam`, `buttonUrlDynamicParam`; what is not given takes
 * no place. WhatsApp wants a copy code button before link buttons, so that this order fits every template whose
 * buttons are only these.
 * A private provider's finished message names all its buttons too; their values count where they are nowhere else.
 * `code` is what a one-time-password template's button repeats when it is given no value of its own.
 */
export function placeButtons(
  given: Buttons,
  buttons: readonly TemplateButton[] | undefined,
  code: Value | undefined,
): Component[] {
  const finished = given.buttons?.flatMap((group) => group.buttons) ?? [];
  const dynamic = finished.filter(({ templateButtonUrlType: type }) => type?.toUpperCase() === "DYNAMIC");
  const links = [given.buttonUrlParam, given.buttonUrlDynamicParam]
    .map((value, at) => value ?? dynamic[at]?.buttonUrlContent)
    .filter(isGiven);
  const codes = [given.copyCodeText ?? finished.map((button) => button.copyCodeText).find(isGiven)].filter(
    isGiven,
  );
  const byKind: Record<string, (index: number) => Component[]> = {
    link: (index) => place(linkButton, index, links.shift()),
    code: (index) => place(copyCodeButton, index, codes.shift()),
    password: (index) => place(linkButton, index, codes.shift() ?? links.shift() ?? code),
  };
  const placed = (buttons ?? []).flatMap((button, index) => byKind[buttonKind(button)]?.(index) ?? []);
  const next = buttons?.length ?? 0;
  const unplaced = [
    ...codes.map((value) => ({ make: copyCodeButton, value })),
    ...links.map((value) => ({ make: linkButton, value })),
  ];
  return [...placed, ...unplaced.flatMap(({ make, value }, at) => place(make, next + at, value))];
}

type Make = (index: number, value: string) => Component;

const place = (make: Make, index: number, value: Value | undefined) =>
  value === undefined ? [] : [make(index, String(value))];

const isGiven = (value: Value | null | undefined): value is Value =>
  value !== undefined && value !== null && String(value).trim() !== "";
