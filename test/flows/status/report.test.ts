import { describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import {
  createClock,
  createFakeChannel,
  createMemoryQueue,
  createMemoryState,
  createRecordingLog,
  createTestReporter,
  deliveryReport,
  HOUR,
  pauseOn,
  T0,
  unavailable,
  until,
} from "../../support/ports.ts";

function createWorld(channel = createFakeChannel("mw")) {
  const now = createClock();
  const [log, queue, state] = [createRecordingLog(), createMemoryQueue(), createMemoryState()];
  const pause = pauseOn(now);
  const reporter = createTestReporter({ channels: [channel], queue, state, pause, log, now });
  const tell = (...statuses: DeliveryStatus[]) =>
    Promise.all(statuses.map((status) => reporter.report(deliveryReport({ status }))));
  return { now, pause, log, queue, state, channel, reporter, tell };
}

const away = async () => {
  throw unavailable("platform_unavailable");
};
const refusing = async () => {
  throw new ConnectorError("platform_refused", "no");
};

describe("one message's reports", () => {
  it.each<[DeliveryStatus[], string[]]>([
    [
      ["sent", "delivered", "read"],
      ["posted", "posted", "posted"],
    ],
    [
      ["delivered", "sent"],
      ["posted", "outdated"],
    ],
    [
      ["read", "delivered", "sent"],
      ["posted", "outdated", "outdated"],
    ],
    [
      ["sent", "sent", "delivered", "delivered"],
      ["posted", "repeated", "posted", "repeated"],
    ],
    [
      ["failed", "delivered", "read"],
      ["posted", "posted", "posted"],
    ],
    [
      ["failed", "sent"],
      ["posted", "outdated"],
    ],
    [
      ["delivered", "failed"],
      ["posted", "outdated"],
    ],
    [
      ["read", "failed"],
      ["posted", "outdated"],
    ],
    [
      ["sent", "failed", "failed"],
      ["posted", "posted", "repeated"],
    ],
  ])("that arrive together as %j end as %j", async (statuses, outcomes) => {
    const { tell, channel } = createWorld();
    expect(await tell(...statuses)).toEqual(outcomes);
    const posted = statuses.filter((_, index) => outcomes[index] === "posted");
    expect(channel.posted.flat().map(({ status }) => status)).toEqual(posted);
  });

  it("wait for each other, so that a slow platform does not get them out of order", async () => {
    const { tell, channel } = createWorld();
    let answer = () => {};
    channel.outcome = () => new Promise((resolve) => (answer = resolve));
    const both = tell("sent", "delivered");
    await until(() => channel.posted.length === 1);
    expect(channel.posted.flat().map(({ status }) => status)).toEqual(["sent"]);
    channel.outcome = async () => undefined;
    answer();
    expect(await both).toEqual(["posted", "posted"]);
  });

  it("are independent when one fails: the next is still told", async () => {
    const { reporter, channel } = createWorld();
    let calls = 0;
    channel.outcome = async () => {
      if (++calls === 1) throw unavailable();
    };
    const outcomes = await Promise.allSettled([
      reporter.report(deliveryReport({ status: "sent" })),
      reporter.report(deliveryReport({ status: "delivered" })),
    ]);
    expect(outcomes).toMatchObject([
      { status: "rejected", reason: { retryable: true } },
      { status: "fulfilled", value: "posted" },
    ]);
  });

  it("are remembered across midnight", async () => {
    const { tell, now } = createWorld();
    await tell("delivered");
    now.advance(20 * HOUR);
    expect(await tell("delivered", "sent")).toEqual(["repeated", "outdated"]);
  });

  it("are remembered by every replica", async () => {
    const first = createWorld();
    await first.tell("delivered");
    const second = createTestReporter({ ...first, channels: [first.channel] });
    expect(await second.report(deliveryReport())).toBe("repeated");
    expect(await second.hasStatus("mw", "m-1")).toBe(true);
  });
});

describe("reports of many messages", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => deliveryReport({ id: `m-${index}` }));

  it.each([
    [120, 50, [50, 50, 20]],
    [3, 1, [1, 1, 1]],
  ])("%i at once are posted at most %i together", async (count, maxBatch, sizes) => {
    const { reporter, channel } = createWorld(createFakeChannel("mw", { maxBatch }));
    const outcomes = await Promise.all(many(count).map((report) => reporter.report(report)));
    expect(new Set(outcomes)).toEqual(new Set(["posted"]));
    expect(channel.posted.map((batch) => batch.length).sort((a, b) => b - a)).toEqual(sizes);
    expect(new Set(channel.posted.flat().map(({ id }) => id)).size).toBe(count);
  });

  it("share the outcome of their batch, and only of theirs", async () => {
    const { reporter, channel } = createWorld(createFakeChannel("mw", { maxBatch: 2 }));
    channel.outcome = async () => {
      if (channel.posted.length === 1) throw unavailable();
    };
    const outcomes = await Promise.allSettled(many(4).map((report) => reporter.report(report)));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
  });

  // One bad report must not take 49 good ones with it.
  it("are told one by one when the platform refuses the batch for good", async () => {
    const { reporter, channel } = createWorld();
    channel.outcome = async () => {
      if (channel.posted.at(-1)?.some(({ id }) => id === "m-1"))
        throw new ConnectorError("platform_refused", "no");
    };
    expect(await Promise.all(many(3).map((report) => reporter.report(report)))).toEqual([
      "posted",
      "refused",
      "posted",
    ]);
  });
});

describe("a report", () => {
  it("that the platform does not want is remembered and not posted", async () => {
    const { tell, channel } = createWorld(
      createFakeChannel("mw", { wants: ({ status }) => status !== "sent" }),
    );
    expect(await tell("sent", "sent", "delivered")).toEqual(["unwanted", "repeated", "posted"]);
    expect(channel.posted).toHaveLength(1);
  });

  it("that the platform refuses for good is over: logged, remembered, not posted again", async () => {
    const { tell, channel, log } = createWorld();
    channel.outcome = refusing;
    expect(await tell("delivered")).toEqual(["refused"]);
    expect(await tell("delivered")).toEqual(["repeated"]);
    expect({ posts: channel.posted.length, errors: log.at("error").length }).toEqual({ posts: 1, errors: 1 });
  });

  it("that the platform cannot take now rejects, retryable, and is posted when it comes again", async () => {
    const { tell, channel } = createWorld();
    channel.outcome = away;
    await expect(tell("delivered")).rejects.toMatchObject({ code: "platform_unavailable", retryable: true });
    channel.outcome = async () => undefined;
    expect(await tell("delivered")).toEqual(["posted"]);
  });

  it("of a channel that is off is not lost: it may be on again later", async () => {
    const { reporter, queue } = createWorld();
    const report = deliveryReport({ origin: "zz", status: "failed" });
    await expect(reporter.report(report)).rejects.toMatchObject({ code: "channel_off", retryable: true });
    await reporter.reportEventually(report);
    expect(queue.jobs).toMatchObject([{ kind: "report", report }]);
  });

  it("of an auto-reply is nobody's", async () => {
    const { reporter, queue } = createWorld();
    const report = deliveryReport({ origin: "ar", status: "failed" });
    expect(await reporter.report(report)).toBe("unwanted");
    await reporter.reportEventually(report);
    expect(queue.jobs).toEqual([]);
  });

  it("passes while State is down: order and repeats are best effort", async () => {
    const { tell, state, channel, reporter } = createWorld();
    state.isDown(true);
    expect(await tell("sent", "delivered")).toEqual(["posted", "posted"]);
    expect(channel.posted.flat()).toHaveLength(2);
    await expect(reporter.hasStatus("mw", "m-1")).rejects.toMatchObject({ retryable: true });
  });

  it("leaves one line with its id and outcome, and no number", async () => {
    const { tell, log } = createWorld();
    await tell("delivered");
    expect(log.lines).toEqual([
      {
        level: "info",
        msg: "Report delivered: posted",
        fields: { msg_id: "m-1", origin: "mw", outcome: "posted", code: undefined, ms: 0 },
      },
    ]);
  });
});

describe("a status that comes after the announcement of a failure nobody was told of", () => {
  it("is not told, and settles an unknown outcome all the same", async () => {
    const world = createWorld();
    world.channel.outcome = () => new Promise(() => undefined);
    // A process that dies in mid-post.
    void world.reporter.report(deliveryReport({ status: "failed" }));
    await until(() => world.channel.posted.length === 1);
    const other = createTestReporter({ ...world, channels: [createFakeChannel("mw")] });
    expect(await other.hasStatus("mw", "m-1")).toBe(false);
    expect(await other.report(deliveryReport({ status: "sent" }))).toBe("outdated");
    expect(await other.hasStatus("mw", "m-1")).toBe(true);
  });
});

describe("a status that the platform cannot take now", () => {
  it.each([
    ["sent", true],
    ["delivered", true],
    ["read", true],
    // One of the connector's own comes the same way, and proves nothing.
    ["failed", false],
  ] as const)("is known all the same, so that an unknown outcome is settled: %s", async (status, isKnown) => {
    const world = createWorld();
    world.channel.outcome = away;
    await expect(world.tell(status)).rejects.toMatchObject({ retryable: true });
    const other = createTestReporter({ ...world, channels: [createFakeChannel("mw")] });
    expect(await other.hasStatus("mw", "m-1")).toBe(isKnown);
    expect(await other.report(deliveryReport({ status }))).toBe("posted");
  });
});

describe("a status that a platform which counts repeats may have", () => {
  const unanswered = () =>
    Promise.reject(new ConnectorError("platform_unanswered", "no answer", { retryable: true }));

  it("is kept, and told again after ten minutes", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = unanswered;
    const report = deliveryReport();
    expect(await reporter.reportStatus(report)).toBe("kept");
    const repeat = { times: 1, at: T0 + 600_000 };
    expect(queue.jobs).toEqual([
      { kind: "report", attempt: 1, report, expiresAt: T0 + 7 * 24 * HOUR, repeat },
    ]);
  });

  it.each([
    ["one after the other", ["repeated"]],
    ["at once", ["kept", "repeated"]],
  ])("is the outbox's alone: the vendor's copies %s are not posted", async (how, outcomes) => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = unanswered;
    const report = deliveryReport();
    if (how === "one after the other") await reporter.reportStatus(report);
    const copies = outcomes.map(() => reporter.reportStatus(report));
    expect(await Promise.all(copies)).toEqual(outcomes);
    expect({ posts: channel.posted.length, jobs: queue.jobs.length }).toEqual({ posts: 1, jobs: 1 });
  });

  it.each(["sees", "does not see"])(
    "is the outbox's alone for every replica, and after the outbox was answered no better: one that %s the first",
    async (sees) => {
      const { reporter, channel, ...world } = createWorld();
      channel.outcome = unanswered;
      const report = deliveryReport();
      await reporter.reportStatus(report);
      const fromOutbox = sees === "sees" ? reporter : createTestReporter({ ...world, channels: [channel] });
      channel.outcome = away;
      await expect(fromOutbox.report(report)).rejects.toMatchObject({ retryable: true });
      const other = createTestReporter({ ...world, channels: [channel] });
      expect([await reporter.reportStatus(report), await other.reportStatus(report)]).toEqual([
        "repeated",
        "repeated",
      ]);
      channel.outcome = async () => undefined;
      expect(await fromOutbox.report(report)).toBe("posted");
      expect(channel.posted).toHaveLength(3);
    },
  );

  it("does not keep a newer one of its message back", async () => {
    const { reporter, channel } = createWorld();
    channel.outcome = unanswered;
    await reporter.reportStatus(deliveryReport({ status: "failed" }));
    channel.outcome = async () => undefined;
    expect(await reporter.reportStatus(deliveryReport({ status: "delivered" }))).toBe("posted");
    expect(await reporter.report(deliveryReport({ status: "failed" }))).toBe("outdated");
  });

  it("is told by the vendor again when the queue cannot keep it", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = unanswered;
    queue.failures = 1;
    await expect(reporter.reportStatus(deliveryReport())).rejects.toMatchObject({
      code: "queue_unavailable",
    });
    channel.outcome = async () => undefined;
    expect(await reporter.reportStatus(deliveryReport())).toBe("posted");
  });

  it("is told by the vendor again while the platform surely does not have it", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = away;
    await expect(reporter.reportStatus(deliveryReport())).rejects.toMatchObject({ retryable: true });
    expect(queue.jobs).toEqual([]);
  });

  it("is late as well when it is one of the connector's own", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = unanswered;
    await reporter.reportEventually(deliveryReport({ status: "failed" }));
    expect(queue.jobs).toMatchObject([{ repeat: { times: 1, at: T0 + 600_000 } }]);
  });
});

describe("a report of the connector's own", () => {
  it("is told at once where the platform is there", async () => {
    const { reporter, queue, channel } = createWorld();
    await reporter.reportEventually(deliveryReport({ status: "failed" }));
    expect({ posts: channel.posted.length, jobs: queue.jobs }).toEqual({ posts: 1, jobs: [] });
  });

  it("goes to the reports queue for a week when the platform is away", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = away;
    const report = deliveryReport({ status: "failed" });
    await reporter.reportEventually(report);
    expect(queue.jobs).toEqual([{ kind: "report", attempt: 1, report, expiresAt: T0 + 7 * 24 * HOUR }]);
  });

  it("is over when the platform refuses it for good", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = refusing;
    await reporter.reportEventually(deliveryReport({ status: "failed" }));
    expect(queue.jobs).toEqual([]);
  });

  it("rejects when neither the platform nor the queue takes it", async () => {
    const { reporter, queue, channel } = createWorld();
    channel.outcome = away;
    queue.failures = 1;
    await expect(reporter.reportEventually(deliveryReport())).rejects.toMatchObject({
      code: "queue_unavailable",
      retryable: true,
    });
  });
});
