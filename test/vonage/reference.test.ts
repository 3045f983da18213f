import { describe, expect, it } from "@jest/globals";
import type { State } from "../../src/core/ports.ts";
import {
  formatReference,
  keyReferenceFor,
  parseReference,
  referenceFor,
  rememberReference,
  resolveReference,
} from "../../src/vonage/reference.ts";
import { MSG_ID } from "../support/builders.ts";

/** The keys of State alone; nothing else of it is called. */
function createKeys() {
  const kept = new Map<string, { value: string; ttl: number }>();
  const state = {
    setKey: async (key: string, value: string, ttl: number) => void kept.set(key, { value, ttl }),
    getKey: async (key: string) => kept.get(key)?.value ?? null,
  } as unknown as State;
  return { kept, state };
}

const ORIGINS = ["mw", "ms", "we"];
const SEARCHABLE = [
  MSG_ID,
  "0f8fad5b-d9cb-469f-a165-70867728950e",
  "1",
  "-",
  "__proto__",
  "1vmw.x",
  "a.b-c_d",
  "x".repeat(95),
];
const ESCAPED = [
  "25596363|1639561857|20220227|25596363",
  "i|campaignID|batchID|j|campaign_variant",
  "0|0|0|0",
  "|",
  " ",
  "two words",
  "_ and _7c",
  "Ünïcode",
  "消息-1",
  "🎉",
  "line\nbreak",
  "trailing\n",
  "a/b?c#d",
  '"quoted"',
  "a,b;c:d",
  "nul\0",
  `${"x".repeat(92)}|`,
];
const KEPT_IN_STATE = [
  "",
  "x".repeat(96),
  "x".repeat(10_000),
  `${"x".repeat(93)}|`,
  "|".repeat(40),
  "half \ud83c",
];
const cases = ORIGINS.flatMap((origin) =>
  [...SEARCHABLE, ...ESCAPED, ...KEPT_IN_STATE].map((id) => ({
    origin,
    id,
    form: KEPT_IN_STATE.includes(id) ? "key" : "verbatim",
  })),
);

describe("a reference", () => {
  it.each(cases)("brings the $origin id $id home in its $form form", async ({ origin, id, form }) => {
    const { kept, state } = createKeys();
    const reference = referenceFor(origin, id);
    await rememberReference(state, reference, id);

    const text = formatReference(reference);
    const back = parseReference(text);

    expect(text).toMatch(/^[A-Za-z0-9_.-]{1,100}$/);
    expect(back).toEqual(reference);
    expect(back).toMatchObject({ form, origin });
    expect(back && (await resolveReference(state, back))).toBe(id);
    expect(kept.size).toBe(form === "key" ? 1 : 0);
  });

  it("contains the id as it is, so that it can be searched for", () => {
    expect(formatReference(referenceFor("mw", MSG_ID))).toBe(`1vmw.${MSG_ID}`);
  });

  it("escapes what Vonage's characters do not have, and is still searched for by its parts", () => {
    expect(formatReference(referenceFor("cw", "25596363|1639561857_1"))).toBe(
      "1ecw.25596363_7c1639561857_5f1",
    );
  });

  it("uses all of Vonage's 100 characters and not one more", () => {
    expect(formatReference(referenceFor("mw", "x".repeat(95)))).toHaveLength(100);
    expect(formatReference(referenceFor("mw", "x".repeat(96)))).toHaveLength(27);
  });

  it("has a short form for an id that would fit, the same each time and another for another id", () => {
    const short = formatReference(keyReferenceFor("mw", MSG_ID));

    expect(short).toMatch(/^1kmw\.[A-Za-z0-9_-]{22}$/);
    expect(formatReference(keyReferenceFor("mw", MSG_ID))).toBe(short);
    expect(formatReference(keyReferenceFor("mw", `${MSG_ID}1`))).not.toBe(short);
  });

  it("keeps what a key stands for under a name of its own for nine days", async () => {
    const { kept, state } = createKeys();
    const reference = keyReferenceFor("mw", MSG_ID);

    await rememberReference(state, reference, MSG_ID);

    expect([...kept]).toEqual([
      [`ref:${reference.form === "key" && reference.key}`, { value: MSG_ID, ttl: 777_600 }],
    ]);
  });

  it("is nothing once State has forgotten its key", async () => {
    const { state } = createKeys();

    await expect(resolveReference(state, keyReferenceFor("mw", MSG_ID))).resolves.toBeUndefined();
  });

  it.each([
    undefined,
    "",
    "abc123",
    "1vmw.",
    "1vmw",
    "1xmw.id",
    "2vmw.id",
    "1vMW.id",
    "1vmwx.id",
    "1vmw.two words",
    "1vmw.id\n",
    " 1vmw.id",
  ])("is not seen in %j", (text) => {
    expect(parseReference(text)).toBeUndefined();
  });
});
