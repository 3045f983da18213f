import { fixture, fixturesOf } from "../../fixtures/index.ts";

export const NUMBER = "913341800001";
export const PERSON = "919028670001";

/** The contract's examples, letter by letter. */
export const VERBATIM = fixturesOf("webengage-send").map(([variant]): [string, Record<string, unknown>] => [
  variant,
  fixture("webengage-send", variant),
]);

/** An example with real numbers, a real address and one type where it only hints at them. */
export function real(body: unknown): Record<string, unknown> {
  const text = JSON.stringify(body)
    .replace(/"toNumber":"\w+"/, `"toNumber":"${PERSON}"`)
    .replace(/"fromNumber":"\w+"/, `"fromNumber":"${NUMBER}"`)
    .replaceAll('"IMAGE/VIDEO"', '"IMAGE"')
    .replace('"mediaurl"', '"https://media.example.com/1.jpg"')
    .replace('"mediaurl2"', '"https://media.example.com/2.jpg"');
  return JSON.parse(text);
}

export const REAL = VERBATIM.map(([variant, body]): [string, Record<string, unknown>] => [
  variant,
  real(body),
]);
