import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { PHONE_NUMBER } from "../core/recipient.ts";

/** The kinds of values that variables hold. Every message goes after the variable's name, and shows no value. */

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const list = (text: string) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
export const whole = (min: number, max: number, unit: string) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be between ${min} and ${max}${unit}`);
export const flag = z.enum(["true", "false"], "must be true or false").transform((value) => value === "true");

export const serverUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname)))) {
    if (url.username || url.password) context.addIssue("must not contain a user name or password");
    return url.href;
  }
  context.addIssue("must be a complete address that starts with https://");
  return z.NEVER;
});
export const baseUrl = serverUrl.transform((href) => href.replace(/\/+$/, ""));

export const privateKey = z.string().transform((text, context) => {
  const pem = text.replace(/\\n/g, "\n").trim();
  try {
    if (createPrivateKey(pem).asymmetricKeyType === "rsa") return `${pem}\n`;
    context.addIssue("must be an RSA private key");
  } catch {
    context.addIssue(
      "is not a private key: paste the whole file, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----",
    );
  }
  return z.NEVER;
});

export const phoneNumbers = z
  .string()
  .transform((text, context) =>
    list(text).map((item) => {
      const digits = item.replace(/^\+/, "");
      if (!PHONE_NUMBER.test(digits))
        context.addIssue(
          "must be digits only, 7 to 15 of them with the country code first, without +, spaces or a zero in front",
        );
      return digits;
    }),
  )
  .refine((items) => items.length > 0, "must not be empty");
export const wabaIds = z
  .string()
  .transform(list)
  .refine((ids) => ids.every((id) => /^\d+$/.test(id)), "must be digits only");
export const senderId = z
  .string()
  .regex(/^(\+?\d{3,15}|[A-Za-z0-9 ._-]{1,20})$/, "must be a phone number or a name of letters and digits")
  .transform((text) => text.replace(/^\+(?=\d+$)/, ""));
/** WhatsApp takes 4,096 characters and SMS 3,200. */
export const autoReply = z.string().max(3_200, "must be at most 3,200 characters");
/** Several while they are changed. */
export const secrets = z
  .string()
  .transform(list)
  .refine((items) => items.length > 0, "must not be empty");
const SHORTEST_SECRET = 8;
/** Somebody's own secret with a comma in it would be two, and each of them would let in. */
export const longSecrets = secrets.refine(
  (items) => items.every((item) => item.length >= SHORTEST_SECRET),
  `must have at least ${SHORTEST_SECRET} characters; a comma separates two secrets, and each must have as many`,
);
/** The commas of other scripts separate as well. */
export const words = z
  .string()
  .transform((text) => list(text.replace(/[،，、﹐]/g, ",")))
  .refine((items) => items.length > 0, "must not be empty");

/** What a platform may present: a key with its secrets, or bearer tokens; each of several is accepted. */
export type Credentials = { key: string; secrets: readonly string[] } | { tokens: readonly string[] };

/** What the settings of every platform have: who may send, and what the platform needs for each of its channels. */
export interface PlatformSettings {
  accepted: readonly Credentials[];
  whatsapp?: object;
  sms?: object;
}

/** By variable, the others that it is useless without; "A or B" is one of them. */
export type Needs = Record<string, readonly string[]>;

type Given<T> = { [Name in keyof T]: NonNullable<T[Name]> };

/** The settings when all that they need is there; otherwise a note that says which variables would switch it on. */
export function whenComplete<T extends Record<string, unknown>, S>(
  label: string,
  needed: T,
  notes: string[],
  settings: (given: Given<T>) => S,
): S | undefined {
  const missing = Object.keys(needed).filter((name) => needed[name] === undefined);
  if (missing.length === 0) return settings(needed as Given<T>);
  notes.push(`${label} is off: to switch it on, set ${missing.join(" and ")}`);
  return undefined;
}

/** A platform's settings; silent where nothing of the platform is set: most connectors serve one. */
export function platformWhenComplete<T extends Record<string, unknown>, S extends PlatformSettings>(
  label: string,
  needed: T,
  notes: string[],
  settings: (given: Given<T>) => S,
): S | undefined {
  if (Object.values(needed).every((value) => value === undefined)) return undefined;
  return whenComplete(label, needed, notes, settings);
}
