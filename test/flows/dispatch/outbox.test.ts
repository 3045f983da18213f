import { describe, expect, it } from "@jest/globals";
import type { ReplyJob } from "../../../src/core/job.ts";
import type { InboundReply } from "../../../src/core/reply.ts";
import { failedSend, T0, unavailable, whatsappMessage } from "../../support/ports.ts";
import { createWorld, replyJob, reportJob, sendJob } from "./world.ts";

const PERSON = "447700900123";

function createReplyJobs() {
  const world = createWorld();
  const told: InboundReply[] = [];
  let failure: Error | undefined;
  world.channel.replies = {
    wants: () => true,
    async post(reply) {
      if (failure) throw failure;
      told.push(reply);
    },
    subscribe: async () => undefined,
  };
  const fail = (error: Error | undefined) => {
    failure = error;
  };
  return { ...world, told, fail };
}

describe("a reply in the outbox", () => {
  it("is told", async () => {
    const world = createReplyJobs();
    await world.run(replyJob());
    expect([world.told, world.queue.jobs]).toEqual([[replyJob().reply], []]);
  });

  it("is told once when the queue delivers it twice, also after it was put back", async () => {
    const world = createReplyJobs();
    world.fail(unavailable("platform_unavailable"));
    await world.run(replyJob());
    world.fail(undefined);
    await world.run(replyJob({ attempt: 2 }));
    await world.run(replyJob());
    await world.run(replyJob({ attempt: 2 }));
    expect([world.told, world.queue.jobs]).toEqual([[replyJob().reply], [replyJob({ attempt: 2 })]]);
  });

  it("waits in the queue while the platform is away, and is given up after a week", async () => {
    const world = createReplyJobs();
    world.fail(unavailable("platform_unavailable"));
    await world.run(replyJob());
    expect(world.queue.jobs).toEqual([replyJob({ attempt: 2 })]);
    world.now.advance(7 * 24 * 3_600_000);
    await world.run(replyJob({ attempt: 2 }));
    expect([world.queue.jobs.length, world.log.at("error").map(({ msg }) => msg)]).toEqual([
      1,
      ["The platform could not be told: given up"],
    ]);
  });

  it("is dropped when the person has said something else since", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "in", T0 + 60_000);
    await world.run(replyJob());
    expect([world.told, world.queue.jobs]).toEqual([[], []]);
  });

  it("is told when what the person said since is the same word again", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "out", T0);
    await world.run(replyJob());
    expect(world.told.length).toBe(1);
  });

  it("is told late when it is a tap, whatever the person said since", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "out", T0 + 60_000);
    await world.run(replyJob({ reply: { ...replyJob().reply, kind: "button" } }));
    expect(world.told.length).toBe(1);
  });

  it("waits while State cannot say whether it still stands", async () => {
    const world = createReplyJobs();
    world.state.isDown(true);
    await world.run(replyJob());
    expect([world.told, world.queue.jobs]).toEqual([[], [replyJob({ attempt: 2 })]]);
  });

  it("of a platform that takes no replies is given up, with a line", async () => {
    const world = createWorld();
    await world.run(replyJob());
    expect([world.queue.jobs, world.log.at("error").map(({ msg }) => msg)]).toEqual([
      [],
      ["The platform could not be told: given up"],
    ]);
  });
});

describe("what waits for a channel that a redeploy lost", () => {
  const jobs = (origin: string) => [
    replyJob({ origin }),
    reportJob({ report: { ...reportJob().report, origin } }),
  ];

  it.each(["ms", "zz"])(
    "waits until its time is over, with one loud line that says what to set: %s",
    async (origin) => {
      const world = createReplyJobs();
      for (const job of jobs(origin)) await world.run(job);
      expect(world.queue.jobs).toEqual(jobs(origin).map((job) => ({ ...job, attempt: 2 })));
      expect(world.log.at("error")).toEqual([
        {
          level: "error",
          msg: "What a channel that is off should be told waits in the outbox, for a week at the most",
          fields: {
            ...{ origin, code: "channel_off", retryable: true },
            message:
              origin === "ms"
                ? "Acme SMS is off in this instance: to have it told, set ACME_URL"
                : "This version of the connector has no such channel: to have it told, deploy the version that has",
          },
        },
      ]);
      world.now.advance(7 * 24 * 3_600_000);
      for (const job of world.queue.jobs.splice(0)) await world.run(job);
      expect([
        world.queue.jobs,
        world.log
          .at("error")
          .slice(1)
          .map(({ msg }) => msg),
      ]).toEqual([
        [],
        ["The platform could not be told: given up", "The platform could not be told: given up"],
      ]);
    },
  );

  it("is told once the channel is on again", async () => {
    const world = createReplyJobs();
    const { channels } = world.ports;
    world.ports.channels = [];
    await world.run(replyJob());
    world.ports.channels = channels;
    for (const job of world.queue.jobs.splice(0)) await world.run(job);
    expect([world.told, world.queue.jobs]).toEqual([[replyJob().reply], []]);
  });

  it("takes in the report of a message that is not sent", async () => {
    const world = createWorld();
    const message = whatsappMessage({ origin: "ms", expiresAt: T0 });
    await world.run(sendJob(1, message));
    expect([world.sender.sent, world.queue.jobs]).toMatchObject([
      [],
      [{ kind: "report", report: { origin: "ms", id: "m-1", status: "failed", error: { code: "expired" } } }],
    ]);
  });
});

describe("a person who has opted out", () => {
  it("gets no message of any platform; each is told why", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "out", T0);
    await world.run(sendJob());
    await world.run(sendJob(1, whatsappMessage({ id: "m-2", origin: "ww" })));
    expect([world.sender.sent, world.told.length, world.channel.posted.flat()]).toMatchObject([
      [],
      0,
      [{ id: "m-1", status: "failed", error: { code: "opted_out" } }],
    ]);
  });

  it("gets the confirmation and no default reply", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "out", T0);
    const reply = (purpose: "opt-out-confirmation" | "default-reply") =>
      whatsappMessage({ id: purpose, origin: "ar", purpose, content: { type: "text", text: "Bye" } });
    await world.run(sendJob(1, reply("opt-out-confirmation")));
    await world.run(sendJob(1, reply("default-reply")));
    expect([world.sender.sent, world.channel.posted]).toEqual([["opt-out-confirmation"], []]);
  });

  it("is not taken for reachable while State is down: the message is put back unsent and unclaimed", async () => {
    const world = createReplyJobs();
    await world.suppression.record("whatsapp", [PERSON], "out", T0);
    world.state.down.add("read");
    await world.run(sendJob());
    expect([world.sender.sent, world.queue.jobs]).toMatchObject([[], [sendJob()]]);
    world.state.down.clear();
    for (const job of [...world.queue.jobs]) await world.run(job);
    expect([world.sender.sent, world.channel.posted.flat().map(({ error }) => error?.code)]).toEqual([
      [],
      ["opted_out"],
    ]);
  });
});

it("an auto-reply whose outcome nobody knows is neither sent again nor reported", async () => {
  const world = createReplyJobs();
  world.sender.script = [failedSend("unknown")];
  const message = whatsappMessage({ id: "in-1", origin: "ar", purpose: "opt-out-confirmation" });
  await world.run(sendJob(1, message));
  await world.run(sendJob(1, message));
  expect([world.sender.sent, world.queue.jobs, world.channel.posted]).toEqual([["in-1"], [], []]);
});

describe("what a platform that counts repeats may have", () => {
  const MINUTE = 60_000;
  const unanswered = unavailable("platform_unanswered");

  it("is told again after ten minutes, then twice as late each time", async () => {
    const world = createReplyJobs();
    world.fail(unanswered);
    await world.run(replyJob());
    const first = world.queue.jobs.at(-1);
    expect(first).toEqual(replyJob({ attempt: 2, repeat: { times: 1, at: expect.any(Number) as never } }));
    const at = (first as ReplyJob).repeat?.at ?? 0;
    expect(at - T0).toBe(10 * MINUTE);

    world.now.advance(9 * MINUTE);
    world.fail(undefined);
    await world.run(first as ReplyJob);
    expect([world.told, world.queue.jobs.at(-1)]).toEqual([[], first]);

    world.now.advance(2 * MINUTE);
    world.fail(unanswered);
    await world.run(first as ReplyJob);
    const second = world.queue.jobs.at(-1) as ReplyJob;
    expect([second.attempt, second.repeat?.times]).toEqual([3, 2]);
    // Ten seconds of it went by before the job was put back.
    expect((second.repeat?.at ?? 0) - world.now()).toBe(20 * MINUTE - 10_000);

    world.fail(unavailable("platform_unavailable"));
    world.now.advance(21 * MINUTE);
    await world.run(second);
    expect(world.queue.jobs.at(-1)).toEqual({ ...second, attempt: 4 });
  });

  it("is a report as well", async () => {
    const world = createWorld();
    world.channel.outcome = () => Promise.reject(unanswered);
    await world.run(reportJob());
    expect(world.queue.jobs).toEqual([reportJob({ attempt: 2, repeat: { times: 1, at: T0 + 10 * MINUTE } })]);
  });
});
