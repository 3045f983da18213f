import type { ReplyKind } from "./reply.ts";

/** Whether a person wants messages on a channel: what they said last counts. */
export interface Consent {
  said: Said;
  /** When they said it, in milliseconds since the epoch. */
  at: number;
}

export type Said = "out" | "in";

const SAID: Partial<Record<ReplyKind, Said>> = { opt_out: "out", opt_in: "in" };

/** What a reply of that kind says about it; undefined for those that say nothing. */
export const saidBy = (kind: ReplyKind) => SAID[kind];

/** Vendors give times in whole seconds: within the same one, what arrives last was said last. */
export const isLater = (known: Consent | undefined, at: number) =>
  known !== undefined && Math.floor(known.at / 1_000) > Math.floor(at / 1_000);

/** Whether the person is known to have said otherwise after that. */
export const contradicts = (known: Consent | undefined, { said, at }: Consent) =>
  known?.said !== said && isLater(known, at);

/** What counts of what was said under the several names of one person. */
export function latestOf(consents: readonly (Consent | undefined)[]): Consent | undefined {
  return consents.reduce((a, b) => (b && (!a || b.at > a.at) ? b : a), undefined);
}

/** As it is stored. */
export const formatConsent = ({ said, at }: Consent) => `${said}:${at}`;

/** Undefined for nothing, and for what is no consent. */
export function parseConsent(text: string | null): Consent | undefined {
  const [, said, at] = text?.match(/^(out|in):(\d+)$/) ?? [];
  return said === undefined ? undefined : { said: said as Said, at: Number(at) };
}
