import { describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { createEndLog } from "../../../src/flows/insight/end-log.ts";
import { createRecorder } from "../../../src/flows/insight/recorder.ts";
import { createClock, createRecordingLog, smsMessage, T0, whatsappMessage } from "../../support/ports.ts";

function createWorld() {
  const now = createClock();
  const log = createRecordingLog();
  const platformOf = (tag: string) => ({ mw: "moengage", ms: "moengage" })[tag];
  const dictionary = (code: string) => ({ description: `Words of ${code}`, nextStep: "Do something." });
  const recorder = createRecorder(now, createEndLog({ platformOf, dictionary, log }));
  const heard = (status: DeliveryStatus, known: DeliveryStatus[] = [], over = {}) =>
    recorder.status({
      ...{ origin: "mw", id: "m-1", sender: "14155550100", at: now() },
      ...{ code: status === "failed" ? "1300" : undefined, status, known, ...over },
    });
  return { now, log, recorder, heard };
}

/** Accepted a second before it is sent, and two seconds before it ends. */
const message = whatsappMessage({ acceptedAt: T0 - 1_000 });
const about = {
  ...{ msg_id: "m-1", platform: "moengage", template: "welcome", attempts: 2 },
  ...{ waited_ms: 1_000, took_ms: 2_000, message_uuid: "out-1" },
};

describe("the line at a message's end", () => {
  it.each<[DeliveryStatus, object]>([
    ["delivered", { level: "info", msg: "Message delivered", fields: { ...about, status: "delivered" } }],
    ["read", { level: "info", msg: "Message delivered", fields: { ...about, status: "delivered" } }],
    [
      "failed",
      {
        ...{ level: "warn", msg: "Message failed" },
        fields: { ...about, status: "failed", code: "1300", words: "Words of 1300" },
      },
    ],
  ])("when it is %s has all that is known of it, once", (status, line) => {
    const { now, log, recorder, heard } = createWorld();
    recorder.sent(message, 2, "out-1");
    heard("sent");
    now.advance(1_000);
    heard(status, ["sent"]);
    heard(status, ["sent", status]);
    if (status === "delivered") heard("read", ["sent", "delivered"]);
    expect(log.lines).toEqual([line]);
  });

  it("when it was not sent says why, and an opt-out is no trouble", () => {
    const { log, recorder } = createWorld();
    recorder.notSent(message, "expired", 3);
    recorder.notSent(smsMessage(), "opted_out", 1);
    recorder.notSent(smsMessage({ origin: "ar", purpose: "opt-in-confirmation" }), "expired", 1);
    expect(log.lines).toEqual([
      {
        ...{ level: "warn", msg: "Message failed" },
        fields: {
          ...{ msg_id: "m-1", platform: "moengage", template: "welcome", status: "failed" },
          ...{ code: "expired", words: "Words of expired", attempts: 3, took_ms: 1_000 },
        },
      },
      {
        ...{ level: "info", msg: "Message failed" },
        fields: expect.objectContaining({ msg_id: "s-1", code: "opted_out", template: undefined }),
      },
    ]);
  });

  it("of a message that another process sent comes when its record is found, or without it", () => {
    const { log, recorder, heard } = createWorld();
    heard("delivered");
    heard("failed", [], { id: "m-2" });
    expect(log.lines).toEqual([]);
    const [found, lost] = recorder.counted.pending;
    if (!found || !lost) throw new Error("not pending");
    recorder.counted.place(found, {
      ...{ acceptedAt: T0 - 1_000, at: T0, attempt: 1, vendorId: "out-1", sender: "14155550100" },
      ...{ language: "en", template: "welcome" },
    });
    recorder.counted.place(lost, undefined);
    expect(log.lines).toEqual([
      {
        ...{ level: "info", msg: "Message delivered" },
        fields: { ...about, status: "delivered", attempts: 1, took_ms: 1_000 },
      },
      {
        ...{ level: "warn", msg: "Message failed" },
        fields: {
          ...{ msg_id: "m-2", platform: "moengage", status: "failed" },
          ...{ code: "1300", words: "Words of 1300" },
        },
      },
    ]);
  });
});
