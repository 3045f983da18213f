import { describe, expect, it } from "@jest/globals";
import { type AcceptPorts, createAccept } from "../../../src/flows/intake/accept.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { createMemoryQueue, createRecordingLog, whatsappMessage } from "../../support/ports.ts";

function setUp(over: Partial<AcceptPorts> = {}) {
  const [queue, log] = [createMemoryQueue(), createRecordingLog()];
  const counts = { reserved: 0, accepted: 0 };
  const accept = createAccept({
    preflight: () => undefined,
    ready: Promise.resolve(),
    backlog: {
      reserve() {
        counts.reserved++;
        return { release: () => void counts.reserved-- };
      },
    },
    queue,
    recorder: { accepted: () => void counts.accepted++ },
    log,
    ...over,
  });
  return { accept, queue, log, counts };
}

describe("accepting a message", () => {
  it("resolves once the queue has it, with the promised line", async () => {
    const { accept, queue, log, counts } = setUp();
    await accept(whatsappMessage(), 2_500);
    expect(queue.jobs).toMatchObject([{ kind: "send", attempt: 1, message: whatsappMessage() }]);
    expect(counts).toEqual({ reserved: 1, accepted: 1 });
    expect(log.lines).toEqual([
      {
        level: "info",
        msg: "Sending POST to http://queue-service.neru/queue/svc-whatsapp/enqueue",
        fields: { msg_id: "m-1", channel: "whatsapp", origin: "mw" },
      },
    ]);
  });

  it("rejects, retryable, when the queue may not have it, and gives its place in the backlog back", async () => {
    const { accept, queue, log, counts } = setUp();
    queue.failures = 1;
    await expect(accept(whatsappMessage(), 2_500)).rejects.toMatchObject({ retryable: true });
    expect(counts).toEqual({ reserved: 0, accepted: 0 });
    expect(log.lines).toEqual([]);
  });

  it("waits until the queues are there", async () => {
    let open: () => void = () => undefined;
    const { accept, queue } = setUp({ ready: new Promise<void>((resolve) => (open = resolve)) });
    const accepting = accept(whatsappMessage(), 2_500);
    await new Promise(setImmediate);
    expect(queue.jobs).toEqual([]);
    open();
    await accepting;
    expect(queue.jobs).toHaveLength(1);
  });

  const refusal = new ConnectorError("invalid_template", "the send has 1");
  it.each([
    ["its template", { preflight: () => Promise.reject(refusal) }],
    [
      "the backlog",
      {
        backlog: {
          reserve() {
            throw refusal;
          },
        },
      },
    ],
  ])("puts nothing on the queue that %s refuses", async (_, over) => {
    const { accept, queue, counts } = setUp(over);
    await expect(accept(whatsappMessage(), 2_500)).rejects.toBe(refusal);
    expect({ jobs: queue.jobs, counts }).toEqual({ jobs: [], counts: { reserved: 0, accepted: 0 } });
  });
});
