import { describe, expect, it } from "@jest/globals";
import type { Job, OffloadedJob } from "../../../src/core/job.ts";
import { dispatch, readDelivery } from "../../../src/flows/dispatch/dispatch.ts";
import { ConnectorError, type ErrorCode } from "../../../src/lib/errors.ts";
import { createWorld, sendJob } from "./world.ts";

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

describe("a job that is offloaded", () => {
  it("is sent as if it had come whole", async () => {
    const world = createWorld();
    world.offloaded.set("job:1", sendJob());
    await dispatch(offloaded, world.ports);
    expect(world.sender.sent).toEqual(["m-1"]);
  });

  it("waits in its place while State is away", async () => {
    const world = createWorld();
    world.state.isDown(true);
    await dispatch(offloaded, world.ports);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [offloaded] });
  });

  it("is refused when its content was altered", async () => {
    const { ports } = createWorld();
    const loadOffloaded = () =>
      Promise.reject(new ConnectorError("foreign_job", "altered", { httpStatus: 401 }));
    await expect(dispatch(offloaded, { ...ports, loadOffloaded })).rejects.toMatchObject({
      code: "foreign_job",
    });
  });

  it("stays on the queue when another version of the connector made its content: rejected, late", async () => {
    const world = createWorld();
    const error = new ConnectorError("unknown_job_version", "newer", { retryable: true });
    const loadOffloaded = () => Promise.reject(error);
    await expect(dispatch(offloaded, { ...world.ports, loadOffloaded })).rejects.toBe(error);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs, waited: world.ackDelay.waits }).toEqual({
      sent: [],
      jobs: [],
      waited: [10_000],
    });
  });

  it("is reported failed when its content is gone", async () => {
    const world = createWorld();
    await dispatch(
      { ...offloaded, message: { id: "m-1", origin: "mw", channel: "whatsapp", to: "447700900123" } },
      world.ports,
    );
    expect(world.told()).toMatchObject([{ id: "m-1", status: "failed", error: { code: "content_lost" } }]);
  });

  it("is over, with a loud line that names it, when its content is gone and nobody can be told", async () => {
    const world = createWorld();
    await dispatch(offloaded, world.ports);
    expect(world.log.at("error")).toMatchObject([{ fields: { msg_id: "m-1" } }]);
    expect(world.queue.jobs).toEqual([]);
  });
});
