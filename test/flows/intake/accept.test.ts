import { describe, expect, it } from "@jest/globals";
import { accept } from "../../../src/flows/intake/accept.ts";
import { createMemoryQueue, createRecordingLog, whatsappMessage } from "../../support/ports.ts";

describe("accepting a message", () => {
  it("resolves once the queue has it, with the promised line", async () => {
    const [queue, log] = [createMemoryQueue(), createRecordingLog()];
    await accept(whatsappMessage(), { queue, log });
    expect(queue.jobs).toEqual([{ kind: "send", attempt: 1, message: whatsappMessage() }]);
    expect(log.lines).toEqual([
      {
        level: "info",
        msg: "Sending POST to http://queue-service.neru/queue/svc-whatsapp/enqueue",
        fields: { msg_id: "m-1", channel: "whatsapp", origin: "mw" },
      },
    ]);
  });

  it("rejects, retryable, when the queue may not have it", async () => {
    const [queue, log] = [createMemoryQueue(), createRecordingLog()];
    queue.failures = 1;
    await expect(accept(whatsappMessage(), { queue, log })).rejects.toMatchObject({ retryable: true });
    expect(log.lines).toEqual([]);
  });
});
