import { describe, expect, it } from "@jest/globals";
import type { Job, SendJob } from "../../../src/core/job.ts";
import { claimBuckets } from "../../../src/core/state-keys.ts";
import { sharedByCopies } from "../../../src/flows/dispatch/dispatch.ts";
import { failedSend, HOUR, smsMessage, T0, unavailable, whatsappMessage } from "../../support/ports.ts";
import { createWorld, sendJob } from "./world.ts";

const unknownOutcomeJob = (attempt = 1) => ({
  kind: "unknown-outcome",
  attempt,
  message: whatsappMessage(),
  decideAt: expect.any(Number),
});

/** Somebody else's message, which takes a slot. */
const other = sendJob(1, whatsappMessage({ id: "other" }));

/** Vonage refuses three messages in a row. */
function pause({ gate }: ReturnType<typeof createWorld>): void {
  for (let n = 0; n < 3; n++) gate.begin(other)(lowBalance());
}

const lowBalance = () =>
  failedSend("account", {
    concerns: "account",
    code: "low-balance",
    description: "Low balance",
    facts: { status: 402, vonageCode: "low-balance" },
  });

describe("a message that goes out", () => {
  it("is sent once, remembered as sent, and told in the promised lines", async () => {
    const world = createWorld();
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs, phase: world.phase() }).toEqual({
      sent: ["m-1"],
      jobs: [],
      phase: "sent",
    });
    expect(world.log.lines).toEqual([
      {
        level: "info",
        msg: "execute { template: { name: 'welcome' } }",
        fields: { msg_id: "m-1", attempt: 1 },
      },
      {
        level: "info",
        msg: "Sending WhatsApp via Vonage: msg_id=m-1",
        fields: { msg_id: "m-1", attempt: 1, outcome: "accepted", message_uuid: "uuid-1", ms: 0 },
      },
    ]);
  });

  it("has one line when it is an SMS", async () => {
    const world = createWorld();
    await world.run(sendJob(1, smsMessage()));
    expect(world.log.lines.map(({ msg }) => msg)).toEqual(["Sending SMS via Vonage: msg_id=s-1"]);
  });

  it("needs nothing of State but the claim: a phase that cannot be written is no failure", async () => {
    const world = createWorld();
    world.state.down.add("write");
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });
});

describe("a send that failed", () => {
  it("refused: one failed report with Vonage's code and words, and nothing more", async () => {
    const world = createWorld();
    world.sender.script = [
      failedSend("refused", { code: "1022", description: "Invalid template: name unknown" }),
    ];
    await world.run(sendJob());
    expect(world.told()).toEqual([
      {
        id: "m-1",
        status: "failed",
        error: { code: "1022", description: "Invalid template: name unknown" },
      },
    ]);
    expect({ jobs: world.queue.jobs, phase: world.phase() }).toEqual({ jobs: [], phase: "refused" });
  });

  it("refused while the platform is away: the report goes to the outbox", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("refused", { code: "1170", description: "No" })];
    world.channel.outcome = async () => {
      throw unavailable("platform_unavailable");
    };
    await world.run(sendJob());
    expect(world.queue.jobs).toEqual([
      {
        kind: "report",
        attempt: 1,
        expiresAt: T0 + 7 * 24 * HOUR,
        report: {
          origin: "mw",
          channel: "whatsapp",
          id: "m-1",
          to: "447700900123",
          status: "failed",
          at: T0,
          error: { code: "1170", description: "No" },
        },
      },
    ]);
  });

  it("throttled: the rate limiter slows down and the job goes back as the next attempt", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("throttled")];
    await world.run(sendJob());
    expect({ jobs: world.queue.jobs, phase: world.phase(), rate: world.gate.rate() }).toEqual({
      jobs: [sendJob(2)],
      phase: "released:1",
      rate: 14.5,
    });
  });

  it("throttled with Retry-After: nothing leaves before it is over", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("throttled", { retryAfterSeconds: 7 })];
    await world.run(sendJob());
    await world.run(sendJob(2));
    expect({ waited: world.now() - T0, sent: world.sender.sent.length }).toEqual({ waited: 7_000, sent: 2 });
  });

  it.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [4, 4_000],
    [5, 5_000],
    [40, 5_000],
  ])("transient or throttled on attempt %i: waits about %i ms, then put back", async (attempt, wait) => {
    for (const outcome of ["transient", "throttled"] as const) {
      const world = createWorld();
      world.sender.script = [failedSend(outcome)];
      await world.run(sendJob(attempt));
      expect(world.queue.jobs).toEqual([sendJob(attempt + 1)]);
      expect(world.ackDelay.waits).toHaveLength(1);
      expect(world.ackDelay.waits[0]).toBeGreaterThanOrEqual(wait * 0.75);
      expect(world.ackDelay.waits[0]).toBeLessThanOrEqual(wait * 1.25);
    }
  });

  it("unknown: a job to decide later, and never sent again by itself", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("unknown")];
    await world.run(sendJob());
    await world.run(sendJob());
    expect(world.sender.sent).toEqual(["m-1"]);
    expect(world.phase()).toBe("unknown:1");
    expect(world.queue.jobs[0]).toEqual({ ...unknownOutcomeJob(), decideAt: T0 + 1_200_000 });
    expect(world.told()).toEqual([]);
  });

  it.each([
    ["an error of ours", new TypeError("x")],
    ["an error of the connector", unavailable("not_sent")],
  ])("%s after the request may have left: the outcome is unknown", async (_, error) => {
    const world = createWorld();
    world.sender.script = [error];
    await world.run(sendJob());
    expect({ jobs: world.queue.jobs, phase: world.phase() }).toEqual({
      jobs: [unknownOutcomeJob()],
      phase: "unknown:1",
    });
  });
});

describe("an error of the account", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const job = (id: string) => sendJob(1, whatsappMessage({ id }));

  it("puts the job back, and pauses sending when it is that of several in a row", async () => {
    const world = createWorld();
    world.sender.script = ids.map(lowBalance);
    for (const id of ids) await world.run(job(id));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toMatchObject({
      sent: ["a", "b", "c"],
      jobs: [
        { attempt: 2, message: { id: "a" }, refusals: { times: 1, at: T0 } },
        { attempt: 2, message: { id: "b" } },
        { attempt: 2, message: { id: "c" } },
        { attempt: 1, message: { id: "d" } },
        { attempt: 1, message: { id: "e" } },
      ],
    });
  });

  it("lets one probe through every 30 s, never the message that failed last, and goes on when it succeeds", async () => {
    const world = createWorld();
    pause(world);
    world.sender.script = [lowBalance()];
    world.now.advance(30_000);
    await world.run(job("a"));
    const [again] = world.queue.jobs.splice(0);
    world.now.advance(20_000);
    await world.run(again as SendJob);
    expect(world.sender.sent).toEqual(["a"]);
    for (const id of ["b", "c"]) await world.run(job(id));
    expect(world.sender.sent).toEqual(["a", "b", "c"]);
  });

  it("is told in one loud line, however many sends were in flight and probes fail", async () => {
    const world = createWorld();
    world.sender.script = Array.from({ length: 6 }, lowBalance);
    world.now.advance(10_000);
    await Promise.all(ids.map((id) => world.run(job(id))));
    world.now.advance(30_000);
    await world.run(job("f"));
    expect(world.sender.sent).toEqual([...world.sender.sent.slice(0, -1), "f"]);
    expect(world.log.at("error").map(({ msg }) => msg)).toEqual([
      "Sending is paused, nothing is lost: Vonage refuses this account. Check its balance, its key and secret, and the application's private key",
    ]);
  });

  it("shows no whole number when Vonage's words quote one", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("refused", { description: "Sender 14155550100 is not yours" })];
    await world.run(sendJob());
    expect(JSON.stringify(world.log.lines)).not.toContain("14155550100");
  });

  it("ends when a probe is refused for the message's own fault: the account was not the reason", async () => {
    const world = createWorld();
    pause(world);
    world.sender.script = [failedSend("refused", { code: "1022", description: "Bad template" })];
    world.now.advance(30_000);
    for (const id of ["a", "b"]) await world.run(job(id));
    expect(world.sender.sent).toEqual(["a", "b"]);
  });

  it("stops messages that were already waiting for their slot", async () => {
    const world = createWorld();
    for (let slot = 0; slot < 5; slot++) world.gate.reserve(other, 10_000);
    const { wait } = world.ackDelay;
    world.ackDelay.wait = async (ms) => {
      pause(world);
      return wait(ms);
    };
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [sendJob()] });
  });
});

describe("a message that Vonage refuses to send for want of a right, and no other", () => {
  const forbidden = {
    concerns: "sender",
    code: "forbidden",
    description: "Forbidden: This number may not be written to.",
  } as const;

  /** Vonage refuses the message `bad`, and takes every other. */
  function createWorldWithOneBad() {
    const world = createWorld();
    const { send } = world.sender;
    world.sender.send = (message) => {
      if (message.id === "bad") world.sender.script = [failedSend("account", forbidden)];
      return send(message);
    };
    return world;
  }
  const job = (id: string) => sendJob(1, whatsappMessage({ id }));

  it("does not stop its queue: the others are sent at once", async () => {
    const world = createWorldWithOneBad();
    const good = Array.from({ length: 20 }, (_, n) => `good-${n}`);
    world.queue.jobs.push(job("bad"), ...good.map(job));
    let deliveries = 0;
    for (; !good.every((id) => world.sender.sent.includes(id)); deliveries++)
      await world.run(world.queue.jobs.shift() as SendJob);
    expect({ deliveries, seconds: Math.ceil((world.now() - T0) / 1_000) }).toEqual({
      deliveries: 21,
      seconds: 1,
    });
  });

  it("is refused for good, in Vonage's words, when others passed between three tries", async () => {
    const world = createWorldWithOneBad();
    world.queue.jobs.push(job("bad"));
    for (let n = 0; world.told().length === 0 && n < 100; n++) {
      await world.run(world.queue.jobs.shift() as SendJob);
      await world.run(job(`good-${n}`));
    }
    expect(world.told()).toEqual([
      { id: "bad", status: "failed", error: { code: "forbidden", description: forbidden.description } },
    ]);
    expect({
      tries: world.sender.sent.filter((id) => id === "bad").length,
      seconds: Math.round((world.now() - T0) / 1_000),
      phase: world.phase(whatsappMessage({ id: "bad" })),
      waiting: world.queue.jobs,
    }).toEqual({ tries: 3, seconds: 70, phase: "refused", waiting: [] });
  });

  it("is kept when nobody else passed: it may be the account", async () => {
    const world = createWorldWithOneBad();
    world.queue.jobs.push(job("bad"));
    while (world.now() < T0 + HOUR) await world.run(world.queue.jobs.shift() as SendJob);
    expect({ told: world.told(), waiting: world.queue.jobs.length }).toEqual({ told: [], waiting: 1 });
  });
});

describe("waiting for a slot", () => {
  it("answers the delivery when the slot has come", async () => {
    const world = createWorld();
    for (let slot = 0; slot < 33; slot++) world.gate.reserve(other, 10_000);
    await world.run(sendJob());
    expect({ waited: world.now() - T0 > 900, sent: world.sender.sent }).toEqual({
      waited: true,
      sent: ["m-1"],
    });
  });

  it("puts the job back at once when too many deliveries wait", async () => {
    const world = createWorld();
    for (let slot = 0; slot < 33; slot++) world.gate.reserve(other, 10_000);
    world.ackDelay.room = false;
    await world.run(sendJob());
    expect({ waited: world.now() - T0, sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({
      waited: 0,
      sent: [],
      jobs: [sendJob()],
    });
  });

  it("puts the job back when the process stops while it waits", async () => {
    const world = createWorld();
    for (let slot = 0; slot < 33; slot++) world.gate.reserve(other, 10_000);
    world.ackDelay.wait = async () => false;
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [sendJob()] });
  });
});

describe("a job without a slot whose put back the queue took without saying so", () => {
  it("goes round in two copies, one for each delivery, until one of them is sent", async () => {
    const world = createWorld();
    const { put } = world.queue;
    world.queue.put = async (job) => {
      await put(job);
      throw unavailable("queue_unavailable");
    };
    world.ackDelay.room = false;
    pause(world);
    await expect(world.run(sendJob())).rejects.toMatchObject({ code: "queue_unavailable" });
    world.queue.put = put;
    await world.run(sendJob());
    const copies: number[] = [];
    for (let round = 0; round < 20; round++) {
      for (const job of world.queue.jobs.splice(0)) await world.run(job);
      copies.push(world.queue.jobs.length);
    }
    expect(new Set(copies)).toEqual(new Set([2]));
    expect(Object.keys(world.state.hash(claimBuckets(T0)[0]!))).toEqual([]);
    world.now.advance(30_000);
    for (let job = world.queue.jobs.shift(); job; job = world.queue.jobs.shift()) await world.run(job);
    expect(world.sender.sent).toEqual(["m-1"]);
  });
});

describe("a message past its time", () => {
  const late = () => sendJob(1, whatsappMessage({ expiresAt: T0 }));
  const told = [
    {
      id: "m-1",
      status: "failed",
      error: { code: "expired", description: "The message expired before it could be sent" },
    },
  ];

  it("is not sent, and reported failed", async () => {
    const world = createWorld();
    await world.run(late());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs, told: world.told() }).toEqual({
      sent: [],
      jobs: [],
      told,
    });
  });

  it("is reported while sending is paused", async () => {
    const world = createWorld();
    pause(world);
    await world.run(late());
    expect(world.told()).toEqual(told);
  });

  it("is reported once when the job is delivered again", async () => {
    const world = createWorld();
    await world.run(late());
    await world.run(late());
    expect({ told: world.told(), jobs: world.queue.jobs }).toEqual({ told, jobs: [] });
  });

  it("expires where it would have been put back for ever", async () => {
    const world = createWorld();
    world.sender.script = Array.from({ length: 1_000 }, () => failedSend("transient"));
    let job = sendJob(1, whatsappMessage({ expiresAt: T0 + 60_000 }));
    while (world.told().length === 0) {
      await world.run(job);
      job = (world.queue.jobs.at(-1) ?? job) as typeof job;
    }
    expect(world.told()).toEqual(told);
    expect(world.now() - T0).toBeLessThan(70_000);
  });
});

describe("State down", () => {
  it("sends nothing: waits, and puts the same attempt back", async () => {
    const world = createWorld();
    world.state.isDown(true);
    await world.run(sendJob(3));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs, waits: world.ackDelay.waits }).toEqual({
      sent: [],
      jobs: [sendJob(3)],
      waits: [10_000],
    });
  });

  it.each(["increment", "read", "write"] as const)(
    "sends the message once State is back, whichever command failed first: %s",
    async (operation) => {
      const world = createWorld();
      world.state.down.add(operation);
      await world.run(sendJob());
      world.state.isDown(false);
      for (let job = world.queue.jobs.shift(); job; job = world.queue.jobs.shift()) {
        if (job.kind === "send") await world.run(job);
      }
      expect(world.sender.sent).toEqual(["m-1"]);
    },
  );

  it("sends the message once State is back when its claim was counted and only the answer was lost", async () => {
    const world = createWorld();
    const { increment } = world.state;
    world.state.increment = async (...claim) => {
      await increment(...claim);
      throw unavailable();
    };
    await world.run(sendJob());
    const [putBack] = world.queue.jobs.splice(0);
    await world.run(putBack as SendJob);
    world.state.increment = increment;
    const [again] = world.queue.jobs.splice(0);
    await world.run(again as SendJob);
    await world.run(again as SendJob);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });

  it("rejects when the queue does not take the job back either", async () => {
    const world = createWorld();
    world.state.isDown(true);
    world.queue.failures = 1;
    await expect(world.run(sendJob())).rejects.toMatchObject({ code: "queue_unavailable", retryable: true });
  });
});

describe("a person who has opted out", () => {
  const optedOut = () => {
    const world = createWorld();
    return world.suppression.record("whatsapp", ["447700900123"], "out", T0).then(() => world);
  };

  it("gets nothing, and the platform hears why", async () => {
    const world = await optedOut();
    await world.run(sendJob());
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs, told: world.told() }).toEqual({
      sent: [],
      jobs: [],
      told: [
        {
          id: "m-1",
          status: "failed",
          error: { code: "opted_out", description: "The person has opted out of messages from this sender" },
        },
      ],
    });
  });

  it("gets the confirmation of the opt-out all the same, but no other auto-reply, of which nobody hears", async () => {
    const world = await optedOut();
    for (const purpose of ["opt-out-confirmation", "opt-in-confirmation", "default-reply"] as const)
      await world.run(sendJob(1, whatsappMessage({ id: purpose, origin: "ar", purpose })));
    expect([world.sender.sent, world.queue.jobs, world.told()]).toEqual([["opt-out-confirmation"], [], []]);
  });

  it("costs no slot: the next message goes out at once", async () => {
    const world = await optedOut();
    for (let n = 0; n < 100; n++) await world.run(sendJob(1, whatsappMessage({ id: `x-${n}` })));
    await world.run(sendJob(1, whatsappMessage({ id: "m-2", to: "447700900999" })));
    expect({ sent: world.sender.sent, waited: world.now() - T0 }).toEqual({ sent: ["m-2"], waited: 0 });
  });

  it("is asked for again when the answer cannot be had, and the message is still sent once State is back", async () => {
    const world = createWorld();
    const { read } = world.state;
    world.state.read = async (bucket, field) => {
      if (bucket.scope === "account") throw unavailable();
      return read(bucket, field);
    };
    await world.run(sendJob());
    world.state.read = read;
    for (let job = world.queue.jobs.shift(); job?.kind === "send"; job = world.queue.jobs.shift())
      await world.run(job);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });
});

describe("a job delivered again", () => {
  it.each([
    ["sent", "sent"],
    ["refused", "refused"],
    ["put back by a later attempt", "released:3"],
    ["unknown since a later attempt", "unknown:3"],
  ])("is ignored when the message is known as %s", async (_, phase) => {
    const world = createWorld();
    await world.leaveClaim(2);
    await world.leavePhase(phase);
    await world.run(sendJob(2));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [] });
  });

  it("is put back when its attempt was released: the put back may not have happened", async () => {
    const world = createWorld();
    await world.leaveClaim(2);
    await world.leavePhase("released:2");
    await world.run(sendJob(2));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [sendJob(3)] });
  });

  it.each([
    ["nothing is known", undefined],
    ["only the attempt before is known as put back", "released:1"],
    ["only the attempt before is known as unknown", "unknown:1"],
    ["it is known, but perhaps not the job that decides it", "unknown:2"],
  ])("has an unknown outcome when %s", async (_, phase) => {
    const world = createWorld();
    await world.leaveClaim(2);
    if (phase) await world.leavePhase(phase);
    await world.run(sendJob(2));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({
      sent: [],
      jobs: [unknownOutcomeJob(2)],
    });
  });

  it("does not overwrite what its busy owner finds out meanwhile", async () => {
    const world = createWorld();
    await world.leaveClaim(1);
    const { read } = world.state;
    world.state.read = async (bucket, field) => {
      const value = await read(bucket, field);
      if (field === "mw:m-1" && bucket.key.startsWith("claims")) await world.leavePhase("sent");
      return value;
    };
    await world.run(sendJob());
    expect(world.phase()).toBe("sent");
  });

  it("rejects when the job to decide it cannot be kept, and is kept the next time", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("unknown")];
    world.queue.failures = 1;
    await expect(world.run(sendJob())).rejects.toMatchObject({ retryable: true });
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({
      sent: ["m-1"],
      jobs: [unknownOutcomeJob()],
    });
  });
});

describe("a delivery that fails", () => {
  it.each([
    ["there is room", true, [10_000]],
    ["there is none", false, [10_000, 9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000]],
  ])("is answered late, so that an outage may pass: %s to wait in", async (_, room, expected) => {
    const world = createWorld();
    world.ackDelay.room = room;
    world.sender.script = [failedSend("account", { concerns: "account" })];
    world.queue.failures = 1;
    const waited: number[] = [];
    const { wait } = world.ackDelay;
    world.ackDelay.wait = async (ms) => {
      waited.push(ms);
      if (!room) world.now.advance(1_000);
      return wait(ms);
    };
    await expect(world.run(sendJob())).rejects.toMatchObject({ code: "queue_unavailable" });
    expect(waited).toEqual(expected);
  });
});

describe("copies of a job", () => {
  function createRuns() {
    const runs: { job: Job; putsBack(): void; end(error?: Error): void }[] = [];
    const dispatch = sharedByCopies(
      (job, putsBack) =>
        new Promise((resolve, reject) => {
          runs.push({ job, putsBack, end: (error) => (error ? reject(error) : resolve()) });
        }),
    );
    return { runs, dispatch };
  }

  it("that are delivered together share one run, and its failure", async () => {
    const { runs, dispatch } = createRuns();
    const outcomes = [sendJob(), sendJob(), sendJob()].map((job) => dispatch(job));
    runs[0]?.end(new Error("away"));
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual(
      Array(3).fill("rejected"),
    );
    void dispatch(sendJob());
    expect(runs).toHaveLength(2);
  });

  it("are no copies where anything in them differs", () => {
    const { runs, dispatch } = createRuns();
    const decision: Job = { kind: "unknown-outcome", attempt: 1, message: whatsappMessage(), decideAt: T0 };
    const jobs: Job[] = [sendJob(), sendJob(2), { ...sendJob(), unanswered: [7] }, decision];
    for (const job of jobs) void dispatch(job);
    expect(runs.map(({ job }) => job)).toEqual(jobs);
  });

  it("are no copies once one of them puts something back: it may be what comes now", () => {
    const { runs, dispatch } = createRuns();
    void dispatch(sendJob());
    runs[0]?.putsBack();
    void dispatch(sendJob());
    runs[0]?.end();
    void dispatch(sendJob());
    expect(runs).toHaveLength(2);
  });
});

describe("a put back whose enqueue fails", () => {
  it("rejects, and is known as released when the queue delivers it again", async () => {
    const world = createWorld();
    world.sender.script = [failedSend("transient")];
    world.queue.failures = 1;
    await expect(world.run(sendJob())).rejects.toMatchObject({ code: "queue_unavailable", retryable: true });
    expect(world.phase()).toBe("released:1");
    await world.run(sendJob());
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({
      sent: ["m-1"],
      jobs: [sendJob(2)],
    });
  });
});

describe("a request the platform repeats", () => {
  it.each([
    ["within the hour", 20 * 60_000],
    ["across the turn of the hour", 40 * 60_000],
    ["an hour later", HOUR],
  ])("%s: sent once", async (_, later) => {
    const world = createWorld();
    await world.run(sendJob());
    world.now.advance(later);
    await world.run(sendJob(1, whatsappMessage({ acceptedAt: T0 + later })));
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });

  it("across the turn of the hour and delivered twice: neither sent nor unknown", async () => {
    const world = createWorld();
    const repeat = sendJob(1, whatsappMessage({ acceptedAt: T0 + HOUR }));
    await world.run(sendJob());
    await world.run(repeat);
    await world.run(repeat);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: ["m-1"], jobs: [] });
  });

  // The request accepted first was put back by a State outage and comes behind its repeat.
  it("across the turn of the hour and delivered before the first one: sent once", async () => {
    const world = createWorld();
    await world.run(sendJob(1, whatsappMessage({ acceptedAt: T0 + HOUR })));
    await world.run(sendJob());
    expect(world.sender.sent).toEqual(["m-1"]);
  });

  it("under another channel's tag: a message of its own", async () => {
    const world = createWorld();
    await world.run(sendJob());
    await world.run(sendJob(1, whatsappMessage({ origin: "we" })));
    expect(world.sender.sent).toEqual(["m-1", "m-1"]);
  });
});

it.each([
  ["and are counted all the same", true],
  ["and are not counted", false],
])(
  "claims that State leaves unanswered, however many, %s: the message is sent then",
  async (_, isCounted) => {
    const world = createWorld();
    const { increment } = world.state;
    world.state.increment = async (...args) => {
      if (isCounted) await increment(...args);
      throw unavailable();
    };
    await world.run(sendJob());
    for (let n = 0; n < 11; n++) await world.run(world.queue.jobs.shift() as SendJob);
    world.state.increment = increment;
    await world.run(world.queue.jobs.shift() as SendJob);
    expect([world.sender.sent, world.queue.jobs, world.told()]).toEqual([["m-1"], [], []]);
  },
);
