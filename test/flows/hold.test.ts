import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createHolder, withBudget } from "../../src/flows/hold.ts";

describe("holding callbacks", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("waits as long as asked, and never needs more than ten seconds", async () => {
    const holder = createHolder(1);
    const held = holder.hold(4_000);
    await jest.advanceTimersByTimeAsync(3_999);
    expect(holder.hasRoom()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect({ held: await held, room: holder.hasRoom(), longest: holder.longest() }).toEqual({
      held: true,
      room: true,
      longest: 10_000,
    });
  });

  it("lets what would be one too many linger for a second, so that others find a slot", async () => {
    const holder = createHolder(2);
    const held = [holder.hold(5_000), holder.hold(5_000)];
    const tooMany = holder.hold(5_000);
    expect(holder.held()).toBe(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect({ tooMany: await tooMany, held: holder.held() }).toEqual({ tooMany: false, held: 2 });
    await jest.advanceTimersByTimeAsync(4_000);
    expect([...(await Promise.all(held)), holder.hasRoom()]).toEqual([true, true, true]);
  });

  it.each([0, -5])("takes no time and no room for %i ms", async (ms) => {
    expect(await createHolder(0).hold(ms)).toBe(true);
  });

  it("lets everybody go when the process stops, and holds nobody from then on", async () => {
    const holder = createHolder(5);
    const held = [holder.hold(9_000), holder.hold(9_000)];
    holder.release();
    expect([...(await Promise.all(held)), await holder.hold(9_000), holder.hasRoom()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("adds up to no more than ten seconds for one callback", async () => {
    const now = () => Date.now();
    const holder = withBudget(createHolder(1), now);
    const first = holder.hold(6_000);
    await jest.advanceTimersByTimeAsync(6_000);
    await first;
    const second = holder.hold(6_000);
    await jest.advanceTimersByTimeAsync(4_000);
    await second;
    expect({ left: holder.longest(), held: holder.held() }).toEqual({ left: 0, held: 0 });
  });
});
