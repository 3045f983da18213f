import { hash, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../../config/fields.ts";

type Headers = Record<string, string | string[] | undefined>;

/**
 * Finds out whether headers carry any of what is accepted. A key and its secret may come in any form a platform is
 * known to use: headers `api-key` and `api-secret` (or with `_`), or `Authorization` or `Authentication` with
 * `Custom key:secret` or `Basic base64(key:secret)`; a token as `Bearer token`. Takes the same time however wrong
 * they are.
 */
export function credentialsCheck(...accepted: readonly Credentials[]): (headers: Headers) => boolean {
  const expected = accepted.flatMap(accountsOf).map(digest);
  const isValid = (given: string | undefined) => {
    if (given === undefined) return false;
    const actual = digest(given);
    return expected.map((value) => timingSafeEqual(value, actual)).includes(true);
  };
  return (headers) => presented(headers).map(isValid).includes(true);
}

const CARRIERS = ["api-key", "api_key", "api-secret", "api_secret", "authorization", "authentication"];

/** Whether headers carry credentials at all, in whatever form: whoever has none is nobody's platform. */
export const hasCredentials = (headers: Headers): boolean => CARRIERS.some((name) => first(headers[name]));

/** A pair and a token of the same text are different credentials. */
const pair = (text: string) => `pair ${text}`;
const bearer = (token: string) => `bearer ${token}`;

const accountsOf = (accepted: Credentials): string[] =>
  "tokens" in accepted
    ? accepted.tokens.map(bearer)
    : accepted.secrets.map((secret) => pair(`${accepted.key}:${secret}`));

function presented(headers: Headers): (string | undefined)[] {
  const key = first(headers["api-key"] ?? headers["api_key"]);
  const secret = first(headers["api-secret"] ?? headers["api_secret"]);
  return [
    key === undefined || secret === undefined ? undefined : pair(`${key}:${secret}`),
    fromAuthorization(first(headers["authorization"])),
    fromAuthorization(first(headers["authentication"])),
  ];
}

const SCHEMES: Record<string, (rest: string) => string> = {
  custom: pair,
  basic: (rest) => pair(Buffer.from(rest, "base64").toString("utf8")),
  bearer,
};

function fromAuthorization(value: string | undefined): string | undefined {
  const [, scheme, rest] = value?.match(/^(Custom|Basic|Bearer)\s+(.+)$/i) ?? [];
  return scheme === undefined || rest === undefined
    ? undefined
    : SCHEMES[scheme.toLowerCase()]?.(rest.trim());
}

const first = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

/** Digests are of one length, so that comparing them says nothing of the secret's. */
const digest = (text: string) => hash("sha256", text, "buffer");
