import { describe, expect, it } from "@jest/globals";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { publicLookup } from "../../src/lib/public-lookup.ts";
import { createPost, postCallback } from "../../src/platforms/callback.ts";
import { serve } from "../../src/sandbox/server.ts";

describe("a delivery URL", () => {
  it("that redirects is not followed: the report is owed, and nobody else gets it", async () => {
    const strangers: string[] = [];
    const stranger = await serve(0, ({ path }) => {
      strangers.push(path);
      return { status: 200 };
    });
    const platform = await serve(0, () => ({
      status: 307,
      headers: { location: `${stranger.url}/stolen` },
    }));
    const httpClient = createHttpClient(2, { lookup: publicLookup });
    const told = postCallback("Platform", createPost(httpClient), `${platform.url}/dlr`, { statuses: [] });
    await expect(told).rejects.toMatchObject({ code: "platform_unavailable", retryable: true });
    expect(strangers).toEqual([]);
    await Promise.all([httpClient.close(), platform.stop(), stranger.stop()]);
  });
});
