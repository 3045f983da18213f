import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createAckDelay, withBudget } from "../../../src/flows/dispatch/ack-delay.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";

describe("the answer to a delivery", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("waits as long as asked, and never needs more than ten seconds", async () => {
    const ackDelay = createAckDelay(1, systemRuntime);
    const waited = ackDelay.wait(4_000);
    await jest.advanceTimersByTimeAsync(3_999);
    expect(ackDelay.hasRoom()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect({ waited: await waited, room: ackDelay.hasRoom(), longest: ackDelay.longest() }).toEqual({
      waited: true,
      room: true,
      longest: 10_000,
    });
  });

  it("waits a second at the most when too many wait already, so that others find a slot", async () => {
    const ackDelay = createAckDelay(2, systemRuntime);
    const waits = [ackDelay.wait(5_000), ackDelay.wait(5_000)];
    const tooMany = ackDelay.wait(5_000);
    expect(ackDelay.waiting()).toBe(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect({ tooMany: await tooMany, waiting: ackDelay.waiting() }).toEqual({ tooMany: false, waiting: 2 });
    await jest.advanceTimersByTimeAsync(4_000);
    expect([...(await Promise.all(waits)), ackDelay.hasRoom()]).toEqual([true, true, true]);
  });

  it.each([0, -5])("takes no time and no room for %i ms", async (ms) => {
    expect(await createAckDelay(0, systemRuntime).wait(ms)).toBe(true);
  });

  it("is given at once when the process stops, and from then on", async () => {
    const ackDelay = createAckDelay(5, systemRuntime);
    const waits = [ackDelay.wait(9_000), ackDelay.wait(9_000)];
    ackDelay.release();
    expect([...(await Promise.all(waits)), await ackDelay.wait(9_000), ackDelay.hasRoom()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("waits no more than ten seconds in all", async () => {
    const now = () => Date.now();
    const ackDelay = withBudget(createAckDelay(1, systemRuntime), now);
    const first = ackDelay.wait(6_000);
    await jest.advanceTimersByTimeAsync(6_000);
    await first;
    const second = ackDelay.wait(6_000);
    await jest.advanceTimersByTimeAsync(4_000);
    await second;
    expect({ left: ackDelay.longest(), waiting: ackDelay.waiting() }).toEqual({ left: 0, waiting: 0 });
  });
});
