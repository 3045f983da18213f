import { createHash, timingSafeEqual } from "node:crypto";

type Headers = Record<string, string | string[] | undefined>;

/**
 * Finds out whether headers carry the key and one of the secrets, in any form MoEngage is known to use:
 * headers `api-key` and `api-secret` (or with `_`), or `Authorization` or `Authentication` with
 * `Custom key:secret` or `Basic base64(key:secret)`. Takes the same time however wrong they are.
 */
export function credentialsCheck(credentials: {
  key: string;
  secrets: readonly string[];
}): (headers: Headers) => boolean {
  const expected = credentials.secrets.map((secret) => digest(`${credentials.key}:${secret}`));
  const isValid = (given: string | undefined) => {
    if (given === undefined) return false;
    const actual = digest(given);
    return expected.map((value) => timingSafeEqual(value, actual)).includes(true);
  };
  return (headers) => presented(headers).map(isValid).includes(true);
}

function presented(headers: Headers): (string | undefined)[] {
  const key = one(headers["api-key"] ?? headers["api_key"]);
  const secret = one(headers["api-secret"] ?? headers["api_secret"]);
  return [
    key === undefined || secret === undefined ? undefined : `${key}:${secret}`,
    fromAuthorization(one(headers["authorization"])),
    fromAuthorization(one(headers["authentication"])),
  ];
}

function fromAuthorization(value: string | undefined): string | undefined {
  const [, scheme, rest] = value?.match(/^(Custom|Basic)\s+(.+)$/i) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  return scheme.toLowerCase() === "basic" ? Buffer.from(rest.trim(), "base64").toString("utf8") : rest.trim();
}

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

/** Digests are of one length, so that comparing them tells nothing of the secret's. */
const digest = (text: string) => createHash("sha256").update(text).digest();
