import type { ReplyKind } from "./reply.ts";

/** What a person can say of a channel's messages: no more of them, or again. */
export type Said = "out" | "in";

/**
 * When a person last said either, in milliseconds since the epoch as the vendor tells it. Both are kept: neither
 * word can undo the other, in whatever order they are heard.
 */
export type Consent = Partial<Record<Said, number>>;

export const SAID = ["out", "in"] as const satisfies readonly Said[];

const SAID_BY: Partial<Record<ReplyKind, Said>> = { opt_out: "out", opt_in: "in" };

/** What a reply of that kind says of it; undefined for those that say nothing. */
export const saidBy = (kind: ReplyKind) => SAID_BY[kind];

/** What counts: the later of the two words, STOP of two at once; undefined when neither was said. */
export function standing(consent: Consent): Said | undefined {
  if (consent.out === undefined) return consent.in === undefined ? undefined : "in";
  return consent.out >= (consent.in ?? consent.out) ? "out" : "in";
}

/** Of each word the latest time. */
export function latest(consents: readonly Consent[]): Consent {
  const all: Consent = {};
  for (const consent of consents) {
    for (const said of SAID) if (isLater(consent[said], all[said])) all[said] = consent[said];
  }
  return all;
}

export const isLater = (at: number | undefined, than: number | undefined): at is number =>
  at !== undefined && (than === undefined || at > than);

const WORDS = { out: "stop", in: "start" } as const;

/** A person has two fields in the bucket, one for each word; its value is the time. */
export const consentField = (said: Said, name: string) => `${WORDS[said]} ${name}`;

/** Undefined for nothing, and for what is no time. */
export const parseTime = (value: string | null | undefined): number | undefined =>
  /^\d{1,15}$/.test(value ?? "") ? Number(value) : undefined;

/** Whose word a field of the bucket is; undefined for what is none. */
export function parseConsentField(field: string): { said: Said; name: string } | undefined {
  const said = SAID.find((one) => field.startsWith(`${WORDS[one]} `));
  return said && { said, name: field.slice(WORDS[said].length + 1) };
}
