import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { Queue } from "@vonage/vcr-sdk";
import { type HeldLetter, type HeldLetters, openHeldLetters } from "../../src/flows/dispatch/held-letters.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { type SandboxServer, serve } from "../../src/sandbox/server.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import { openDeadLetters } from "../../src/vcr/dead-letters.ts";
import { buildSendJob, buildWhatsAppMessage } from "../support/builders.ts";
import { unavailable, until } from "../support/ports.ts";
import { closeReplicas, openVcr, SERVICE, signer, startReplica } from "./runtime.ts";

const NAME = `${SERVICE}-whatsapp`;

let vcr: Vcr;
let app: SandboxServer;
let sdk: Queue;
let taken: string[];
let isBroken: boolean;
let subject: ReturnType<typeof open>;

/** The dead letters of one queue, as a connector and its command look at them. */
function open() {
  const { session, state, ensure, requests } = startReplica(vcr);
  const queue = openDeadLetters(session, { name: NAME, maxRequestBytes: 8_000 }, systemRuntime);
  const held = openHeldLetters("whatsapp", { queue, state, verify: signer.verify, now: Date.now });
  return { session, queue, held, ensure, requests };
}

beforeEach(async () => {
  taken = [];
  isBroken = true;
  app = await serve(0, async (request) => {
    const body = (await request.read()).toString();
    if (isBroken) return { status: 503 };
    taken.push(body);
    return { status: 200 };
  });
  ({ vcr } = await openVcr([app.url]));
  subject = open();
  sdk = new Queue(subject.session);
  await sdk.createQueue(NAME, "/jobs", { active: true, maxInflight: 100, msgPerSecond: 10_000 });
});
afterEach(async () => {
  await closeReplicas();
  await Promise.all([vcr.stop(), app.stop()]);
});

const send = (id: string, text = "x") =>
  signer.sign(
    buildSendJob({ message: buildWhatsAppMessage({ id, content: { type: "text", text } as never }) }),
  );
async function die(...jobs: unknown[]) {
  const before = vcr.deadLetters(NAME).length;
  isBroken = true;
  for (const job of jobs) await sdk.enqueue(NAME, [job]);
  await until(() => vcr.deadLetters(NAME).length === before + jobs.length);
  isBroken = false;
}
async function putAllBack({ held } = subject) {
  await held.collect();
  const waiting = (await lettersIn(held)).filter(([, { is }]) => is === "held");
  await Promise.all(waiting.map(([key, letter]) => held.putBack(key, letter)));
}
async function lettersIn(held: HeldLetters) {
  const letters: [string, HeldLetter][] = [];
  for await (const entry of held.scan()) letters.push(entry);
  return letters;
}

it("the same job has the same key, listed or taken away, whatever the queue makes of its order", async () => {
  await die(send("a"), send("b"), "a text", { no: "job", at: 1 }, 5, null);
  const listed = await subject.queue.list();
  const popped = await subject.queue.pop(10);
  expect(popped).toEqual(listed);
  expect(new Set(listed.map(({ key }) => key)).size).toBe(6);
  expect(listed[0]?.key).toMatch(/^[\w-]{22}$/);
  expect([await subject.queue.list(), await subject.queue.pop(1)]).toEqual([[], []]);
});

it("what is collected lies in State alone, and is delivered once it is put back", async () => {
  const jobs = Array.from({ length: 120 }, (_, n) => send(`m-${n}`, "y".repeat(300)));
  await die(...jobs);
  expect(await subject.held.collect()).toEqual({ found: 120, givenUp: [], isDone: true });
  const letters = await lettersIn(subject.held);
  expect([letters.length, vcr.deadLetters(NAME)]).toEqual([120, []]);
  expect(letters.every(([, { is }]) => is === "held")).toBe(true);
  // Another process takes over.
  const other = open();
  expect((await other.held.list()).letters.size).toBe(120);
  await putAllBack(other);
  await until(() => taken.length === 120);
  expect(new Set(taken).size).toBe(120);
  expect(await other.held.list()).toEqual({ letters: new Map(), isWhole: true });
  const enqueues = other.requests.filter(({ url }) => url.includes("enqueue"));
  expect(enqueues.length).toBeLessThan(30);
  for (const { body } of enqueues) expect(Buffer.byteLength(String(body))).toBeLessThanOrEqual(8_000);
});

it("one that dies again is found again, with the count of its times", async () => {
  await die(send("a"));
  for (const replays of [0, 1, 2]) {
    await subject.held.collect();
    const [[key, letter] = ["", undefined]] = await lettersIn(subject.held);
    expect(letter).toMatchObject({ is: "held", replays });
    isBroken = true;
    if (letter) await subject.held.putBack(key, letter);
    await until(() => vcr.deadLetters(NAME).length === 1);
  }
});

it("answers that are none move nothing", async () => {
  await die(send("a"));
  for (const fault of [{ lie: true }, { down: true }] as const) {
    vcr.setFault("queue-service", fault);
    expect(await subject.held.collect()).toMatchObject({ found: 0, failure: { retryable: true } });
  }
  vcr.setFault("queue-service", null);
  vcr.setFault("client-persistence-api", { lie: true });
  expect(await subject.held.collect()).toMatchObject({ found: 0, failure: { retryable: true } });
  vcr.setFault("client-persistence-api", null);
  expect(vcr.deadLetters(NAME)).toHaveLength(1);
});

it("where the list fails and the queue answers, they are taken away unlisted; where there is no queue, none is", async () => {
  await die(...Array.from({ length: 30 }, (_, n) => send(`m-${n}`)));
  const list = () => Promise.reject(unavailable("no_answer"));
  const { state } = startReplica(vcr);
  const collect = (name: string) => {
    const queue = openDeadLetters(subject.session, { name, maxRequestBytes: 8_000 }, systemRuntime);
    const ports = { queue: { ...queue, list }, state, verify: signer.verify, now: Date.now };
    return openHeldLetters("whatsapp", ports).collect();
  };
  expect(await collect("absent")).toMatchObject({ found: 0, failure: { code: "no_answer" } });
  expect(await collect(NAME)).toEqual({ found: 30, givenUp: [], isDone: true });
  expect([vcr.deadLetters(NAME), (await lettersIn(subject.held)).length]).toEqual([[], 30]);
});
