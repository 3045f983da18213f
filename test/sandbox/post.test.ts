import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { createPoster } from "../../src/sandbox/post.ts";
import { startApp } from "./helpers.ts";

const ANSWER_MS = 500;
const TIMEOUT_MS = ANSWER_MS * 3;
let stop = async () => {};
afterEach(() => stop());

it("times an answer, and gives up on one, from when there was a connection for the request", async () => {
  const app = await startApp(async () => {
    await sleep(ANSWER_MS);
    return { status: 200 };
  });
  const poster = createPoster(1);
  stop = async () => void (await Promise.all([poster.close(), app.stop()]));
  const post = () => poster.post(app.url, { headers: {}, body: "{}", timeoutMs: TIMEOUT_MS });
  const outcomes = await Promise.all([post(), post(), post(), post()]);
  expect(outcomes).toMatchObject(Array.from({ length: 4 }, () => ({ status: 200 })));
  for (const { ms } of outcomes) expect(ms).toBeLessThan(TIMEOUT_MS);
});
