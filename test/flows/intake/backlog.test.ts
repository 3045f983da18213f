import { describe, expect, it } from "@jest/globals";
import type { OutboundMessage } from "../../../src/core/message.ts";
import { createBacklog } from "../../../src/flows/intake/backlog.ts";
import {
  createClock,
  createRecordingLog,
  smsMessage,
  T0,
  unavailable,
  whatsappMessage,
} from "../../support/ports.ts";

function createWorld(rate = 10) {
  const [now, log] = [createClock(), createRecordingLog()];
  const queue = { waiting: 0, asked: 0, rate, isDown: false };
  const backlog = createBacklog({
    async waiting() {
      queue.asked++;
      if (queue.isDown) throw unavailable();
      return queue.waiting;
    },
    rate: () => queue.rate,
    now,
    log,
  });
  let undo = () => {};
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Messages taken until one is refused, `most` at the most. */
  const takes = (
    most: number,
    ttlMs = 60_000,
    build: (over: { expiresAt: number }) => OutboundMessage = whatsappMessage,
  ) => {
    for (let taken = 0; taken < most; taken++) {
      try {
        undo = backlog.reserve(build({ expiresAt: now() + ttlMs })).release;
      } catch (error) {
        return { taken, error };
      }
    }
    return { taken: most, error: undefined };
  };
  return { now, log, queue, takes, settle, undo: () => undo() };
}

describe("a backlog", () => {
  it("takes what can be sent in its time to live, and answers the rest 429 in words", () => {
    const { taken, error } = createWorld().takes(1_000);
    expect(taken).toBe(601);
    expect(error).toMatchObject({ code: "backlog_full", httpStatus: 429, retryable: true });
  });

  it("counts what waits on the queue, from other replicas too, and takes more when it shrinks", async () => {
    const { takes, settle, queue, now } = createWorld();
    queue.waiting = 590;
    takes(1);
    await settle();
    // The one that came while it was asked may not be in the figure.
    expect(takes(1_000).taken).toBe(10);
    queue.waiting = 0;
    now.advance(5_000);
    takes(1);
    await settle();
    expect(takes(1_000).taken).toBe(601);
  });

  it("shrinks with the rate in force", () => {
    const { takes, queue } = createWorld();
    queue.rate = 1;
    expect(takes(1_000).taken).toBe(61);
  });

  it("is judged by each message's own time", () => {
    const { takes } = createWorld();
    takes(300);
    expect([takes(1, 20_000).taken, takes(1, 60_000).taken]).toEqual([0, 1]);
  });

  it("goes on taking as fast as it sends while the queue does not tell its figures", async () => {
    const { takes, queue, now, settle } = createWorld();
    queue.isDown = true;
    now.advance(5_000);
    expect(takes(1_000).taken).toBe(601);
    const taken = [];
    for (let round = 0; round < 3; round++) {
      await settle();
      now.advance(10_000);
      takes(1);
      await settle();
      taken.push(takes(1_000).taken);
    }
    expect(taken).toEqual([100, 100, 100]);
  });

  it("does not count what the queue did not take", () => {
    const { takes, undo } = createWorld();
    takes(1_000);
    undo();
    expect(takes(1_000).taken).toBe(1);
  });

  it("of one channel does not stop the other", () => {
    const { takes } = createWorld();
    takes(1_000);
    expect(takes(1, 60_000, smsMessage).taken).toBe(1);
  });

  it("asks the queue every five seconds at the most, and lives without its answer", async () => {
    const { takes, queue, now, settle, log } = createWorld();
    queue.isDown = true;
    takes(50);
    await settle();
    takes(50);
    now.advance(5_000);
    takes(1);
    await settle();
    expect({ asked: queue.asked, warned: log.at("warn").length, at: now() - T0 }).toEqual({
      asked: 2,
      warned: 2,
      at: 5_000,
    });
  });
});
