import { describe, expect, it } from "@jest/globals";
import { exponential, retry, twice } from "../../src/lib/retry.ts";

/** Work that fails so many times, and pauses that are only noted. */
function createWorld(failures: number) {
  const pauses: number[] = [];
  let tries = 0;
  const work = async () => {
    if (++tries <= failures) throw new Error(`failure ${tries}`);
    return `done at try ${tries}`;
  };
  const pause = async (ms: number) => void pauses.push(ms);
  return { pauses, work, pause };
}

describe("retry", () => {
  it("is the work alone when that succeeds", async () => {
    const { pauses, work, pause } = createWorld(0);

    expect(await retry(work, () => 5, pause)).toBe("done at try 1");
    expect(pauses).toEqual([]);
  });

  it("waits after each failure as long as it is told", async () => {
    const { pauses, work, pause } = createWorld(6);

    expect(await retry(work, exponential(500, 4_000), pause)).toBe("done at try 7");
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it("throws the last failure when it is told to give up, without another pause", async () => {
    const { pauses, work, pause } = createWorld(9);
    const seen: [number, string][] = [];

    const outcome = retry(
      work,
      (tries, error) => {
        seen.push([tries, (error as Error).message]);
        return tries < 3 ? 0 : undefined;
      },
      pause,
    );

    await expect(outcome).rejects.toThrow("failure 3");
    expect({ pauses, seen }).toEqual({
      pauses: [0, 0],
      seen: [
        [1, "failure 1"],
        [2, "failure 2"],
        [3, "failure 3"],
      ],
    });
  });

  it("goes on waiting the longest time, however often it fails", () => {
    expect(exponential(500, 30_000)(5_000)).toBe(30_000);
  });
});

describe("twice", () => {
  it.each([
    ["failed at once", 1, 1_000, "done at try 2"],
    ["failed for want of an answer", 1, 1_001, "failure 1"],
    ["fails twice", 2, 0, "failure 2"],
  ])("work that %s", async (_, failures, ms, expected) => {
    const { work } = createWorld(failures);
    let at = 0;
    const slow = () =>
      work().catch((error) => {
        at += ms;
        throw error;
      });

    expect(await twice(slow, () => at).catch((error: Error) => error.message)).toBe(expected);
  });
});
