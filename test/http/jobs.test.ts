import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { SendJob } from "../../src/core/job.ts";
import { createJobSigner } from "../../src/vcr/job-signer.ts";
import { buildSendJob, MSG_ID } from "../support/builders.ts";
import { unavailable } from "../support/ports.ts";
import { JSON_TYPE, KEYS, openSite, type Site, send, signer } from "./site.ts";

const PATH = "/webhooks/message-dispatcher";
const job: SendJob = buildSendJob();
const good = signer.sign(job);

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.stop());
beforeEach(() => {
  site.dispatched.length = 0;
  site.log.lines.length = 0;
});

const deliver = (body: unknown, headers: Record<string, string> = {}, to = site) =>
  send(`${to.url}${PATH}`, {
    headers: { "content-type": JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });

/** Each byte changed in turn; every other one where there are many. */
function* altered(text: string): Generator<string> {
  const step = text.length > 200 ? 7 : 1;
  for (let at = 0; at < text.length; at += step) {
    const other = text[at] === "A" ? "B" : "A";
    yield text.slice(0, at) + other + text.slice(at + 1);
  }
}

describe("a job of ours", () => {
  it("is dispatched and acknowledged, with the promised line", async () => {
    expect(await deliver(good)).toEqual({ status: 200, body: { status: "done" } });
    expect(site.dispatched).toEqual([job]);
    expect(site.log.lines).toEqual([
      { level: "info", msg: `POST ${PATH}`, fields: { msg_id: MSG_ID, kind: "send", attempt: 1 } },
    ]);
  });

  it("may be written again by the queue: other order, spacing and escapes, more fields around it", async () => {
    const { v, kid, mac, body } = good;
    const text = JSON.stringify({ body, mac, extra: 1, kid, v }, null, 2).replaceAll("/", "\\u002f");
    const answer = await send(`${site.url}${PATH}`, { headers: { "content-type": JSON_TYPE }, body: text });
    expect([answer.status, site.dispatched]).toEqual([200, [job]]);
  });

  it("is found where the platform puts a slash of its own before the path", async () => {
    const own = { ...site, url: `${site.url}/` };
    expect((await deliver(good, {}, own)).status).toBe(200);
  });

  it("is known by the previous key during a rotation", async () => {
    expect((await deliver(createJobSigner([KEYS.previous]).sign(job))).status).toBe(200);
  });

  it.each([
    ["dispatch fails", { dispatch: () => Promise.reject(unavailable()) }, 503],
    ["dispatch has a fault", { dispatch: () => Promise.reject(new TypeError("x")) }, 500],
  ])("is not acknowledged when %s", async (_, over, status) => {
    const own = await openSite(over);
    const answer = await deliver(good, {}, own);
    await own.stop();
    expect(answer).toEqual({ status, body: { message: "Try again" } });
  });
});

describe("a job that is not ours", () => {
  const refused = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await deliver(body, headers);
    expect([answer.status, site.dispatched]).toEqual([401, []]);
  };

  const { body, kid, mac, v } = good;
  it.each<[string, unknown]>([
    ["a job without an envelope", job],
    ["no signature", { v, kid, body }],
    ["no key id", { v, mac, body }],
    ["no content", { v, kid, mac }],
    ["content that is no text", { v, kid, mac, body: JSON.parse(body) }],
    ["an empty signature", { ...good, mac: "" }],
    ["a signature that is no text", { ...good, mac: 1 }],
    ["half a signature", { ...good, mac: mac.slice(0, 22) }],
    ["a signature with something behind it", { ...good, mac: `${mac}AA` }],
    ["a signature with padding", { ...good, mac: `${mac}=` }],
    ["another version", { ...good, v: 2 }],
    ["a version as text", { ...good, v: "1" }],
    ["an unknown key", { ...good, kid: "AAAAAAAA" }],
    ["a key id that is a name every object has", { ...good, kid: "__proto__" }],
    ["a foreign key", createJobSigner([KEYS.foreign]).sign(job)],
    ["a foreign key under our key's id", { ...createJobSigner([KEYS.foreign]).sign(job), kid }],
    [
      "the previous key's id over our signature",
      { ...good, kid: createJobSigner([KEYS.previous]).sign(job).kid },
    ],
    ["another job's content", { ...good, body: signer.sign({ ...job, attempt: 2 }).body }],
    ["content with one more space", { ...good, body: `${body} ` }],
    ["an array of good jobs", [good]],
    ["null", null],
  ])("is refused: %s", (_, forged) => refused(forged));

  it.each(["mac", "kid", "body"] as const)("is refused when any byte of its %s is altered", async (field) => {
    const forged = [...altered(good[field])].map((value) => deliver({ ...good, [field]: value }));
    const statuses = new Set((await Promise.all(forged)).map(({ status }) => status));
    expect([statuses, site.dispatched]).toEqual([new Set([401]), []]);
  });

  it.each(Object.keys(job.message))("is refused when the message's %s is altered", (field) =>
    refused({ ...good, body: JSON.stringify({ ...job, message: { ...job.message, [field]: "x" } }) }),
  );

  it("is refused whatever its headers say", () =>
    refused(job, {
      "x-neru-queue-name": "svc-whatsapp",
      "x-neru-sessionid": "00000000-0000-0000-0000-000000000000",
      "api-key": "abcd1234",
      "api-secret": "n3xt",
      authorization: "Bearer x",
    }));
});
