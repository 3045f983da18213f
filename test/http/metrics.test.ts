import { afterEach, describe, expect, it } from "@jest/globals";
import { openSite } from "./site.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function scrape(tokens: string[] | undefined, headers: Record<string, string> = {}) {
  const metrics = { contentType: "text/plain; version=0.0.4", text: async () => "up 1\n", tokens };
  const site = await openSite({ metrics });
  closing.push(() => site.stop());
  const response = await fetch(`${site.url}/_/metrics`, { headers });
  return {
    status: response.status,
    body: await response.text(),
    asks: response.headers.get("www-authenticate"),
  };
}

describe("/_/metrics", () => {
  it("asks for nothing where no token is set: the path is private then", async () => {
    expect(await scrape(undefined)).toEqual({ status: 200, body: "up 1\n", asks: null });
  });

  it.each([
    ["the token", "Bearer long-token-1", 200],
    ["the next one", "bearer long-token-2", 200],
    ["another", "Bearer long-token-3", 401],
    ["the token as a password", `Basic ${Buffer.from("x:long-token-1").toString("base64")}`, 401],
    ["nothing", undefined, 401],
  ])("answers %s with %s", async (_, authorization, expected) => {
    const { status, body, asks } = await scrape(
      ["long-token-1", "long-token-2"],
      authorization === undefined ? {} : { authorization },
    );
    expect([status, asks, body.includes("long-token")]).toEqual([
      expected,
      expected === 200 ? null : "Bearer",
      false,
    ]);
  });
});

it.each([
  [{ isReady: true, away: [], isDraining: false }, 200, { status: "ready" }],
  [
    { isReady: false, away: ["state"], isDraining: false },
    503,
    { status: "not ready", away: ["state"], draining: false },
  ],
  [{ isReady: false, away: [], isDraining: true }, 503, { status: "not ready", away: [], draining: true }],
])("/_/ready says of %j %i", async (readiness, status, body) => {
  const site = await openSite({ ready: async () => readiness });
  closing.push(() => site.stop());
  const response = await fetch(`${site.url}/_/ready`);
  expect([response.status, await response.json()]).toEqual([status, body]);
});
