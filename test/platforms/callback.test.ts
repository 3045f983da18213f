import { describe, expect, it } from "@jest/globals";
import { createPost, postCallback } from "../../src/platforms/callback.ts";

const post = (status: number, text: string) =>
  createPost({ request: async () => ({ status, headers: {}, text }), close: async () => undefined });
const outcomeOf = (status: number, text: string) =>
  postCallback("Platform", post(status, text), "https://platform.example.com/dlr", {}).then(
    () => "taken",
    ({ code, retryable, detail }) => ({ code, retryable, detail }),
  );

const AWAY = {
  code: "platform_unavailable",
  retryable: true,
  detail: { reason: "platform_garbled" },
};

describe("a callback that is answered", () => {
  it.each([
    ["200 and a page", 200, "<html>It works!</html>", AWAY],
    ["200 and a page behind blanks", 200, "\n  <!doctype html>", AWAY],
    ["204 and nothing", 204, "", "taken"],
    ["200 and a word", 200, "OK", "taken"],
    ["200 and JSON", 200, '{"status":"<ok>"}', "taken"],
    [
      "400 and a page",
      400,
      "<html>Bad Request</html>",
      { code: "platform_refused", retryable: false, detail: { status: 400 } },
    ],
    [
      "502 and a page",
      502,
      "<html>Bad Gateway</html>",
      { code: "platform_unavailable", retryable: true, detail: { status: 502 } },
    ],
  ])("with %s", async (_, status, text, outcome) => {
    expect(await outcomeOf(status, text)).toEqual(outcome);
  });
});

it("a page is no acceptance of anything else that is posted either", async () => {
  await expect(post(200, "<html>")("https://platform.example.com", {})).rejects.toMatchObject({
    code: "platform_garbled",
    retryable: true,
  });
});
