import { describe, expect, it } from "@jest/globals";
import type { ParkedJob } from "../../../src/core/job.ts";
import { dispatch } from "../../../src/flows/dispatch/dispatch.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { createWorld, sendJob } from "./world.ts";

const parked: ParkedJob = { kind: "parked", attempt: 1, queue: "whatsapp", id: "m-1", key: "job:1" };

describe("a job that is parked", () => {
  it("is sent as if it had come whole", async () => {
    const world = createWorld();
    world.parked.set("job:1", sendJob());
    await dispatch(parked, world.ports);
    expect(world.sender.sent).toEqual(["m-1"]);
  });

  it("waits in its place while State is away", async () => {
    const world = createWorld();
    world.state.isDown(true);
    await dispatch(parked, world.ports);
    expect({ sent: world.sender.sent, jobs: world.queue.jobs }).toEqual({ sent: [], jobs: [parked] });
  });

  it("is refused when its content was altered", async () => {
    const { ports } = createWorld();
    const unpark = () => Promise.reject(new ConnectorError("foreign_job", "altered", { httpStatus: 401 }));
    await expect(dispatch(parked, { ...ports, unpark })).rejects.toMatchObject({ code: "foreign_job" });
  });

  it("is reported failed when its content is gone", async () => {
    const world = createWorld();
    await dispatch(
      { ...parked, message: { id: "m-1", origin: "mw", channel: "whatsapp", to: "447700900123" } },
      world.ports,
    );
    expect(world.told()).toMatchObject([{ id: "m-1", status: "failed", error: { code: "content_lost" } }]);
  });

  it("is over, with a loud line that names it, when its content is gone and nobody can be told", async () => {
    const world = createWorld();
    await dispatch(parked, world.ports);
    expect(world.log.at("error")).toMatchObject([{ fields: { msg_id: "m-1" } }]);
    expect(world.queue.jobs).toEqual([]);
  });
});
