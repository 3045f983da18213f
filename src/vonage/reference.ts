import { createHash } from "node:crypto";
import type { State } from "../core/ports.ts";
import type { Reference } from "../core/status.ts";
import { MAX_CLIENT_REF } from "./contract.ts";

/**
 * The reference a message carries through Vonage as `client_ref` and brings back in every status, so that no
 * lookup table is needed: a version and a form, the tag of the platform channel, a dot, and the platform's id.
 *
 *   1vmw.67ee485792b846576e34b2cc_677f3537b39e97772cc33719_17436754518     verbatim: support can search for it
 *   1kmw.Zk3q0cJb7a2L9n5hYw8TtA                                           a short key; State knows the id
 */
const VERBATIM = /^[A-Za-z0-9_.-]+$/;
const PATTERN = /^1([vk])([a-z]{2})\.([A-Za-z0-9_.-]+)$/;

/** A message's last status can arrive a day after its last day of sending; taps come up to a week later. */
const KEY_TTL_SECONDS = 9 * 24 * 3_600;

/** The verbatim form where the id allows it, else the short key. */
export function referenceFor(origin: string, id: string): Reference {
  const fits = VERBATIM.test(id) && id.length + origin.length + 3 <= MAX_CLIENT_REF;
  return fits ? { form: "verbatim", origin, id } : keyReferenceFor(origin, id);
}

/** At most 27 characters, the same for the same id on every replica. */
export function keyReferenceFor(origin: string, id: string): Reference {
  return { form: "key", origin, key: createHash("sha256").update(id).digest("base64url").slice(0, 22) };
}

export function formatReference(reference: Reference): string {
  return reference.form === "verbatim"
    ? `1v${reference.origin}.${reference.id}`
    : `1k${reference.origin}.${reference.key}`;
}

/** Undefined when the text is not one of ours. */
export function parseReference(text: string | undefined): Reference | undefined {
  const [, form, origin, rest] = text?.match(PATTERN) ?? [];
  if (form === undefined || origin === undefined || rest === undefined) return undefined;
  return form === "v" ? { form: "verbatim", origin, id: rest } : { form: "key", origin, key: rest };
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
