import { describe, expect, it } from "@jest/globals";
import { createAcceptBatch } from "../../../src/flows/intake/batch.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { buildSmsMessage } from "../../support/builders.ts";
import { createMemoryQueue, T0, unavailable } from "../../support/ports.ts";

interface Part {
  id?: string;
  fails?: "for good" | "now";
  text?: string;
}

function createSubject() {
  const queue = createMemoryQueue();
  const accepted: string[] = [];
  const acceptBatch = createAcceptBatch(
    async ({ id }, templatesMs) => {
      if (id === "late") throw unavailable("queue_unavailable");
      accepted.push(`${id} ${templatesMs}`);
    },
    queue,
    () => T0,
  );
  const take = (...parts: Part[]) =>
    acceptBatch(parts, {
      origin: "cs",
      channel: "sms",
      templatesMs: 500,
      convert(part) {
        const { id = "", fails } = part as Part;
        if (fails === "for good") throw new ConnectorError("invalid_recipient", "to is not a phone number");
        if (fails === "now")
          throw new ConnectorError("backlog_full", "later", { retryable: true, httpStatus: 429 });
        return buildSmsMessage({ id });
      },
      idOf: (part) => (part as Part).id,
    });
  return { queue, accepted, take };
}

const NEVER = expect.objectContaining({ code: "invalid_recipient" });

describe("many messages in one request", () => {
  it("are accepted each by itself", async () => {
    const { take, accepted, queue } = createSubject();
    expect(await take({ id: "a" }, { id: "b" })).toEqual([{ id: "a" }, { id: "b" }]);
    expect([accepted, queue.jobs]).toEqual([["a 500", "b 500"], []]);
  });

  it("that can never be sent are told, and reported failed where they have an id", async () => {
    const { take, accepted, queue } = createSubject();
    const outcomes = await take({ id: "a" }, { id: "b", fails: "for good" }, { fails: "for good" });
    expect(outcomes).toEqual([{ id: "a" }, { id: "b", error: NEVER }, { id: undefined, error: NEVER }]);
    expect(accepted).toEqual(["a 500"]);
    expect(queue.jobs).toEqual([
      {
        ...{ kind: "report", attempt: 1, expiresAt: T0 + 7 * 24 * 3_600_000 },
        report: {
          ...{ origin: "cs", channel: "sms", id: "b", to: "", status: "failed", at: T0 },
          error: { code: "invalid_recipient", description: "to is not a phone number" },
        },
      },
    ]);
  });

  it.each<[string, Part[], string]>([
    [
      "one of them may be accepted later",
      [{ id: "a" }, { id: "b", fails: "for good" }, { id: "c", fails: "now" }],
      "backlog_full",
    ],
    ["the queue may not have one of them", [{ id: "a" }, { id: "late" }], "queue_unavailable"],
  ])("are refused together when %s, and nothing is reported", async (_, parts, code) => {
    const { take, queue } = createSubject();
    await expect(take(...parts)).rejects.toMatchObject({ code });
    expect(queue.jobs).toEqual([]);
  });

  it("of which none can ever be sent are told each by itself: the answer refuses the request, a report is not needed", async () => {
    const { take, queue } = createSubject();
    const outcomes = await take({ id: "a", fails: "for good" }, { id: "b", fails: "for good" });
    expect(outcomes).toEqual([
      { id: "a", error: NEVER },
      { id: "b", error: NEVER },
    ]);
    expect(queue.jobs).toEqual([]);
  });

  it("with one id are repeats where they are the same, and refused but for the first where they are not", async () => {
    const { take, queue, accepted } = createSubject();
    const outcomes = await take(
      ...[
        { id: "a", text: "1" },
        { id: "a", text: "1" },
        { id: "a", text: "2" },
      ],
      { id: "a", fails: "for good" },
    );
    expect(outcomes).toEqual([
      ...[{ id: "a" }, { id: "a" }],
      { id: "a", error: expect.objectContaining({ code: "invalid_request" }) },
      { id: "a", error: NEVER },
    ]);
    expect(accepted).toEqual(["a 500", "a 500"]);
    // It would be told of the one that was accepted.
    expect(queue.jobs).toEqual([]);
  });

  it("are refused, to be sent again, when those that can never be sent cannot be reported", async () => {
    const { take, queue } = createSubject();
    queue.failures = 1;
    await expect(take({ id: "a" }, { id: "b", fails: "for good" })).rejects.toMatchObject({
      retryable: true,
    });
  });
});
