import { describe, expect, it } from "@jest/globals";
import { createRequestIds } from "../../../src/flows/intake/request-ids.ts";
import { createClock } from "../../support/ports.ts";

const MINUTE = 60_000;
const WORDS = ["req-1", "447700900123", "Acme", "Hi"];

/** Replicas with one clock, at the beginning of five minutes. */
function createReplicas(secret = "secret") {
  const now = createClock(Date.UTC(2026, 0, 15, 12));
  let made = 0;
  const newReplica = () => createRequestIds(secret, { now, uuid: () => `uuid-${++made}` });
  return { now, one: newReplica(), other: newReplica() };
}

describe("the id of a request", () => {
  it("is a new one each time where nothing tells a repetition", () => {
    const { one } = createReplicas();
    expect([one(), one()]).toEqual(["uuid-1", "uuid-2"]);
  });

  it("is the same for the same words, at every replica, and looks like a UUID", () => {
    const { one, other } = createReplicas();
    expect(one(WORDS)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([one(WORDS), other(WORDS)]).toEqual([one(WORDS), one(WORDS)]);
  });

  it("is another one for other words, however they are put together, and for another application", () => {
    const { one } = createReplicas();
    const ids = [
      one(WORDS),
      ...WORDS.map((_, changed) => one(WORDS.map((word, n) => (n === changed ? `${word}!` : word)))),
      one([WORDS.join()]),
      createReplicas("other").one(WORDS),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([0, 1, 2, 3, 4])(
    "is the same for five minutes from the first one, which came in minute %i",
    (minute) => {
      const { one, now } = createReplicas();
      now.advance(minute * MINUTE);
      const first = one(WORDS);
      now.advance(3 * MINUTE);
      const between = one(WORDS);
      now.advance(2 * MINUTE - 1);
      const last = one(WORDS);
      now.advance(1);
      expect([between === first, last === first, one(WORDS) === first]).toEqual([true, true, false]);
    },
  );

  it("does not pile up", () => {
    const { one, now } = createReplicas();
    const first = one(WORDS);
    for (let n = 0; n < 50_000; n++) one([String(n)]);
    expect(one(WORDS)).toBe(first);
    now.advance(5 * MINUTE);
    expect(one(WORDS)).not.toBe(first);
  });
});
