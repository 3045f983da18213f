import { createHash } from "node:crypto";
import type { State } from "../core/ports.ts";
import type { Reference } from "../core/status.ts";
import { MAX_CLIENT_REF } from "./contract.ts";

/**
 * The reference a message carries through Vonage as `client_ref` and brings back in every status, so that no
 * lookup table is needed: a version and a form, the tag of the platform channel, a dot, and the platform's id.
 *
 *   1vmw.67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518     verbatim: support can search for it
 *   1ecw.25596363_7c1639561857_7c20220227_7c25596363                      other characters as `_` and hex bytes
 *   1kmw.Zk3q0cJb7a2L9n5hYw8TtA                                           a short key; State knows the id
 */
const VERBATIM = /^[A-Za-z0-9_.-]+$/;
const PATTERN = /^1([vek])([a-z]{2})\.([A-Za-z0-9_.-]+)$/;

/** A message's last status can arrive a day after its last day of sending; taps come up to a week later. */
const KEY_TTL_SECONDS = 9 * 24 * 3_600;

/** The id itself where it fits, escaped if need be, else the short key. */
export function referenceFor(origin: string, id: string): Reference {
  const whole: Reference = { form: "verbatim", origin, id };
  const isShort = id !== "" && id.length <= MAX_CLIENT_REF && formatReference(whole).length <= MAX_CLIENT_REF;
  // Half a character is no text, and would not come back.
  return isShort && Buffer.from(id).toString() === id ? whole : keyReferenceFor(origin, id);
}

/** At most 27 characters, the same for the same id on every replica. */
export function keyReferenceFor(origin: string, id: string): Reference {
  return { form: "key", origin, key: createHash("sha256").update(id).digest("base64url").slice(0, 22) };
}

export function formatReference(reference: Reference): string {
  if (reference.form === "key") return `1k${reference.origin}.${reference.key}`;
  const { origin, id } = reference;
  return VERBATIM.test(id) ? `1v${origin}.${id}` : `1e${origin}.${escaped(id)}`;
}

const escaped = (id: string) =>
  id.replace(/[^A-Za-z0-9.-]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `_${byte.toString(16).padStart(2, "0")}`).join(""),
  );

const unescaped = (text: string) =>
  text.replace(/(?:_[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll("_", ""), "hex").toString());

/** Undefined when the text is not one of ours. */
export function parseReference(text: string | undefined): Reference | undefined {
  const [, form, origin, rest] = text?.match(PATTERN) ?? [];
  if (form === undefined || origin === undefined || rest === undefined) return undefined;
  if (form === "k") return { form: "key", origin, key: rest };
  return { form: "verbatim", origin, id: form === "e" ? unescaped(rest) : rest };
}

/** Keeps what a key stands for; done before the message leaves. */
export async function rememberReference(state: State, reference: Reference, id: string): Promise<void> {
  if (reference.form === "key") await state.setKey(stateKey(reference.key), id, KEY_TTL_SECONDS);
}

/** The platform's id behind a reference; undefined when State does not know the key. */
export async function resolveReference(state: State, reference: Reference): Promise<string | undefined> {
  if (reference.form === "verbatim") return reference.id;
  return (await state.getKey(stateKey(reference.key))) ?? undefined;
}

const stateKey = (key: string) => `ref:${key}`;
