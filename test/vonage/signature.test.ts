import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { verifySignature as sdkVerifySignature } from "@vonage/jwt";
import { ConnectorError } from "../../src/lib/errors.ts";
import { createTokenMemory, verifySignature } from "../../src/vonage/signature.ts";
import { buildVonageStatus } from "../support/builders.ts";

const SECRETS = ["signature-secret-new", "signature-secret-old"] as const;
const settings = { secrets: SECRETS, accountId: "abcd1234", maxAgeSeconds: 25 * 3_600 };
const NOW = 1_738_584_865_000;
const BODY = Buffer.from(JSON.stringify(buildVonageStatus()));

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const claims = {
  iat: NOW / 1_000,
  jti: "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
  iss: "Vonage",
  payload_hash: sha256(BODY),
  api_key: "abcd1234",
  application_id: "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
};

interface Signing {
  alg?: string;
  digest?: string;
  secret?: string;
}

function tokenOf(
  payload: unknown,
  { alg = "HS256", digest = "sha256", secret = SECRETS[0] }: Signing = {},
): string {
  return signed(`${base64url({ typ: "JWT", alg })}.${base64url(payload)}`, digest, secret);
}

function signed(input: string, digest = "sha256", secret: string = SECRETS[0]): string {
  return `${input}.${createHmac(digest, secret).update(input).digest("base64url")}`;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const verify = (headers: Record<string, string | string[] | undefined>, body: Uint8Array = BODY) =>
  verifySignature(headers, body, settings, NOW);

function refusalOf(headers: Record<string, string | string[] | undefined>, body: Uint8Array = BODY) {
  try {
    verify(headers, body);
  } catch (error) {
    if (error instanceof ConnectorError) return { code: error.code, status: error.httpStatus };
    throw error;
  }
  return "accepted";
}

const without = (name: keyof typeof claims) => ({ ...claims, [name]: undefined });
const UNSIGNED = { code: "unsigned", status: 503 };
const MISFIT = { code: "signature_mismatch", status: 503 };
const FORGED = { code: "forged_webhook", status: 401 };
const OTHER = { code: "other_account", status: 503 };
const TIME = { code: "wrong_time", status: 503 };

const [head = "", payload = "", signature = ""] = tokenOf(claims).split(".");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const rs256 = `${base64url({ typ: "JWT", alg: "RS256" })}.${payload}`;

const accepted: [string, Parameters<typeof verify>[0]][] = [
  ["Vonage's own token", bearer(tokenOf(claims))],
  ["a token of the second secret", bearer(tokenOf(claims, { secret: SECRETS[1] }))],
  ["a scheme in lower case", { authorization: `bearer ${tokenOf(claims)}` }],
  ["a token without application_id", bearer(tokenOf(without("application_id")))],
  ["a hash in upper case", bearer(tokenOf({ ...claims, payload_hash: claims.payload_hash.toUpperCase() }))],
  ["a token just 25 h old", bearer(tokenOf({ ...claims, iat: claims.iat - 90_000 }))],
  ["a clock of Vonage's that is 5 min ahead", bearer(tokenOf({ ...claims, iat: claims.iat + 300 }))],
  ["the token in the header behind the router", { "x-vonage-webhook-auth-token": tokenOf(claims) }],
  [
    "the header behind the router before a token of the router's",
    {
      "x-vonage-webhook-auth-token": `Bearer ${tokenOf(claims)}`,
      authorization: `Bearer ${rs256}.${sign("sha256", Buffer.from(rs256), rsa).toString("base64url")}`,
    },
  ],
];

const refused: [string, Parameters<typeof verify>[0], { code: string; status: number }][] = [
  ["no header", {}, UNSIGNED],
  ["an empty header", { authorization: "" }, UNSIGNED],
  ["a scheme without a token", { authorization: "Bearer " }, UNSIGNED],
  ["another scheme", { authorization: "Basic YTpi" }, UNSIGNED],
  ["garbage", bearer("garbage"), UNSIGNED],
  ["two parts", bearer(`${head}.${payload}`), UNSIGNED],
  ["four parts", bearer(`${tokenOf(claims)}.x`), UNSIGNED],
  ["three parts of garbage", bearer("a.b.c"), MISFIT],
  ["no algorithm and no signature", bearer(`${base64url({ typ: "JWT", alg: "none" })}.${payload}.`), MISFIT],
  ["no algorithm, but signed", bearer(tokenOf(claims, { alg: "none" })), MISFIT],
  [
    "another letter in the header after signing",
    bearer(`${base64url({ alg: "none" })}.${payload}.${signature}`),
    MISFIT,
  ],
  ["RS256 with the secret as its key", bearer(tokenOf(claims, { alg: "RS256" })), MISFIT],
  [
    "RS256 with a key of somebody's",
    bearer(`${rs256}.${sign("sha256", Buffer.from(rs256), rsa).toString("base64url")}`),
    MISFIT,
  ],
  ["HS512", bearer(tokenOf(claims, { alg: "HS512", digest: "sha512" })), MISFIT],
  ["HS512 that calls itself HS256", bearer(tokenOf(claims, { digest: "sha512" })), MISFIT],
  ["hs256 in lower case", bearer(tokenOf(claims, { alg: "hs256" })), MISFIT],
  ["a wrong secret", bearer(tokenOf(claims, { secret: "another-secret" })), MISFIT],
  ["an empty secret", bearer(tokenOf(claims, { secret: "" })), MISFIT],
  ["a signature cut short", bearer(`${head}.${payload}.${signature.slice(0, 20)}`), MISFIT],
  [
    "claims changed after signing",
    bearer(`${head}.${base64url({ ...claims, iat: 1 })}.${signature}`),
    MISFIT,
  ],
  ["a wrong hash", bearer(tokenOf({ ...claims, payload_hash: sha256(Buffer.from("other")) })), FORGED],
  ["an empty hash", bearer(tokenOf({ ...claims, payload_hash: "" })), FORGED],
  ["no hash", bearer(tokenOf(without("payload_hash"))), FORGED],
  ["a wrong issuer", bearer(tokenOf({ ...claims, iss: "vonage" })), FORGED],
  ["no issuer", bearer(tokenOf(without("iss"))), FORGED],
  ["another account", bearer(tokenOf({ ...claims, api_key: "zzzz9999" })), OTHER],
  ["no account", bearer(tokenOf(without("api_key"))), OTHER],
  ["a token of 25 h and a second", bearer(tokenOf({ ...claims, iat: claims.iat - 90_001 })), TIME],
  ["a token of ten years ago", bearer(tokenOf({ ...claims, iat: claims.iat - 315_360_000 })), TIME],
  ["a token of the future", bearer(tokenOf({ ...claims, iat: claims.iat + 301 })), TIME],
  ["no time", bearer(tokenOf(without("iat"))), TIME],
  ["a time that is text", bearer(tokenOf({ ...claims, iat: String(claims.iat) })), TIME],
  [
    "another account and another time",
    bearer(tokenOf({ ...claims, api_key: "zzzz9999", iat: claims.iat - 90_001 })),
    OTHER,
  ],
  [
    "another account over another body",
    bearer(tokenOf({ ...claims, api_key: "z", payload_hash: "z" })),
    FORGED,
  ],
  ["another time and another issuer", bearer(tokenOf({ ...claims, iat: 1, iss: "z" })), FORGED],
  ["claims that are a list", bearer(tokenOf([])), FORGED],
  ["claims that are no JSON", bearer(signed(`${head}.bm8gSlNPTg`)), FORGED],
  ["claims that are null", bearer(tokenOf(null)), FORGED],
  [
    "a good Authorization beside a bad header behind the router",
    {
      ...bearer(tokenOf(claims)),
      "x-vonage-webhook-auth-token": tokenOf(claims, { secret: "another-secret" }),
    },
    MISFIT,
  ],
  [
    "a good Authorization beside an empty header behind the router",
    { ...bearer(tokenOf(claims)), "x-vonage-webhook-auth-token": "" },
    UNSIGNED,
  ],
];

describe("verifySignature", () => {
  it.each(accepted)("accepts %s", (_what, headers) => {
    expect(refusalOf(headers)).toBe("accepted");
  });

  it("accepts a token without jti", () => {
    expect(refusalOf(bearer(tokenOf(without("jti"))))).toBe("accepted");
  });

  it.each(refused)("refuses %s", (_what, headers, refusal) => {
    expect(refusalOf(headers)).toEqual(refusal);
  });

  it.each([
    ["another body", Buffer.from(JSON.stringify(buildVonageStatus({ status: "read" })))],
    ["the same JSON written with a space", Buffer.from(`${BODY} `)],
    ["no body", Buffer.alloc(0)],
  ])("refuses a good token with %s", (_what, body) => {
    expect(refusalOf(bearer(tokenOf(claims)), body)).toEqual(FORGED);
  });

  it("names every claim that does not fit, and none of their values", () => {
    const token = tokenOf({ ...claims, iss: "x", api_key: "x", iat: 1, payload_hash: "x" });

    expect(() => verify(bearer(token))).toThrow(
      new ConnectorError("forged_webhook", "The token does not fit: issuer, payload_hash"),
    );
  });

  it.each([
    ["the account", { api_key: "zzzz9999" }, /check VCR_API_ACCOUNT_ID/],
    ["the clock", { iat: claims.iat - 90_001 }, /check the clock of this machine/],
    ["the clock", { iat: claims.iat + 301 }, /check the clock of this machine/],
  ])("says that %s may be wrong", (_what, over, remedy) => {
    expect(() => verify(bearer(tokenOf({ ...claims, ...over })))).toThrow(remedy);
  });

  it("asks Vonage to send again what a mended secret would prove, and nothing else", () => {
    const retryable = refused.map(([, headers, { status }]) => {
      try {
        return verify(headers);
      } catch (error) {
        return (error as ConnectorError).retryable === (status === 503);
      }
    });

    expect(retryable).toEqual(refused.map(() => true));
  });
});

describe("verifySignature beside the SDK's", () => {
  const tokenIn = (headers: Parameters<typeof verify>[0]) =>
    String(headers["x-vonage-webhook-auth-token"] ?? headers["authorization"]).replace(/^Bearer /i, "");
  const sdkAccepts = (token: string) => SECRETS.some((secret) => sdkVerifySignature(token, secret));

  it.each(accepted)("accepts no token that the SDK refuses: %s", (_what, headers) => {
    expect(sdkAccepts(tokenIn(headers))).toBe(true);
  });

  it.each(refused.filter(([, , refusal]) => [UNSIGNED, MISFIT].includes(refusal)))(
    "refuses what the SDK refuses: %s",
    (_what, headers) => {
      expect(sdkAccepts(tokenIn(headers))).toBe(false);
    },
  );

  it.each(
    refused.filter(
      ([what, , refusal]) => ![UNSIGNED, MISFIT].includes(refusal) && !what.startsWith("claims that"),
    ),
  )("is stricter than the SDK, which looks at the signature alone: %s", (_what, headers) => {
    expect(sdkAccepts(tokenIn(headers))).toBe(true);
  });
});

describe("the memory of tokens", () => {
  it("knows a token that comes with another body, and lets one that comes again pass", () => {
    const isReused = createTokenMemory();

    expect([isReused("a", "1"), isReused("b", "2"), isReused("a", "1"), isReused("a", "2")]).toEqual([
      ...[false, false, false],
      true,
    ]);
    // Nor does a forgery take the place of the original.
    expect(isReused("a", "1")).toBe(false);
  });

  it("forgets the one not seen for the longest time", () => {
    const isReused = createTokenMemory(2);
    for (const token of ["a", "b", "c"]) isReused(token, "1");

    expect(isReused("b", "2")).toBe(true);
    expect(isReused("a", "2")).toBe(false);
  });
});
