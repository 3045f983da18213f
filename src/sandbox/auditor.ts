/**
 * Looks for what no log may show. All that is private in a sandbox can be recognised for itself: texts, template
 * parameters and secrets carry a tag (`canary`), people and senders have numbers that are reserved for fiction, and
 * what cannot carry a tag (a key, an address with a fixed path) is listed by name.
 */

/** The word that tags a private text, parameter or secret. No id, time or name of the connector's own contains it. */
export const CANARY = "canary";

/** Exact values that must not be logged, by what they are. */
export type Secrets = Record<string, string>;

export interface Leak {
  what: string;
  /** Where in the line: the names of its fields, joined by dots. */
  field: string;
  /** Of the log, from 1. */
  line: number;
}

/**
 * Numbers that nobody has: `+999` is no country, Ofcom keeps +44 7700 900xxx and NANPA 555-01xx for fiction. Whole
 * numbers only: neither a part of a longer run of letters and digits nor a fraction.
 */
const FICTIONAL_NUMBER =
  /(?<![A-Za-z0-9]|\d\.)(?:999\d{9}|447700900\d{3}|1\d{3}55501\d{2})(?![A-Za-z0-9]|\.\d)/;

/** Ids by their form: a UUID may end in what looks like a number, MoEngage's end in eleven digits. */
const IDS =
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{24}_[0-9a-f]{24}_\d+\b/gi;

/** Fields that hold times, durations and the platform's or Vonage's ids; a person's id is none of them. */
const TIME_OR_ID =
  /^(time|timestamp|ms|token|msg_id|message_uuid|tracking_?id)$|_(at|ms|seconds)$|(At|Ms|Seconds)$/i;

/** The tag with the words behind it, which say what it stands on: `canary-account-secret.5f…`. */
const TAGGED = new RegExp(`${CANARY}(?:-[a-z]+)*`, "i");

const ALWAYS = [
  { what: "a private key", pattern: /PRIVATE KEY|\bMII[A-Za-z0-9+/]{20}/ },
  { what: "a token", pattern: /\beyJ[\w-]+\.eyJ|\b(?:Bearer|Basic) [\w+/=.-]{8}/ },
];

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A listed phone number is sought as whole as a fictional one, anything else wherever it stands. */
function patternOf(value: string): RegExp {
  const isNumber = /^\d+$/.test(value);
  return new RegExp(isNumber ? `(?<![A-Za-z0-9]|\\d\\.)${value}(?![A-Za-z0-9]|\\.\\d)` : escaped(value));
}

/** Every name, text and number of a line, with the path of its field. */
function* leaves(value: unknown, path: string[] = []): Generator<{ text: string; path: string[] }> {
  if (typeof value === "string" || typeof value === "number") yield { text: String(value), path };
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    if (!Array.isArray(value)) yield { text: name, path: [...path, "(name)"] };
    yield* leaves(item, [...path, name]);
  }
}

/** The lines of a log: objects where they are JSON, else as they are. */
export function parseLog(text: string): unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      try {
        return JSON.parse(line);
      } catch {
        return line;
      }
    });
}

/** Everything private that these lines show; `secrets` are what carries no tag. */
export function findLeaks(lines: readonly unknown[], secrets: Secrets = {}): Leak[] {
  const isNumber = (value: string) => /^\d+$/.test(value);
  const listed = Object.entries(secrets).map(([what, value]) => ({ what, value, pattern: patternOf(value) }));
  const numbers = [
    { what: "a phone number", pattern: FICTIONAL_NUMBER },
    ...listed.filter(({ value }) => isNumber(value)),
  ];
  const others = [...ALWAYS, ...listed.filter(({ value }) => !isNumber(value))];

  const kindsIn = (text: string, isTimeOrId: boolean): string[] => {
    const tag = TAGGED.exec(text)?.[0];
    const withoutIds = text.replace(IDS, "<id>");
    return [
      ...(tag === undefined ? [] : [`a tagged value, ${tag}`]),
      ...others.filter(({ pattern }) => pattern.test(text)).map(({ what }) => what),
      ...(isTimeOrId
        ? []
        : numbers.filter(({ pattern }) => pattern.test(withoutIds)).map(({ what }) => what)),
    ];
  };
  return lines.flatMap((line, index) =>
    [...leaves(line)].flatMap(({ text, path }) => {
      const isTimeOrId = path.some((name) => TIME_OR_ID.test(name));
      return kindsIn(text, isTimeOrId).map((what) => ({ what, field: path.join("."), line: index + 1 }));
    }),
  );
}

/** What leaked, each kind once, with the first place where it did. */
export function describeLeaks(leaks: readonly Leak[]): string[] {
  const firsts = new Map(leaks.toReversed().map((leak) => [leak.what, leak]));
  return [...firsts.values()].map(
    ({ what, field, line }) => `${what} (line ${line}${field === "" ? "" : `, ${field}`})`,
  );
}
