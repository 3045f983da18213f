import { createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { CANARY } from "./auditor.ts";

/** What a Vonage account and one of its applications are known by. Keys are PEM. */
export interface Credentials {
  accountId: string;
  accountSecret: string;
  applicationId: string;
  privateKey: string;
  publicKey: string;
  /** The account's signature secret, with which Vonage signs its webhooks. */
  signatureSecret: string;
}

/** A fresh account and application; the secrets are worth nothing outside the sandbox, and are tagged for its auditor. */
export function createCredentials(): Credentials {
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    accountId: randomBytes(4).toString("hex"),
    accountSecret: `${CANARY}-account-secret.${randomBytes(8).toString("hex")}`,
    applicationId: randomUUID(),
    privateKey: keys.privateKey,
    publicKey: keys.publicKey,
    signatureSecret: `${CANARY}-signature-secret.${randomBytes(24).toString("base64url")}`,
  };
}

/** What each is called in the environment. */
export const VARIABLES = {
  accountId: "VCR_API_ACCOUNT_ID",
  accountSecret: "VCR_API_ACCOUNT_SECRET",
  applicationId: "VCR_API_APPLICATION_ID",
  privateKey: "VCR_PRIVATE_KEY",
  signatureSecret: "VONAGE_SIGNATURE_SECRET",
} as const;

type Environment = Record<string, string | undefined>;

/** The same account as the connector's environment describes; throws naming every variable that is missing. */
export function credentialsFrom(env: Environment): Credentials {
  const missing = Object.values(VARIABLES).filter((name) => !env[name]);
  if (missing.length > 0) throw new Error(`missing in the environment: ${missing.join(", ")}`);
  const read = (name: string) => env[name] as string;
  const privateKey = read(VARIABLES.privateKey).replaceAll("\\n", "\n");
  return {
    accountId: read(VARIABLES.accountId),
    accountSecret: read(VARIABLES.accountSecret),
    applicationId: read(VARIABLES.applicationId),
    privateKey,
    publicKey: createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString(),
    signatureSecret: read(VARIABLES.signatureSecret),
  };
}

/** The environment that makes a connector use this account. */
export function credentialsEnv(credentials: Credentials): Record<string, string> {
  return Object.fromEntries(
    Object.entries(VARIABLES).map(([field, name]) => [name, credentials[field as keyof typeof VARIABLES]]),
  );
}
