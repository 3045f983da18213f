import { createHmac, createSign, createVerify, type KeyObject, timingSafeEqual } from "node:crypto";

export type Claims = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const signers = {
  HS256: (input: string, key: KeyObject) => createHmac("sha256", key).update(input).digest(),
  RS256: (input: string, key: KeyObject) => createSign("RSA-SHA256").update(input).sign(key),
};

const checkers = {
  HS256(input: string, signature: Buffer, key: KeyObject) {
    const expected = signers.HS256(input, key);
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  },
  RS256: (input: string, signature: Buffer, key: KeyObject) =>
    createVerify("RSA-SHA256").update(input).verify(key, signature),
};

export type Algorithm = keyof typeof signers;

/** A compact JWT with exactly these claims; nothing is added. */
export function signJwt(algorithm: Algorithm, claims: Claims, key: KeyObject): string {
  const input = `${encode({ alg: algorithm, typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${signers[algorithm](input, key).toString("base64url")}`;
}

/** The claims, or undefined when the token is malformed, of another algorithm or signed with another key. */
export function verifyJwt(algorithm: Algorithm, token: string, key: KeyObject): Claims | undefined {
  const [header, payload, signature, ...rest] = token.split(".");
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(header, "base64url").toString());
    if (parsed.alg !== algorithm) return undefined;
    if (!checkers[algorithm](`${header}.${payload}`, Buffer.from(signature, "base64url"), key))
      return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return claims !== null && typeof claims === "object" ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** The token of an `Authorization: Bearer` header, or undefined. */
export function bearerToken(header: string | undefined): string | undefined {
  return header?.match(/^Bearer ([^\s]+)$/)?.[1];
}

/**
 * Verifies RS256 bearer tokens and remembers the good ones, since callers reuse a token for minutes and a
 * check costs more than the rest of a request.
 */
export function createTokenChecker(publicKey: KeyObject): (token: string) => Claims | undefined {
  const known = new Map<string, Claims>();
  return (token) => {
    const seen = known.get(token);
    if (seen !== undefined) return seen;
    const claims = verifyJwt("RS256", token, publicKey);
    if (claims === undefined) return undefined;
    if (known.size > 100) known.clear();
    known.set(token, claims);
    return claims;
  };
}
