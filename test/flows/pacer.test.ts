import { describe, expect, it } from "@jest/globals";
import { createPacer } from "../../src/flows/pacer.ts";
import { createClock, createRecordingLog } from "../support/ports.ts";

function createWorld(rate = 10) {
  const [now, log] = [createClock(), createRecordingLog()];
  return { now, log, pacer: createPacer(rate, now, log) };
}

describe("the pace", () => {
  it("gives slots evenly, with a tenth of a second of idle time as burst", () => {
    const { pacer } = createWorld();
    expect(Array.from({ length: 5 }, () => pacer.reserve(10_000))).toEqual([0, 0, 100, 200, 300]);
  });

  it("gives no slot beyond the wait allowed, and takes none then", () => {
    const { pacer, now } = createWorld();
    for (let slot = 0; slot < 12; slot++) pacer.reserve(10_000);
    expect([pacer.reserve(1_000), pacer.reserve(1_100)]).toEqual([undefined, 1_100]);
    now.advance(60_000);
    expect(pacer.reserve(0)).toBe(0);
  });

  it("keeps the configured rate over a minute of traffic", () => {
    const { pacer, now } = createWorld(29);
    let sent = 0;
    for (let ms = 0; ms < 60_000; ms += 10) {
      while (pacer.reserve(0) !== undefined) sent++;
      now.advance(10);
    }
    expect(sent).toBeGreaterThanOrEqual(29 * 60 - 5);
    expect(sent).toBeLessThanOrEqual(29 * 60 + 5);
  });

  it("gives a slot that was not used to the next message", () => {
    const { pacer } = createWorld();
    for (let n = 0; n < 50; n++) {
      pacer.reserve(10_000);
      pacer.giveBack();
    }
    expect(pacer.reserve(0)).toBe(0);
  });
});

describe("throttling", () => {
  it("halves at most once a second, down to one a second", () => {
    const { pacer, now } = createWorld();
    const rates = [];
    for (let n = 0; n < 12; n++) {
      pacer.throttled();
      rates.push(pacer.rate());
      now.advance(500);
    }
    expect(rates).toEqual([5, 5, 2.5, 2.5, 1.25, 1.25, 1, 1, 1, 1, 1, 1]);
  });

  it("recovers step by step and no further than the configured rate", () => {
    const { pacer, now } = createWorld(20);
    pacer.throttled();
    const rates = [];
    for (let second = 0; second < 12; second++) {
      now.advance(1_000);
      pacer.reserve(10_000);
      rates.push(pacer.rate());
    }
    expect(rates).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 20]);
  });

  it("obeys Retry-After, and does not recover meanwhile", () => {
    const { pacer, now } = createWorld();
    pacer.throttled(30);
    now.advance(20_000);
    expect([pacer.reserve(9_000), pacer.reserve(10_000), pacer.rate()]).toEqual([undefined, 10_000, 5]);
  });

  it("tells the rates in figures that the log's redaction leaves alone", () => {
    const { pacer, log } = createWorld();
    pacer.throttled();
    expect(log.lines).toEqual([
      {
        level: "warn",
        msg: "Sending rate changed",
        fields: { before: 10, rate: 5, max: 10, reason: "throttled" },
      },
    ]);
  });

  it("closes for those who had reserved before", () => {
    const { pacer } = createWorld();
    pacer.reserve(10_000);
    expect(pacer.isClosed()).toBe(false);
    pacer.throttled(5);
    expect(pacer.isClosed()).toBe(true);
  });
});

describe("a pause", () => {
  it("lets one through every so often, until one succeeds", () => {
    const { pacer, now } = createWorld();
    const isNew = [pacer.paused(30_000), pacer.paused(30_000)];
    const probes = [pacer.reserve(10_000)];
    now.advance(30_000);
    probes.push(pacer.reserve(10_000), pacer.reserve(10_000));
    now.advance(29_999);
    probes.push(pacer.reserve(10_000));
    now.advance(1);
    probes.push(pacer.reserve(10_000));
    pacer.succeeded();
    probes.push(pacer.reserve(0));
    expect({ isNew, probes }).toEqual({
      isNew: [true, false],
      probes: [undefined, 0, undefined, undefined, 0, 0],
    });
  });

  it("gives a probe that was not used to the next message", () => {
    const { pacer, now } = createWorld();
    pacer.paused(30_000);
    now.advance(30_000);
    const probes = [pacer.reserve(0)];
    pacer.giveBack();
    probes.push(pacer.reserve(0), pacer.reserve(0));
    expect(probes).toEqual([0, 0, undefined]);
  });

  it("is not told of when there was none", () => {
    const { pacer, log } = createWorld();
    pacer.succeeded();
    expect(log.lines).toEqual([]);
  });
});

describe("an outage that loses the answers", () => {
  it("is noticed at the fifth in a row, and then probed every five seconds", () => {
    const { pacer, now } = createWorld();
    const noticed = Array.from({ length: 6 }, () => pacer.unanswered());
    const slots = [pacer.reserve(4_000)];
    now.advance(5_000);
    slots.push(pacer.reserve(4_000), pacer.reserve(4_000));
    expect({ noticed, slots }).toEqual({
      noticed: [false, false, false, false, true, false],
      slots: [undefined, 0, undefined],
    });
  });

  it("is none while answers come in between", () => {
    const { pacer } = createWorld();
    const noticed = Array.from({ length: 20 }, (_, n) => {
      if (n % 4 === 3) pacer.succeeded();
      return pacer.unanswered();
    });
    expect(noticed).not.toContain(true);
  });
});
