import { expect, it } from "@jest/globals";
import type { Job } from "../../../src/core/job.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { createJobSigner } from "../../../src/vcr/job-signer.ts";
import { createLargePayloads } from "../../../src/vcr/large-payload.ts";
import { KEYS } from "../../http/site.ts";
import { failedSend, whatsappMessage } from "../../support/ports.ts";
import { createWorld, sendJob } from "./world.ts";

const MESSAGES = 100;
const LARGE = 20;
const ROUNDS = 360;

const large = { name: "x".repeat(30_000), language: { code: "en" } };
const messages = Array.from({ length: MESSAGES }, (_, n) =>
  whatsappMessage({
    id: `m-${n}`,
    ...(n < LARGE ? { content: { type: "template" as const, template: large } } : {}),
  }),
);

/** What State holds: keys and fields by name, with the bytes of name and value. */
function watch({ state }: ReturnType<typeof createWorld>) {
  const held = new Map<string, number>();
  const { increment, write, setKey, deleteKey } = state;
  state.increment = (bucket, field, by) => {
    held.set(`${bucket.key} ${field}`, field.length + 12);
    return increment(bucket, field, by);
  };
  state.write = (bucket, field, value) => {
    held.set(`${bucket.key} ${field}`, field.length + value.length);
    return write(bucket, field, value);
  };
  state.setKey = (key, value, ttl) => {
    held.set(key, key.length + value.length);
    return setKey(key, value, ttl);
  };
  state.deleteKey = (key) => {
    held.delete(key);
    return deleteKey(key);
  };
  return () => {
    const keys = [...held.keys()].filter((name) => name.startsWith("job:"));
    const bytes = [...held.values()].reduce((sum, size) => sum + size, 0);
    return { keys: keys.length, fields: held.size - keys.length, kilobytes: Math.round(bytes / 1_000) };
  };
}

it("100 messages, 20 of them large, wait an hour for balance: State holds one copy of each and the claims of the probes", async () => {
  const world = createWorld();
  const measure = watch(world);
  const signer = createJobSigner([KEYS.now]);
  const largePayloads = createLargePayloads(world.state, signer, { ...systemRuntime, now: world.now });
  world.ports.loadOffloaded = largePayloads.load;
  world.ports.discardOffloaded = largePayloads.discard;
  const { put } = world.queue;
  world.queue.put = async (job: Job) => {
    const signed = signer.sign(job);
    return put(signed.body.length > 7_800 ? await largePayloads.offload(job, signed) : job);
  };
  // As with a full queue: nobody waits at his delivery, and every message comes by every ten seconds.
  world.ackDelay.room = false;
  const { send } = world.sender;
  let hasBalance = false;
  world.sender.send = (message) => {
    const refused = failedSend("account", { concerns: "account", code: "low-balance", description: "No" });
    if (!hasBalance) world.sender.script = [refused];
    return send(message);
  };

  for (const message of messages) await world.queue.put(sendJob(1, message));
  const runRound = async () => {
    for (const job of world.queue.jobs.splice(0)) await world.run(job);
    world.now.advance(10_000);
  };
  for (let round = 0; round < ROUNDS; round++) await runRound();
  const probes = world.sender.sent.length;
  const waiting = measure();
  expect(world.queue.jobs).toHaveLength(MESSAGES);
  expect({ ...waiting, probes }).toEqual({ keys: LARGE, fields: 126, kilobytes: 611, probes: 122 });

  hasBalance = true;
  while (world.queue.jobs.length > 0) await runRound();
  const sent = new Set(world.sender.sent.slice(probes));
  expect({ sent: sent.size, told: world.told(), keys: measure().keys }).toEqual({
    sent: MESSAGES,
    told: [],
    keys: 0,
  });
});
