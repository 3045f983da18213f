import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Queue } from "@vonage/vcr-sdk";
import type { Job, SendJob } from "../../src/core/job.ts";
import { dispatch } from "../../src/flows/dispatch/dispatch.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import { createJobSigner, type SignedJob } from "../../src/vcr/job-signer.ts";
import { createLargePayloads } from "../../src/vcr/large-payload.ts";
import { createWorld } from "../flows/dispatch/world.ts";
import { buildSendJob, MSG_ID } from "../support/builders.ts";
import { unavailable, until } from "../support/ports.ts";
import { closeReplicas, openVcr, SERVICE, startReplica } from "../vcr/runtime.ts";
import { JSON_TYPE, KEYS, openSite, type Site, send, signer } from "./site.ts";

const QUEUE = `${SERVICE}-whatsapp`;
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
    const { kid, mac, body } = good;
    const text = JSON.stringify({ body, mac, extra: 1, kid }, null, 2).replaceAll("/", "\\u002f");
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

describe("a job of ours that another version of the connector made", () => {
  const other = (over: object) => signer.sign({ ...job, ...over } as Job);
  const detail = { msg_id: MSG_ID, kind: "send" };

  it.each<[string, object, string, object]>([
    ["an older one", { version: 0 }, "unknown_job_version", { ...detail, version: "0" }],
    ["a newer one", { version: 2 }, "unknown_job_version", { ...detail, version: "2" }],
    ["an unknown kind", { kind: "bulk" }, "unknown_job_version", { ...detail, kind: "bulk", version: "1" }],
    ["of another shape", { attempt: "1" }, "unreadable_job", { ...detail, version: "1", at: "attempt" }],
  ])("is not dispatched and not acknowledged, with one loud line: %s", async (_, over, code, fields) => {
    expect(await deliver(other(over))).toEqual({ status: 503, body: { message: "Try again" } });
    expect(site.dispatched).toEqual([]);
    expect(site.log.lines).toEqual([
      { level: "error", msg: `Job not done: ${code}`, fields: expect.objectContaining({ code, ...fields }) },
    ]);
  });

  describe("is delivered again by the queue, and kept in the end", () => {
    let vcr: Vcr;
    let replica: ReturnType<typeof startReplica>;
    beforeEach(async () => {
      ({ vcr } = await openVcr());
      replica = startReplica(vcr);
      await replica.ensure();
    });
    afterEach(async () => {
      await closeReplicas();
      await vcr.stop();
    });

    async function isKept(sealed: SignedJob) {
      await new Queue(replica.session).enqueue(QUEUE, [sealed]);
      await until(() => vcr.deadLetters(QUEUE).length === 1);
      expect(vcr.deadLetters(QUEUE).map((body) => JSON.parse(body))).toEqual([sealed]);
      expect(vcr.records().queues[QUEUE]).toMatchObject({ accepted: 1, delivered: 4, acked: 0 });
    }

    it.each([0, 2])("of version %i", async (version) => {
      vcr.setApps([site.url]);
      await isKept(other({ version }));
      expect(site.dispatched).toEqual([]);
    });

    it.each([0, 2])("with its offloaded content of version %i", async (version) => {
      const world = createWorld();
      const { load } = createLargePayloads(replica.state, signer, systemRuntime);
      const ports = { ...world.ports, loadOffloaded: load };
      const own = await openSite({ dispatch: (delivered) => dispatch(delivered, ports) });
      vcr.setApps([own.url]);
      await replica.state.setKey("job:1", JSON.stringify(other({ version })), 60);
      await isKept(
        signer.sign({ kind: "offloaded", attempt: 1, queue: "whatsapp", id: MSG_ID, key: "job:1" }),
      );
      expect({ sent: world.sender.sent, told: world.told(), jobs: world.queue.jobs }).toEqual({
        sent: [],
        told: [],
        jobs: [],
      });
      expect(own.log.at("error").map(({ msg }) => msg)).toEqual(
        Array(4).fill("Job not done: unknown_job_version"),
      );
      await own.stop();
    });
  });
});

describe("a job that is not ours", () => {
  const refused = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await deliver(body, headers);
    expect([answer.status, site.dispatched]).toEqual([401, []]);
  };

  const { body, kid, mac } = good;
  it.each<[string, unknown]>([
    ["a job without an envelope", job],
    ["no signature", { kid, body }],
    ["no key id", { mac, body }],
    ["no content", { kid, mac }],
    ["content that is no text", { kid, mac, body: JSON.parse(body) }],
    ["an empty signature", { ...good, mac: "" }],
    ["a signature that is no text", { ...good, mac: 1 }],
    ["half a signature", { ...good, mac: mac.slice(0, 22) }],
    ["a signature with something behind it", { ...good, mac: `${mac}AA` }],
    ["a signature with padding", { ...good, mac: `${mac}=` }],
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
