import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { ConnectorError, type ErrorCode } from "../lib/errors.ts";
import { signatureClaims } from "./contract.ts";

export interface SignatureSettings {
  /** Any of them may have signed. */
  secrets: readonly (string | KeyObject)[];
  accountId: string;
  /** Vonage may sign once and retry for 24 h, so this must not be shorter. */
  maxAgeSeconds: number;
  /** True when a token of that id was seen with another body. */
  isReused?(jti: string, payloadHash: string): boolean;
}

/** Tokens of about the last minute under load. */
const REMEMBERED_TOKENS = 20_000;

/** Remembers what body each token id came with, within this process. */
export function createTokenMemory(most = REMEMBERED_TOKENS): NonNullable<SignatureSettings["isReused"]> {
  const bodies = new LRUCache<string, string>({ max: most });
  return (jti, payloadHash) => {
    const before = bodies.get(jti);
    if (before === undefined) bodies.set(jti, payloadHash);
    return before !== undefined && before !== payloadHash;
  };
}

/** A clock running ahead at Vonage is forgiven this much. */
const FUTURE_SECONDS = 300;

const OTHER_ACCOUNT =
  "The signature is good, but of another account: check VCR_API_ACCOUNT_ID, and that the application belongs to this account";
const WRONG_TIME =
  "The signature is good, but older than 25 hours or of the future: check the clock of this machine";

/**
 * Proves that a webhook comes from Vonage and is unaltered.
 * https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
 *
 * Throws ConnectorError with the status Vonage must see: 401 for what is provably forged (`forged_webhook`); 503 for
 * what Vonage can mend by sending again or we by mending a setting or a clock (`unsigned`, `signature_mismatch`,
 * `other_account`, `wrong_time`), since Vonage never repeats a 401.
 */
export function verifySignature(
  headers: Record<string, string | string[] | undefined>,
  rawBody: Uint8Array,
  settings: SignatureSettings,
  now: number,
): void {
  const token = tokenOf(headers);
  if (!token) throw refusal("unsigned", 503, "The webhook carries no signature");
  const claims = signatureClaims.safeParse(verifiedClaims(token, settings.secrets)).data ?? {};
  const forged = [
    claims.iss === "Vonage" ? "" : "issuer",
    equal(claims.payload_hash?.toLowerCase(), hash("sha256", rawBody, "hex")) ? "" : "payload_hash",
  ].filter(Boolean);
  if (forged.length > 0) throw refusal("forged_webhook", 401, `The token does not fit: ${forged.join(", ")}`);
  if (claims.api_key !== settings.accountId) throw refusal("other_account", 503, OTHER_ACCOUNT);
  const age = now / 1_000 - (claims.iat ?? Number.NaN);
  if (!(age <= settings.maxAgeSeconds && age >= -FUTURE_SECONDS))
    throw refusal("wrong_time", 503, WRONG_TIME);
  if (claims.jti !== undefined && settings.isReused?.(claims.jti, claims.payload_hash ?? ""))
    throw refusal("forged_webhook", 401, "The token's id belongs to another webhook");
}

/** Behind VCR's callback router `Authorization` proves only the router; Vonage's own token is in a header of its own. */
function tokenOf(headers: Record<string, string | string[] | undefined>): string | undefined {
  const own = headers["x-vonage-webhook-auth-token"];
  const header = own === undefined ? headers["authorization"] : own;
  return typeof header === "string" ? header.replace(/^Bearer\s+/i, "").trim() : undefined;
}

function verifiedClaims(token: string, secrets: SignatureSettings["secrets"]): unknown {
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw refusal("unsigned", 503, "The webhook carries no signature token");
  }
  const given = Buffer.from(signature, "base64url");
  // Vonage signs with HS256 alone; whatever algorithm the token itself names is not asked.
  const fits = secrets.some((secret) => {
    const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!fits || decode(header)?.["alg"] !== "HS256") {
    throw refusal(
      "signature_mismatch",
      503,
      "The signature fits no configured secret: compare VONAGE_SIGNATURE_SECRET with the dashboard's signature secret",
    );
  }
  return decode(payload);
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function equal(given: string | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const refusal = (code: ErrorCode, httpStatus: number, message: string) =>
  new ConnectorError(code, message, { httpStatus, retryable: httpStatus === 503 });

/** Unknown whether Vonage signs a retry anew, and it retries for 24 h. */
const MAX_AGE_SECONDS = 25 * 3_600;

/** The check of this account's webhooks; throws as verifySignature does. */
export function createSignatureCheck(secrets: readonly string[], accountId: string, now: () => number) {
  const keys = secrets.map((secret) => createSecretKey(secret, "utf8"));
  const settings = {
    secrets: keys,
    accountId,
    maxAgeSeconds: MAX_AGE_SECONDS,
    isReused: createTokenMemory(),
  };
  return (headers: Parameters<typeof verifySignature>[0], rawBody: Uint8Array): void =>
    verifySignature(headers, rawBody, settings, now());
}
