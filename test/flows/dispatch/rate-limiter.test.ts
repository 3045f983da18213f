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

  it("closes for those who had reserved before", () => {
    const { rateLimiter } = createWorld();
    rateLimiter.reserve(10_000);
    expect(rateLimiter.isClosed()).toBe(false);
    rateLimiter.throttled(5);
    expect(rateLimiter.isClosed()).toBe(true);
  });
});

describe("a pause", () => {
  it("lets one through every so often, until one succeeds", () => {
    const { rateLimiter, now } = createWorld();
    const isNew = [rateLimiter.paused(30_000), rateLimiter.paused(30_000)];
    const probes = [rateLimiter.reserve(10_000)];
    now.advance(30_000);
    probes.push(rateLimiter.reserve(10_000), rateLimiter.reserve(10_000));
    now.advance(29_999);
    probes.push(rateLimiter.reserve(10_000));
    now.advance(1);
    probes.push(rateLimiter.reserve(10_000));
    rateLimiter.succeeded();
    probes.push(rateLimiter.reserve(0));
    expect({ isNew, probes }).toEqual({
      isNew: [true, false],
      probes: [undefined, 0, undefined, undefined, 0, 0],
    });
  });

  it("gives a probe that was not used to the next message", () => {
    const { rateLimiter, now } = createWorld();
    rateLimiter.paused(30_000);
    now.advance(30_000);
    const probes = [rateLimiter.reserve(0)];
    rateLimiter.giveBack();
    probes.push(rateLimiter.reserve(0), rateLimiter.reserve(0));
    expect(probes).toEqual([0, 0, undefined]);
  });

  it("is not told of when there was none", () => {
    const { rateLimiter, log } = createWorld();
    rateLimiter.succeeded();
    expect(log.lines).toEqual([]);
  });
});

describe("an outage that loses the answers", () => {
  it("is noticed at the fifth in a row, and then probed every five seconds", () => {
    const { rateLimiter, now } = createWorld();
    const noticed = Array.from({ length: 6 }, () => rateLimiter.unanswered());
    const slots = [rateLimiter.reserve(4_000)];
    now.advance(5_000);
    slots.push(rateLimiter.reserve(4_000), rateLimiter.reserve(4_000));
    expect({ noticed, slots }).toEqual({
      noticed: [false, false, false, false, true, false],
      slots: [undefined, 0, undefined],
    });
  });

  it("is none while answers come in between", () => {
    const { rateLimiter } = createWorld();
    const noticed = Array.from({ length: 20 }, (_, n) => {
      if (n % 4 === 3) rateLimiter.succeeded();
      return rateLimiter.unanswered();
    });
    expect(noticed).not.toContain(true);
  });
});
