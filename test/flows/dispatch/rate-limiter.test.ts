import { describe, expect, it } from "@jest/globals";
import { createRateLimiter } from "../../../src/flows/dispatch/rate-limiter.ts";
import { createClock, createRecordingLog } from "../../support/ports.ts";

function createWorld(rate = 10) {
  const [now, log] = [createClock(), createRecordingLog()];
  return { now, log, rateLimiter: createRateLimiter(rate, now, log) };
}

describe("the pace", () => {
  it("gives slots evenly, with a tenth of a second of idle time as burst", () => {
    const { rateLimiter } = createWorld();
    expect(Array.from({ length: 5 }, () => rateLimiter.reserve(10_000))).toEqual([0, 0, 100, 200, 300]);
  });

  it("gives a slot at once to what goes ahead, and the others wait so much longer", () => {
    const { rateLimiter } = createWorld();
    for (let n = 0; n < 4; n++) rateLimiter.reserve(10_000);
    expect([rateLimiter.reserve(0, true), rateLimiter.reserve(0, true), rateLimiter.reserve(10_000)]).toEqual(
      [0, 0, 500],
    );
    rateLimiter.throttled(5);
    expect([rateLimiter.reserve(4_999, true), rateLimiter.reserve(5_000, true)]).toEqual([undefined, 5_000]);
  });

  it("gives no slot beyond the wait allowed, and takes none then", () => {
    const { rateLimiter, now } = createWorld();
    for (let slot = 0; slot < 12; slot++) rateLimiter.reserve(10_000);
    expect([rateLimiter.reserve(1_000), rateLimiter.reserve(1_100)]).toEqual([undefined, 1_100]);
    now.advance(60_000);
    expect(rateLimiter.reserve(0)).toBe(0);
  });

  it("keeps the configured rate over a minute of traffic", () => {
    const { rateLimiter, now } = createWorld(29);
    let sent = 0;
    for (let ms = 0; ms < 60_000; ms += 10) {
      while (rateLimiter.reserve(0) !== undefined) sent++;
      now.advance(10);
    }
    expect(sent).toBeGreaterThanOrEqual(29 * 60 - 5);
    expect(sent).toBeLessThanOrEqual(29 * 60 + 5);
  });

  it("gives a slot that was not used to the next message", () => {
    const { rateLimiter } = createWorld();
    for (let n = 0; n < 50; n++) {
      rateLimiter.reserve(10_000);
      rateLimiter.giveBack();
    }
    expect(rateLimiter.reserve(0)).toBe(0);
  });
});

describe("throttling", () => {
  it("halves at most once a second, down to one a second", () => {
    const { rateLimiter, now } = createWorld();
    const rates = [];
    for (let n = 0; n < 12; n++) {
      rateLimiter.throttled();
      rates.push(rateLimiter.rate());
      now.advance(500);
    }
    expect(rates).toEqual([5, 5, 2.5, 2.5, 1.25, 1.25, 1, 1, 1, 1, 1, 1]);
  });

  it("recovers step by step and no further than the configured rate", () => {
    const { rateLimiter, now } = createWorld(20);
    rateLimiter.throttled();
    const rates = [];
    for (let second = 0; second < 12; second++) {
      now.advance(1_000);
      rateLimiter.reserve(10_000);
      rates.push(rateLimiter.rate());
    }
    expect(rates).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 20]);
  });

  it("obeys Retry-After, and does not recover meanwhile", () => {
    const { rateLimiter, now } = createWorld();
    rateLimiter.throttled(30);
    now.advance(20_000);
    expect([rateLimiter.reserve(9_000), rateLimiter.reserve(10_000), rateLimiter.rate()]).toEqual([
      undefined,
      10_000,
      5,
    ]);
  });

  it("tells the rates in figures that the log's redaction leaves alone", () => {
    const { rateLimiter, log } = createWorld();
    rateLimiter.throttled();
    expect(log.lines).toEqual([
      {
        level: "warn",
        msg: "Sending rate changed",
        fields: { before: 10, rate: 5, max: 10, reason: "throttled" },
      },
    ]);
  });

  it("obeys no more than a minute of it: a time in milliseconds would stop a channel for hours", () => {
    const { rateLimiter, now } = createWorld();
    rateLimiter.throttled(15_000);
    now.advance(59_999);
    expect([rateLimiter.reserve(0), rateLimiter.reserve(1)]).toEqual([undefined, 1]);
  });

  it("sends one message alone after it, then goes on", () => {
    const { rateLimiter, now } = createWorld();
    rateLimiter.throttled(5);
    now.advance(5_000);
    const slots = Array.from({ length: 4 }, () => Math.round(rateLimiter.reserve(10_000) ?? -1));
    expect({ slots, rate: rateLimiter.rate() }).toEqual({ slots: [0, 1_000, 1_167, 1_333], rate: 6 });
  });

  it("says once that sending stopped, and until when", () => {
    const { rateLimiter, log, now } = createWorld();
    rateLimiter.throttled(90);
    now.advance(200);
    rateLimiter.throttled(90);
    expect(log.lines.filter(({ msg }) => msg !== "Sending rate changed")).toEqual([
      {
        level: "warn",
        msg: "Sending stopped: Vonage asks to wait",
        fields: { seconds: 60, until: "2026-01-15T11:31:00.000Z" },
      },
    ]);
  });

  it("closes for those who had reserved before", () => {
    const { rateLimiter } = createWorld();
    rateLimiter.reserve(10_000);
    expect(rateLimiter.isClosed()).toBe(false);
    rateLimiter.throttled(5);
    expect(rateLimiter.isClosed()).toBe(true);
  });
});
