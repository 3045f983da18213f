import { placeholders } from "./template.ts";

const PLACEHOLDER = /(\{\{\s*[^{}]+?\s*\}\})/;

/**
 * The values with which a template's text became this text, by placeholder; undefined when it cannot have. Every
 * value has at least one character. Where several readings fit, any of them gives back the same text. Linear in
 * the length of both, whatever they contain.
 */
export function matchText(template: string, filled: string): Map<string, string> | undefined {
  const values = new Map<string, string>();
  const text = tidy(filled);
  const parts = tidy(template).split(PLACEHOLDER);
  let at = 0;
  let open: string | undefined;

  /** Moves past the literal, which ends the value before it; false where it does not follow. */
  const skipLiteral = (literal: string, isLast: boolean): boolean => {
    if (open === undefined) {
      if (!text.startsWith(literal, at)) return false;
      at += literal.length;
      return true;
    }
    const from = at + 1;
    const found = isLast ? text.length - literal.length : text.indexOf(literal, from);
    if (found < from || !text.startsWith(literal, found)) return false;
    values.set(open, text.slice(at, found));
    open = undefined;
    at = found + literal.length;
    return true;
  };

  for (const [index, part] of parts.entries()) {
    // Between two placeholders there is always a literal, perhaps an empty one.
    const name = index % 2 === 1 ? placeholders(part)[0] : undefined;
    const literal = name === undefined ? part : values.get(name);
    if (literal === undefined) open = name;
    else if (!skipLiteral(literal, index === parts.length - 1)) return undefined;
  }
  return at === text.length ? values : undefined;
}

/** What differs between editors is no difference. */
const tidy = (text: string) => text.replace(/\r\n?/g, "\n").trim();
