import { createHash } from "node:crypto";

/** One variable as the connector uses it. Nothing in it is a secret. */
export interface Setting {
  name: string;
  /** The value; of an address that is a secret its host alone; empty for a secret, and for what is not set. */
  value: string;
  /** Of a secret, the first eight digits of the SHA-256 of each value that is active. */
  fingerprints: string[];
}

/** Names of what is secret by its nature; a variable that is added later is one of them when in doubt. */
const SECRET = /SECRET|PASSWORD|PASSCODE|TOKEN|PRIVATE_KEY|API_KEY/;
/** Who knows such an address may post there. */
const SECRET_ADDRESS = /_URL$/;
/** Known to everybody who may see the instance, or shown by Vonage's dashboard beside the account's name. */
const OPEN = new Set(["CONNECTOR_API_KEY", "VCR_INSTANCE_PUBLIC_URL", "VCR_PROVIDERS_URL"]);
/** Words for people: how long, not which. */
const TEXT = /_REPLY$/;

/** Every variable in effect, in the order in which they are declared. */
export const describeSettings = (values: Record<string, unknown>, names: readonly string[]): Setting[] =>
  names.map((name) => describe(name, values[name]));

function describe(name: string, value: unknown): Setting {
  const items = (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined).map(String);
  const shown = items.join(", ");
  if (items.length === 0 || OPEN.has(name)) return { name, value: shown, fingerprints: [] };
  if (SECRET.test(name)) return { name, value: "", fingerprints: items.map(fingerprint) };
  if (SECRET_ADDRESS.test(name))
    return { name, value: new URL(shown).origin, fingerprints: items.map(fingerprint) };
  if (TEXT.test(name)) return { name, value: `${shown.length} characters`, fingerprints: [] };
  return { name, value: shown, fingerprints: [] };
}

const fingerprint = (secret: string) => createHash("sha256").update(secret).digest("hex").slice(0, 8);
