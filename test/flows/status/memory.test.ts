import { describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { messageField, reportedBucket } from "../../../src/core/state-keys.ts";
import {
  createClock,
  createFakeChannel,
  createMemoryQueue,
  createMemoryState,
  createRecordingLog,
  createTestReporter,
  deliveryReport,
  pauseOn,
  unavailable,
} from "../../support/ports.ts";

function createWorld() {
  const [now, log, queue, state] = [
    createClock(),
    createRecordingLog(),
    createMemoryQueue(),
    createMemoryState(),
  ];
  const channel = createFakeChannel("mw");
  const replica = () => {
    const ports = { queue, state, pause: pauseOn(now), log, now };
    const reporter = createTestReporter({ channels: [channel], ...ports });
    const tell = (status: DeliveryStatus, id = "m-1") =>
      reporter.report(deliveryReport({ status, id })).catch((error) => error.code);
    return { reporter, tell };
  };
  const stored = () => state.hash(reportedBucket(now()));
  return {
    now,
    state,
    channel,
    replica,
    stored,
    field: (letter: string) => `${messageField("mw", "m-1")}#${letter}`,
  };
}

describe("while State is away", () => {
  it("a process still knows what it told: nothing twice, nothing backwards", async () => {
    const { state, replica } = createWorld();
    const { tell } = replica();
    state.isDown(true);
    const outcomes: string[] = [];
    for (const status of ["sent", "sent", "delivered", "sent", "delivered", "read", "delivered"] as const)
      outcomes.push(await tell(status));
    expect(outcomes).toEqual(["posted", "repeated", "posted", "repeated", "repeated", "posted", "repeated"]);
  });

  it("a status that the platform took without saying so is not followed by an earlier one", async () => {
    const { state, channel, replica } = createWorld();
    const { tell } = replica();
    state.isDown(true);
    channel.outcome = async () => {
      throw unavailable("platform_garbled");
    };
    expect(await tell("delivered")).toBe("platform_garbled");
    channel.outcome = async () => undefined;
    expect([await tell("sent"), await tell("delivered")]).toEqual(["outdated", "posted"]);
  });

  it("it is asked once a second and not by every report", async () => {
    const { state, replica, now } = createWorld();
    let asked = 0;
    const { read } = state;
    state.read = async (bucket, field) => {
      if (bucket.key !== reportedBucket(now()).key) return read(bucket, field);
      asked++;
      throw unavailable();
    };
    const { tell } = replica();
    await tell("read", "m-0");
    const once = asked;
    for (let n = 1; n < 20; n++) await tell("read", `m-${n}`);
    expect(asked).toBe(once);
    now.advance(1_000);
    await tell("read", "m-20");
    expect(asked).toBe(2 * once);
  });

  it("an unknown outcome is settled by what this process told", async () => {
    const { state, replica } = createWorld();
    const { tell, reporter } = replica();
    state.down.add("write");
    await tell("delivered");
    expect(await reporter.hasStatus("mw", "m-1")).toBe(true);
  });
});

describe("a process that dies", () => {
  it("between the platform's answer and its note of it leaves nothing to be told backwards", async () => {
    const { state, replica, stored, field, now } = createWorld();
    const write = state.write;
    state.write = async (bucket, name, value) => {
      if (value.startsWith("reported")) return new Promise(() => undefined);
      return write(bucket, name, value);
    };
    await replica().tell("delivered");
    expect(stored()).toEqual({ [field("d")]: expect.stringMatching(`^announced ${now()} `) });
    expect(await replica().tell("sent")).toBe("outdated");
  });

  it("before the platform took a report leaves it to be told when it comes again", async () => {
    const { channel, replica } = createWorld();
    channel.outcome = async () => {
      throw unavailable("platform_unavailable");
    };
    expect(await replica().tell("delivered")).toBe("platform_unavailable");
    channel.outcome = async () => undefined;
    expect(await replica().tell("delivered")).toBe("posted");
  });
});

describe("two replicas", () => {
  it("do not undo each other's notes", async () => {
    const { replica, stored, field } = createWorld();
    const [one, other] = [replica(), replica()];
    for (const tell of [one.tell, other.tell])
      expect(await tell("sent")).toBe(tell === one.tell ? "posted" : "repeated");
    await other.tell("delivered");
    await one.tell("read");
    const reported = expect.stringMatching(/^reported \d+ \d+$/);
    expect(stored()).toEqual({ [field("s")]: reported, [field("d")]: reported, [field("r")]: reported });
  });
});
