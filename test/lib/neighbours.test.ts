import { describe, expect, it } from "@jest/globals";
import type { HttpClient } from "../../src/lib/http-client.ts";
import { createNeighbours, watched } from "../../src/lib/neighbours.ts";
import { createClock, T0, unavailable } from "../support/ports.ts";

describe("a neighbour", () => {
  it("is unknown at first, there once it has answered, and away after the third failure in a row", () => {
    const now = createClock();
    const { answered, failed, standingOf } = createNeighbours(now);
    expect(standingOf("state")).toEqual({ up: null, since: undefined, seenAt: undefined, note: "" });
    answered("state");
    now.advance(1_000);
    failed("state", "it does not answer");
    answered("state");
    expect(standingOf("state")).toEqual({ up: true, since: T0, seenAt: T0 + 1_000, note: "" });
    for (let times = 0; times < 3; times++) {
      now.advance(1_000);
      failed("state", "it does not answer");
    }
    expect(standingOf("state")).toEqual({
      ...{ up: false, since: T0 + 2_000, seenAt: T0 + 4_000, note: "it does not answer" },
    });
    now.advance(1_000);
    answered("state");
    expect(standingOf("state")).toEqual({ up: true, since: T0 + 5_000, seenAt: T0 + 5_000, note: "" });
  });

  it.each<[string, () => ReturnType<HttpClient["request"]>, boolean, string]>([
    ["answers", async () => ({ status: 404, headers: {}, text: "" }), true, ""],
    ["fails", async () => ({ status: 502, headers: {}, text: "" }), false, "it answers with HTTP 502"],
    ["hangs", () => Promise.reject(unavailable("no_answer")), false, "it does not answer"],
  ])("that %s is seen by its requests", async (_, request, up, note) => {
    const neighbours = createNeighbours(createClock());
    const inner = { request, close: async () => undefined };
    const client = watched(inner, (url) => new URL(url).hostname, neighbours);
    for (let times = 0; times < 3; times++)
      await client.request({ method: "GET", url: "http://vonage/x", deadlineMs: 1 }).catch(() => undefined);
    expect(neighbours.standingOf("vonage")).toMatchObject({ up, note });
  });
});
