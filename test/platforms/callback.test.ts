import { describe, expect, it } from "@jest/globals";
import { ConnectorError, type ErrorCode } from "../../src/lib/errors.ts";
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

describe("a callback to a platform that counts a repeat as another", () => {
  const codeOf = (answer: ReturnType<typeof post>) =>
    postCallback("Platform", answer, "https://platform.example.com/dlr", {}, { countsRepeats: true }).then(
      () => "taken",
      ({ code }) => code,
    );
  const failing = (code: ErrorCode) => () =>
    Promise.reject(new ConnectorError(code, "x", { retryable: true }));

  it.each([
    ["200", post(200, "{}"), "taken"],
    ["400", post(400, ""), "platform_refused"],
    ["429", post(429, ""), "platform_unavailable"],
    ["500", post(500, ""), "platform_unanswered"],
    ["503", post(503, ""), "platform_unanswered"],
    ["a page", post(200, "<html>"), "platform_unanswered"],
    ["no answer", failing("no_answer"), "platform_unanswered"],
    ["no connection", failing("not_sent"), "platform_unavailable"],
  ])("with %s", async (_, answer, code) => {
    expect(await codeOf(answer)).toBe(code);
  });
});

it("a page is no acceptance of anything else that is posted either", async () => {
  await expect(post(200, "<html>")("https://platform.example.com", {})).rejects.toMatchObject({
    code: "platform_garbled",
    retryable: true,
  });
});
