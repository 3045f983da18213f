import { describe, expect, it } from "@jest/globals";
import type { Job, OffloadedJob, SendJob } from "../../../src/core/job.ts";
import type { OffloadedMessage } from "../../../src/core/message.ts";
import type { FailedSend } from "../../../src/core/ports.ts";
import { dispatch, readDelivery } from "../../../src/flows/dispatch/dispatch.ts";
import { ConnectorError, type ErrorCode } from "../../../src/lib/errors.ts";
import { failedSend, T0, unavailable, whatsappMessage } from "../../support/ports.ts";
import { createWorld, reportJob, sendJob, unknownOutcomeJob } from "./world.ts";

const offloaded: OffloadedJob = { kind: "offloaded", attempt: 1, queue: "whatsapp", id: "m-1", key: "job:1" };

describe("what the queue delivered", () => {
  const read = (outcome: () => Job) => {
    const { ackDelay, now } = createWorld();
    return readDelivery(outcome, ackDelay, now)
      .catch((error) => error.code)
      .then((result) => ({ result, waited: ackDelay.waits }));
  };
  const refuse = (code: ErrorCode, retryable: boolean) => () => {
    throw new ConnectorError(code, "no", { retryable });
  };

  it("is a job", async () => {
    expect(await read(() => offloaded)).toEqual({ result: offloaded, waited: [] });
  });

  it("is refused late where another version of the connector may read it soon", async () => {
    expect(await read(refuse("unknown_job_version", true))).toEqual({
      result: "unknown_job_version",
      waited: [10_000],
    });
  });

  it("is refused at once where it is not ours: strangers do not take the room of our own", async () => {
    expect(await read(refuse("foreign_job", false))).toEqual({ result: "foreign_job", waited: [] });
  });
});

/** A send whose content is kept under `job:1`, as it comes off the queue. */
function offloadedSend(attempt = 1, over: Partial<OffloadedMessage> = {}): SendJob {
  const { content: _, ...envelope } = whatsappMessage();
  return { kind: "send", attempt, message: { ...envelope, contentKey: "job:1", ...over } };
}

function createWorldWithContent(policy?: "resend") {
  const world = createWorld(policy && { waitSeconds: 1_200, policy });
  world.offloaded.set("job:1", sendJob());
  return world;
}

describe("a message whose content is offloaded", () => {
  it("is sent as if it had come whole, and its content is put away", async () => {
    const world = createWorldWithContent();
    const sent: unknown[] = [];
    const { send } = world.sender;
    world.sender.send = (message) => {
      sent.push(message);
      return send(message);
    };
    await world.run(offloadedSend());
    expect({ sent, kept: world.offloaded.size }).toEqual({ sent: [whatsappMessage()], kept: 0 });
  });

  it.each<[string, FailedSend["outcome"], object]>([
    ["is put back with the same key", "throttled", { kind: "send", attempt: 2 }],
    ["waits for its outcome with the same key", "unknown", { kind: "unknown-outcome", attempt: 1 }],
  ])("%s when it was %s", async (_, outcome, job) => {
    const world = createWorldWithContent();
    world.sender.script = [failedSend(outcome)];
    await world.run(offloadedSend());
    expect(world.queue.jobs).toEqual([expect.objectContaining({ ...job, message: offloadedSend().message })]);
    expect(world.offloaded.size).toBe(1);
  });

  it("is put away when it is refused, expired, or opted out", async () => {
    const refused = createWorldWithContent();
    refused.sender.script = [failedSend("refused")];
    await refused.run(offloadedSend());
    const expired = createWorldWithContent();
    await expired.run(offloadedSend(1, { expiresAt: T0 }));
    const optedOut = createWorldWithContent();
    await optedOut.suppression.record("whatsapp", ["447700900123"], "out", T0);
    await optedOut.run(offloadedSend());
    expect([refused, expired, optedOut].map(({ offloaded }) => offloaded.size)).toEqual([0, 0, 0]);
  });

  it("is put away when a status settles an unknown outcome, or nobody knows in the end", async () => {
    const job = { ...unknownOutcomeJob(), message: offloadedSend().message };
    const settled = createWorldWithContent();
    await settled.leaveStatus("delivered");
    await settled.run(job);
    const unknown = createWorldWithContent();
    unknown.now.advance(1_200_000);
    await unknown.run(job);
    expect([settled, unknown].map(({ offloaded }) => offloaded.size)).toEqual([0, 0]);
  });

  it("is kept for the attempt after an unknown one, under policy resend", async () => {
    const world = createWorldWithContent("resend");
    world.sender.script = [failedSend("unknown")];
    await world.run(offloadedSend());
    world.now.advance(1_200_000);
    for (let job = world.queue.jobs.shift(); job; job = world.queue.jobs.shift()) await world.run(job);
    expect({ sent: world.sender.sent, kept: world.offloaded.size }).toEqual({
      sent: ["m-1", "m-1"],
      kept: 0,
    });
  });

  it.each([
    ["fail", "outcome_unknown"],
    ["resend", "content_lost"],
  ] as const)(
    "is reported failed when its outcome is unknown and its content gone: policy %s",
    async (policy, code) => {
      const world = createWorld({ waitSeconds: 1_200, policy });
      world.now.advance(1_200_000);
      await world.run({ ...unknownOutcomeJob(), message: offloadedSend().message });
      for (let job = world.queue.jobs.shift(); job; job = world.queue.jobs.shift()) await world.run(job);
      expect(world.told()).toMatchObject([{ id: "m-1", status: "failed", error: { code } }]);
    },
  );

  it("waits in the queue while State is away: unclaimed, or as the next attempt", async () => {
    const world = createWorldWithContent();
    world.state.isDown(true);
    await world.run(offloadedSend());
    world.state.isDown(false);
    const { loadOffloaded } = world.ports;
    world.ports.loadOffloaded = async () => ({ outcome: "state-down" });
    await world.run(offloadedSend());
    world.ports.loadOffloaded = loadOffloaded;
    expect(world.queue.jobs).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
    for (let job = world.queue.jobs.shift(); job; job = world.queue.jobs.shift()) await world.run(job);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });

  it("is reported failed, once, when its content is gone and it was never settled", async () => {
    const world = createWorld();
    for (const job of [offloadedSend(), offloadedSend()]) await world.run(job);
    expect(world.told()).toMatchObject([{ id: "m-1", status: "failed", error: { code: "content_lost" } }]);
    expect({ jobs: world.queue.jobs, phase: world.phase() }).toEqual({ jobs: [], phase: "refused" });
  });

  it.each([
    ["its claim says so", (world: ReturnType<typeof createWorld>) => world.leaveClaim(1), "sent"],
    ["a status says so", (world: ReturnType<typeof createWorld>) => world.leaveStatus("sent"), undefined],
  ])("is nobody's business when its content is gone and it was settled: %s", async (_, leave, phase) => {
    const world = createWorld();
    await leave(world);
    if (phase) await world.leavePhase(phase);
    await world.run(offloadedSend());
    expect({ told: world.told(), jobs: world.queue.jobs }).toEqual({ told: [], jobs: [] });
  });

  it.each([
    ["somebody else's", () => Promise.reject(new ConnectorError("foreign_job", "no", { httpStatus: 401 }))],
    [
      "another message's",
      async () => ({ outcome: "found" as const, job: sendJob(1, whatsappMessage({ id: "m-2" })) }),
    ],
    ["no message's", async () => ({ outcome: "found" as const, job: reportJob() })],
  ])("is never sent, and reported failed, when what lies there is %s", async (_, loadOffloaded) => {
    const world = createWorld();
    world.ports.loadOffloaded = loadOffloaded;
    await world.run(offloadedSend());
    expect({ sent: world.sender.sent, told: world.told() }).toMatchObject({
      sent: [],
      told: [{ error: { code: "content_lost" } }],
    });
  });

  it("stays on the queue when another version of the connector made its content", async () => {
    const world = createWorldWithContent();
    world.ports.loadOffloaded = () =>
      Promise.reject(new ConnectorError("unknown_job_version", "newer", { retryable: true }));
    await world.run(offloadedSend());
    expect({ jobs: world.queue.jobs, told: world.told(), waited: world.ackDelay.waits }).toEqual({
      jobs: [offloadedSend(2)],
      told: [],
      waited: [10_000],
    });
  });
});

describe("a report or a reply that is offloaded as a whole", () => {
  const stands: OffloadedJob = {
    ...{ kind: "offloaded", attempt: 1, queue: "reports", id: "m-1", key: "job:1" },
    message: { id: "m-1", origin: "mw", channel: "whatsapp", to: "447700900123" },
  };

  it("is carried out as if it had come whole, and put away", async () => {
    const world = createWorld();
    world.offloaded.set("job:1", reportJob());
    await world.run(stands);
    expect({ told: world.told().length, kept: world.offloaded.size }).toEqual({ told: 1, kept: 0 });
  });

  it("shares one copy however often it is put back", async () => {
    const world = createWorld();
    world.offloaded.set("job:1", reportJob());
    world.channel.outcome = () => Promise.reject(unavailable("platform_unavailable"));
    await world.run(stands);
    await world.run(world.queue.jobs.shift() as OffloadedJob);
    expect({ jobs: world.queue.jobs, kept: world.offloaded.size }).toEqual({
      jobs: [{ ...stands, attempt: 3 }],
      kept: 1,
    });
  });

  it("is told rarer each time where the platform may have it", async () => {
    const world = createWorld();
    world.offloaded.set("job:1", reportJob({ repeat: { times: 1, at: T0 } }));
    world.channel.outcome = () => Promise.reject(unavailable("platform_unanswered"));
    await world.run(stands);
    const again = { ...stands, attempt: 2, repeat: { times: 2, at: T0 + 20 * 60_000 } };
    expect(world.queue.jobs).toEqual([again]);
    // Too early: nothing is told.
    await world.run(world.queue.jobs.shift() as OffloadedJob);
    expect(world.queue.jobs).toEqual([again]);
  });

  it("waits in its place while State is away", async () => {
    const world = createWorld();
    world.state.isDown(true);
    await world.run(stands);
    expect(world.queue.jobs).toEqual([stands]);
  });

  it("is reported failed when it is gone", async () => {
    const world = createWorld();
    await world.run(stands);
    expect(world.told()).toMatchObject([{ id: "m-1", status: "failed", error: { code: "content_lost" } }]);
  });

  it("is not reported again when it is gone and its message was settled", async () => {
    const world = createWorld();
    await world.run(reportJob());
    await world.run(stands);
    expect(world.told()).toMatchObject([{ error: { code: "expired" } }]);
  });

  it("is over, with a loud line that names it, when it is gone and nobody can be told", async () => {
    const world = createWorld();
    await world.run({ ...stands, message: undefined });
    expect(world.log.at("error")).toMatchObject([{ fields: { msg_id: "m-1" } }]);
    expect(world.queue.jobs).toEqual([]);
  });

  it.each([
    ["is refused when it was altered", new ConnectorError("foreign_job", "altered", { httpStatus: 401 })],
    [
      "stays on the queue when another version of the connector made it",
      new ConnectorError("unknown_job_version", "newer", { retryable: true }),
    ],
  ])("%s", async (_, error) => {
    const world = createWorld();
    await expect(
      dispatch(stands, { ...world.ports, loadOffloaded: () => Promise.reject(error) }),
    ).rejects.toBe(error);
    expect(world.queue.jobs).toEqual([]);
  });
});
