import { expect, it } from "@jest/globals";
import { createWorld, sendJob } from "../flows/dispatch/world.ts";
import { failedSend } from "../support/ports.ts";

it.each([true, false])("a delivery that fails is answered late, room to wait or not: %s", async (room) => {
  const world = createWorld();
  world.ackDelay.room = room;
  world.sender.script = [failedSend("throttled")];
  world.queue.failures = 1;
  const waited: number[] = [];
  const { wait } = world.ackDelay;
  world.ackDelay.wait = async (ms) => {
    waited.push(ms);
    if (!room) world.now.advance(1_000);
    return wait(ms);
  };
  await expect(world.run(sendJob())).rejects.toMatchObject({ code: "queue_unavailable" });
  expect(waited).toEqual(
    room ? [10_000] : [10_000, 9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000],
  );
});
