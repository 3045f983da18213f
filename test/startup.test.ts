import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { Queue, type VCRSession } from "@vonage/vcr-sdk";
import { QUEUE_PURPOSES } from "../src/core/job.ts";
import type { Vcr } from "../src/sandbox/vcr/index.ts";
import { watchQueues } from "../src/startup.ts";
import { ProviderRefusal } from "../src/vcr/session.ts";
import { createClock, createRecordingLog } from "./support/ports.ts";
import { closeReplicas, openVcr, SERVICE, startReplica } from "./vcr/runtime.ts";

const NAME = `${SERVICE}-whatsapp`;

let vcr: Vcr;
beforeEach(async () => {
  ({ vcr } = await openVcr());
});
afterEach(async () => {
  await closeReplicas();
  await vcr.stop();
});

/** A watch whose pauses end at once, with the clock set on; `at` is called before each look. */
async function watch(
  looks: number,
  at: (look: number, sdk: Queue, session: VCRSession) => Promise<unknown> | undefined,
) {
  const { session, state, ensure } = startReplica(vcr);
  await ensure();
  const sdk = new Queue(session);
  const log = createRecordingLog();
  const now = createClock();
  let look = 0;
  const waits: number[] = [];
  await watchQueues({
    ...{ session, state, now, random: Math.random, log },
    queueSettings: {
      ...{ serviceName: SERVICE, callbackPath: "/webhooks/message-dispatcher" },
      ...{ ratePerSecond: 29, maxInflight: 200 },
    },
    async pause(ms) {
      if (ms < 1_000) return;
      waits.push(ms);
      now.advance(ms);
      look++;
      if (look <= looks) await at(look, sdk, session);
    },
    isStopping: () => look > looks,
  });
  const lines = log.lines.map(({ level, msg, fields }) => [level, msg.replace(/:.*/, ""), fields]);
  return { lines, waits, log };
}

it("a queue that is deleted is made again within half a minute, and that is said", async () => {
  const { lines, waits } = await watch(3, (look, sdk) => (look === 2 ? sdk.deleteQueue(NAME) : undefined));
  expect(lines).toEqual([
    ["error", "A queue was deleted at VCR, and what waited on it is lost", { queues: [NAME] }],
    ["info", "The queues are there again", { queues: [NAME] }],
  ]);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
  expect(Object.keys(vcr.records().queues)).toContain(NAME);
});

/** As the queue provider's gateway does now and then: of all calls like this one, it refuses some by their number. */
function refuse(session: VCRSession, call: string, status: number, numbers: number[]): void {
  const request = session.request.bind(session);
  let calls = 0;
  session.request = (params) => {
    const isLike = call === `${params.method} ${new URL(params.url).pathname}`;
    if (!isLike || !numbers.includes(++calls)) return request(params);
    return Promise.reject(new ProviderRefusal(status, "queue"));
  };
}

it("a queue that is there, and is answered for with 404 once, was not deleted", async () => {
  const { lines } = await watch(3, async (look, _sdk, session) => {
    if (look === 2) refuse(session, `GET /queue/${NAME}`, 404, [1]);
  });
  expect(lines).toEqual([]);
});

it("neither was one that is answered for with 404 until it is to be made", async () => {
  const { lines } = await watch(3, async (look, _sdk, session) => {
    if (look === 2) refuse(session, `GET /queue/${NAME}`, 404, [1, 2]);
  });
  expect(lines).toEqual([]);
});

it("of the queues that are gone each is told once it is made, though another cannot be made yet", async () => {
  const { lines } = await watch(4, async (look, sdk, session) => {
    if (look !== 2) return;
    await sdk.deleteQueue(NAME);
    await sdk.deleteQueue(`${SERVICE}-reports`);
    refuse(session, "POST /queue", 503, [2]);
  });
  const lost = "A queue was deleted at VCR, and what waited on it is lost";
  expect(lines.filter(([level]) => level !== "debug")).toEqual([
    ["error", lost, { queues: [NAME] }],
    ["info", "The queues are there again", { queues: [NAME] }],
    ["error", lost, { queues: [`${SERVICE}-reports`] }],
    ["info", "The queues are there again", { queues: [`${SERVICE}-reports`] }],
  ]);
});

it("a queue that is paused is said at once and every five minutes, with the remedy, until it goes on", async () => {
  const { lines, log } = await watch(46, (look, sdk) => {
    if (look === 1) return sdk.pauseQueue(NAME);
    return look === 40 ? sdk.resumeQueue(NAME) : undefined;
  });
  const paused = ["warn", "The queue is paused at VCR", { queue: NAME }];
  expect(lines).toEqual([paused, paused, paused, ["info", "The queue goes on", { queue: NAME }]]);
  expect(log.at("warn")[0]?.msg).toContain("resumeQueue");
});

it("a provider that is away makes no queue, and no noise", async () => {
  const { lines } = await watch(4, async (look) => {
    if (look === 1) vcr.setFault("queue-service", { down: true });
    if (look === 2) vcr.setFault("queue-service", { status: 401 });
    if (look === 3) vcr.setFault("queue-service", null);
  });
  expect(lines.filter(([level]) => level !== "debug")).toEqual([]);
  expect(vcr.records().calls["queue-service"]?.["POST /queue"]).toBe(QUEUE_PURPOSES.length);
});
