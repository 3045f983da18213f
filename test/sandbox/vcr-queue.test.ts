import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import {
  type Call,
  credentials,
  eventually,
  SERVICE_NAME,
  sdk,
  startApp,
  verifyPlatformToken,
} from "./helpers.ts";

let vcr: Vcr;
let stops: (() => Promise<void>)[];

async function start(callbackTimeoutMs: number) {
  vcr = await startVcr({ credentials, serviceName: SERVICE_NAME, callbackTimeoutMs });
  stops.push(vcr.stop);
}

async function appOf(answer?: Parameters<typeof startApp>[0]) {
  const app = await startApp(answer);
  stops.push(app.stop);
  return app;
}

beforeEach(async () => {
  vcr = await startVcr({
    credentials,
    serviceName: SERVICE_NAME,
    callbackTimeoutMs: 10_000,
    unreachableMs: 10_000,
  });
  stops = [vcr.stop];
});

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

const fast = { active: true, maxInflight: 10, msgPerSecond: 1_000 };
const recordOf = (name: string) => vcr.records().queues[name];

describe("the queue through the unmodified SDK", () => {
  it("delivers each job by itself, with the platform's headers, and counts it as acknowledged", async () => {
    const app = await appOf();
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "webhooks/job", fast);
    await queue.enqueue("q1", [{ a: 1 }, { b: "ü" }]);
    await queue.enqueueSingle("q1", { c: 3 });
    await eventually(() => recordOf("q1")?.acked === 3);

    // Three deliveries at a time: any may arrive first.
    expect(app.calls.map(({ raw }) => raw.toString()).toSorted()).toEqual([
      '{"a":1}',
      '{"b":"ü"}',
      '{"c":3}',
    ]);
    const { path, headers } = app.calls[0]!;
    expect(path).toBe("/webhooks/job");
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "x-neru-queue-name": "q1",
      "x-neru-sessionid": "00000000-0000-0000-0000-000000000000",
    });
    expect(verifyPlatformToken(String(headers["authorization"]).slice(7))).toMatchObject({
      api_account_id: credentials.accountId,
      exp: expect.any(Number),
    });
    expect(recordOf("q1")).toMatchObject({
      accepted: 3,
      delivered: 3,
      acked: 3,
      dead: 0,
      waiting: 0,
      inflight: 0,
    });
  });

  it("lists, describes, updates and deletes", async () => {
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "/webhooks/job", { active: false, maxInflight: 10, msgPerSecond: 30 });
    await queue.updateQueue("q1", { maxInflight: 1, msgPerSecond: 2 });
    await queue.enqueue("q1", [1, 2]);

    expect(await queue.list()).toEqual(["q1"]);
    expect(await queue.getQueueDetails("q1")).toEqual({
      queueDetails: {
        name: "q1",
        active: false,
        rate: { maxInflight: 1, msgPerSecond: 2 },
        callback: expect.objectContaining({ path: "/webhooks/job", instanceServiceName: SERVICE_NAME }),
      },
      stats: { currentRate: 0, currentInflight: 0, totalSent: 0, totalError: 0, totalEnqueue: 2 },
    });

    await queue.deleteQueue("q1");
    expect(await queue.list()).toEqual([]);
  });

  it("holds jobs while it is paused", async () => {
    const app = await appOf();
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.pauseQueue("q1");
    await queue.enqueue("q1", [1]);
    expect(recordOf("q1")).toMatchObject({ waiting: 1, delivered: 0 });
    await queue.resumeQueue("q1");
    await eventually(() => recordOf("q1")?.acked === 1);
  });

  it("delivers a refused job four times at once and then moves it to the dead letters", async () => {
    const app = await appOf(() => ({ status: 503 }));
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.enqueue("q1", [{ id: 1 }, { id: 2 }]);
    await eventually(() => recordOf("q1")?.dead === 2);

    expect(recordOf("q1")).toMatchObject({ delivered: 8, acked: 0, dead: 2 });
    expect(vcr.deadLetters("q1").sort()).toEqual(['{"id":1}', '{"id":2}']);
    expect((await queue.deadLetterList("q1")).length).toBe(2);
    expect(await queue.deadLetterDequeue("q1", 5)).toEqual(expect.arrayContaining([{ id: 1 }, { id: 2 }]));
    expect(await queue.deadLetterList("q1")).toEqual([]);
  });

  it.each<[string, (call: Call, count: number) => ReturnType<NonNullable<Parameters<typeof startApp>[0]>>]>([
    ["a refusal", (_call, count) => ({ status: count === 1 ? 500 : 204 })],
    ["a broken connection", (_call, count) => (count === 1 ? "reset" : { status: 200 })],
  ])("delivers again after %s", async (_name, answer) => {
    const app = await appOf(answer);
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.enqueue("q1", [{ id: 1 }]);
    await eventually(() => recordOf("q1")?.acked === 1);
    expect(recordOf("q1")).toMatchObject({ delivered: 2, acked: 1, dead: 0 });
  });

  it("delivers again when a callback is not answered in time", async () => {
    await start(500);
    const app = await appOf((_call, count) => (count === 1 ? "hang" : { status: 200 }));
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.enqueue("q1", [{ id: 1 }]);
    await eventually(() => recordOf("q1")?.acked === 1);
    expect(recordOf("q1")?.delivered).toBeGreaterThan(1);
  });

  it("never has more than maxInflight deliveries open, and catches up when it is raised", async () => {
    const app = await appOf((call) => (call.body === "slow" ? "hang" : { status: 200 }));
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", { ...fast, maxInflight: 2 });
    await queue.enqueue("q1", ["slow", "slow", "quick"]);
    await eventually(() => app.calls.length === 2);
    expect(recordOf("q1")).toMatchObject({ inflight: 2, waiting: 1 });
    await queue.updateQueue("q1", { maxInflight: 3, msgPerSecond: 1_000 });
    await eventually(() => recordOf("q1")?.acked === 1);
    expect(recordOf("q1")?.maxInflight).toBe(3);
  });

  it("does not exceed msgPerSecond", async () => {
    const app = await appOf();
    vcr.setApps([app.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", { active: true, maxInflight: 100, msgPerSecond: 200 });
    const startedAt = performance.now();
    await queue.enqueue(
      "q1",
      Array.from({ length: 9 }, (_, n) => n),
    );
    await eventually(() => recordOf("q1")?.acked === 9);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(38);
  });

  it("serves replicas in turn and passes over one that refuses connections", async () => {
    const [one, two, gone] = [await appOf(), await appOf(), await startApp()];
    await gone.stop();
    vcr.setApps([one.url, gone.url, two.url]);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", { ...fast, maxInflight: 1 });
    await queue.enqueue("q1", [1, 2, 3, 4]);
    await eventually(() => recordOf("q1")?.acked === 4);
    expect([one.calls.length, two.calls.length]).toEqual([2, 2]);
    expect(recordOf("q1")?.delivered).toBe(4);
  });

  it("waits while no replica is reachable", async () => {
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.enqueue("q1", [1]);
    const app = await appOf();
    vcr.setApps([app.url]);
    await eventually(() => recordOf("q1")?.acked === 1);
    expect(recordOf("q1")).toMatchObject({ delivered: 1, dead: 0 });
  });

  it("delivers acknowledged jobs a second time when told to", async () => {
    const app = await appOf();
    vcr.setApps([app.url]);
    vcr.setRedeliverShare(1);
    const { queue } = sdk(vcr.url);
    await queue.createQueue("q1", "job", fast);
    await queue.enqueue("q1", [1, 2]);
    await eventually(() => app.calls.length === 4);
    expect(recordOf("q1")).toMatchObject({ accepted: 2, acked: 2, redelivered: 2 });
  });
});
