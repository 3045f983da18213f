import { describe, expect, it } from "@jest/globals";
import type { SendJob } from "../../../src/core/job.ts";
import { claimBuckets } from "../../../src/core/state-keys.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { failedSend, HOUR, T0, unavailable } from "../../support/ports.ts";
import { createWorld, replyJob, reportJob, sendJob, unknownOutcomeJob } from "./world.ts";

const DECIDE = 1_200_000;
const unknown = {
  id: "m-1",
  status: "failed",
  error: {
    code: "outcome_unknown",
    description: "The outcome is unknown: Vonage neither confirmed nor refused the message",
  },
};

describe("a message whose outcome is unknown", () => {
  it("waits as a job: answered late, and put back with the same deadline", async () => {
    const world = createWorld();
    await world.run(unknownOutcomeJob());
    expect({ waits: world.ackDelay.waits, jobs: world.queue.jobs, told: world.told() }).toEqual({
      waits: [10_000],
      jobs: [unknownOutcomeJob()],
      told: [],
    });
  });

  it("does not wait longer than needed", async () => {
    const world = createWorld();
    await world.run(unknownOutcomeJob({ decideAt: T0 + 800 }));
    expect({ waits: world.ackDelay.waits, told: world.told() }).toEqual({ waits: [800], told: [unknown] });
  });

  it.each(["sent", "delivered", "read", "failed"] as const)(
    "is settled by a status, even while it waits: %s",
    async (status) => {
      const world = createWorld();
      await world.leaveStatus(status);
      await world.run(unknownOutcomeJob());
      world.now.advance(DECIDE);
      await world.run(unknownOutcomeJob());
      expect({ jobs: world.queue.jobs, told: world.told() }).toEqual({ jobs: [], told: [] });
    },
  );

  it.each(["sent", "refused", "released:1", "released:2", "unknown:2"])(
    "is settled when its owner got further: %s",
    async (phase) => {
      const world = createWorld();
      await world.leavePhase(phase);
      world.now.advance(DECIDE);
      await world.run(unknownOutcomeJob());
      expect({ jobs: world.queue.jobs, told: world.told() }).toEqual({ jobs: [], told: [] });
    },
  );

  it.each([undefined, "unknown:2", "unknown:1", "released:1"])(
    "of attempt 2 is decided when the phase is %s",
    async (phase) => {
      const world = createWorld();
      if (phase) await world.leavePhase(phase);
      world.now.advance(DECIDE);
      await world.run(unknownOutcomeJob({ attempt: 2 }));
      expect({ jobs: world.queue.jobs, told: world.told() }).toEqual({ jobs: [], told: [unknown] });
    },
  );

  it("is reported failed once, however often the job is delivered", async () => {
    const world = createWorld();
    world.now.advance(DECIDE);
    await world.run(unknownOutcomeJob());
    await world.run(unknownOutcomeJob());
    expect(world.told()).toEqual([unknown]);
  });

  it("is sent again under policy resend, once even when the job is delivered twice", async () => {
    const world = createWorld({ waitSeconds: 1_200, policy: "resend" });
    world.sender.script = [failedSend("unknown")];
    await world.run(sendJob());
    world.now.advance(DECIDE);
    await world.run(unknownOutcomeJob());
    await world.run(unknownOutcomeJob());
    const [, ...copies] = world.queue.jobs;
    expect(copies).toEqual([sendJob(2), sendJob(2)]);
    for (const copy of copies) await world.run(copy);
    expect({ sent: world.sender.sent, told: world.told() }).toEqual({ sent: ["m-1", "m-1"], told: [] });
  });

  it("is decided in the end when the attempt that was sent again dies as well", async () => {
    const world = createWorld({ waitSeconds: 1_200, policy: "resend" });
    await world.leavePhase("unknown:1");
    await world.leaveClaim(2);
    await world.run(sendJob(2));
    world.now.advance(DECIDE);
    await world.run(unknownOutcomeJob({ attempt: 2, decideAt: T0 }));
    expect(world.queue.jobs.at(-1)).toEqual(sendJob(3));
  });

  it("keeps its report as a job when the platform is away", async () => {
    const world = createWorld();
    world.channel.outcome = async () => {
      throw unavailable("platform_unavailable");
    };
    world.now.advance(DECIDE);
    await world.run(unknownOutcomeJob());
    expect(world.queue.jobs).toMatchObject([{ kind: "report", attempt: 1, report: unknown }]);
  });

  it.each([
    ["waits", 0],
    ["has to be decided", DECIDE],
  ])("goes back to the queue when State is down and it %s: nothing is decided blindly", async (_, later) => {
    const world = createWorld();
    world.state.isDown(true);
    world.now.advance(later);
    await world.run(unknownOutcomeJob());
    expect({ jobs: world.queue.jobs, told: world.told(), waits: world.ackDelay.waits.length > 0 }).toEqual({
      jobs: [unknownOutcomeJob()],
      told: [],
      waits: true,
    });
  });

  it("rejects when the queue does not take it back", async () => {
    const world = createWorld();
    world.queue.failures = 1;
    await expect(world.run(unknownOutcomeJob())).rejects.toMatchObject({ retryable: true });
  });
});

describe("a claim that State did not answer, and the same job delivered again in between", () => {
  it("are still put right when the queue does not take the message at once", async () => {
    const { run, queue, state, sender, phase, ackDelay } = createWorld();
    ackDelay.room = false;
    const job = unknownOutcomeJob({ unanswered: [7] });
    await state.write(claimBuckets(T0)[0]!, "mw:m-1#1@7", "lost");
    queue.failures = 1;
    await expect(run(job)).rejects.toMatchObject({ code: "queue_unavailable" });
    await run(job);
    expect([queue.jobs, phase()]).toEqual([[sendJob(2)], "released:1"]);
    for (const next of queue.jobs.splice(0)) await run(next as SendJob);
    await run(job);
    expect([sender.sent, queue.jobs, phase()]).toEqual([["m-1"], [], "sent"]);
  });

  it("leave no outcome unknown: the message goes out, once", async () => {
    const { run, queue, state, sender, told, ackDelay } = createWorld();
    ackDelay.room = false;
    const { increment } = state;
    state.increment = async (...args) => {
      await increment(...args);
      throw unavailable();
    };
    await run(sendJob());
    state.increment = increment;
    const [putBack] = queue.jobs.splice(0);
    await run(sendJob());
    await run(putBack as SendJob);
    const jobs = queue.jobs.splice(0);
    expect(jobs.map(({ kind }) => kind)).toEqual(["unknown-outcome", "unknown-outcome"]);
    for (const job of [...jobs].reverse()) await run(job);
    const next = queue.jobs.splice(0);
    expect(next).toEqual([sendJob(2)]);
    for (const job of [...next, ...next]) await run(job);
    expect([sender.sent, told()]).toEqual([["m-1"], []]);
  });
});

describe("a report in the outbox", () => {
  it("is delivered", async () => {
    const world = createWorld();
    await world.run(reportJob());
    expect({ told: world.told(), jobs: world.queue.jobs }).toEqual({
      told: [{ id: "m-1", status: "failed", error: { code: "expired", description: "too late" } }],
      jobs: [],
    });
  });

  it("waits and is put back while the platform is away", async () => {
    const world = createWorld();
    world.channel.outcome = async () => {
      throw unavailable("platform_unavailable");
    };
    await world.run(reportJob());
    expect({ waits: world.ackDelay.waits, jobs: world.queue.jobs }).toEqual({
      waits: [10_000],
      jobs: [reportJob({ attempt: 2 })],
    });
  });

  it.each([
    ["after its time", T0 + 7 * 24 * HOUR, true],
    ["when the platform refuses it for good", T0, false],
  ])("is given up %s", async (_, _at, isLate) => {
    const world = createWorld();
    if (isLate) world.now.advance(7 * 24 * HOUR);
    world.channel.outcome = async () => {
      throw isLate ? unavailable("platform_unavailable") : new ConnectorError("platform_refused", "no");
    };
    await world.run(reportJob());
    expect({ jobs: world.queue.jobs, errors: world.log.at("error").length }).toEqual({ jobs: [], errors: 1 });
  });

  it("is delivered even after its time", async () => {
    const world = createWorld();
    world.now.advance(8 * 24 * HOUR);
    await world.run(reportJob());
    expect(world.told()).toHaveLength(1);
  });

  it("is delivered while State is down", async () => {
    const world = createWorld();
    world.state.isDown(true);
    await world.run(reportJob());
    expect({ told: world.told().length, jobs: world.queue.jobs }).toEqual({ told: 1, jobs: [] });
  });
});

describe("a reply in the outbox", () => {
  const world = () => {
    const made = createWorld();
    const replies: string[] = [];
    const outcome = { post: async (): Promise<void> => undefined };
    made.channel.replies = {
      wants: () => true,
      subscribe: async () => undefined,
      async post({ id }) {
        await outcome.post();
        replies.push(id);
      },
    };
    return { ...made, replies, outcome };
  };

  it("is delivered", async () => {
    const { run, queue, replies } = world();
    await run(replyJob());
    expect({ replies, jobs: queue.jobs }).toEqual({ replies: ["in-1"], jobs: [] });
  });

  it("waits and is put back while the platform is away", async () => {
    const { run, queue, ackDelay, outcome } = world();
    outcome.post = async () => {
      throw unavailable();
    };
    await run(replyJob());
    expect({ waits: ackDelay.waits, jobs: queue.jobs }).toEqual({
      waits: [10_000],
      jobs: [replyJob({ attempt: 2 })],
    });
  });
});
