import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createAckDelay, withBudget } from "../../../src/flows/dispatch/ack-delay.ts";

describe("holding callbacks", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("waits as long as asked, and never needs more than ten seconds", async () => {
    const ackDelay = createAckDelay(1);
    const held = ackDelay.hold(4_000);
    await jest.advanceTimersByTimeAsync(3_999);
    expect(ackDelay.hasRoom()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect({ held: await held, room: ackDelay.hasRoom(), longest: ackDelay.longest() }).toEqual({
      held: true,
      room: true,
      longest: 10_000,
    });
  });

  it("lets what would be one too many linger for a second, so that others find a slot", async () => {
    const ackDelay = createAckDelay(2);
    const held = [ackDelay.hold(5_000), ackDelay.hold(5_000)];
    const tooMany = ackDelay.hold(5_000);
    expect(ackDelay.held()).toBe(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect({ tooMany: await tooMany, held: ackDelay.held() }).toEqual({ tooMany: false, held: 2 });
    await jest.advanceTimersByTimeAsync(4_000);
    expect([...(await Promise.all(held)), ackDelay.hasRoom()]).toEqual([true, true, true]);
  });

  it.each([0, -5])("takes no time and no room for %i ms", async (ms) => {
    expect(await createAckDelay(0).hold(ms)).toBe(true);
  });

  it("lets everybody go when the process stops, and holds nobody from then on", async () => {
    const ackDelay = createAckDelay(5);
    const held = [ackDelay.hold(9_000), ackDelay.hold(9_000)];
    ackDelay.release();
    expect([...(await Promise.all(held)), await ackDelay.hold(9_000), ackDelay.hasRoom()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("adds up to no more than ten seconds for one callback", async () => {
    const now = () => Date.now();
    const ackDelay = withBudget(createAckDelay(1), now);
    const first = ackDelay.hold(6_000);
    await jest.advanceTimersByTimeAsync(6_000);
    await first;
    const second = ackDelay.hold(6_000);
    await jest.advanceTimersByTimeAsync(4_000);
    await second;
    expect({ left: ackDelay.longest(), held: ackDelay.held() }).toEqual({ left: 0, held: 0 });
  });
});
