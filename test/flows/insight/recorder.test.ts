import { describe, expect, it } from "@jest/globals";
import type { DeliveryStatus } from "../../../src/core/report.ts";
import { MOST_FAILURES } from "../../../src/flows/insight/latest-failures.ts";
import { createRecorder, type HeardStatus } from "../../../src/flows/insight/recorder.ts";
import { sentRecord } from "../../../src/flows/insight/sent-record.ts";
import { MOST_ROWS, namesOf, STAGES } from "../../../src/flows/insight/sums.ts";
import { createClock, HOUR, smsMessage, T0, whatsappMessage } from "../../support/ports.ts";

function createWorld() {
  const now = createClock();
  const recorder = createRecorder(now);
  const heard = (status: DeliveryStatus, known: DeliveryStatus[] = [], over: Partial<HeardStatus> = {}) =>
    recorder.status({
      ...{ origin: "mw", id: "m-1", sender: "14155550100", code: status === "failed" ? "1300" : undefined },
      ...{ at: now(), status, known, ...over },
    });
  /** What is counted, by hour and template, without zeros. */
  const counted = () =>
    [...recorder.counted.hours].flatMap(([hour, { sums }]) =>
      [...sums].map(([key, { counts, codes }]) => ({
        hour: hour - Math.floor(T0 / HOUR),
        row: Object.values(namesOf(key)).join(" ").trimEnd(),
        ...Object.fromEntries(
          counts.flatMap((count, index) => (count === 0 ? [] : [[STAGES[index] as string, count]])),
        ),
        ...(codes.size === 0 ? {} : { codes: Object.fromEntries(codes) }),
      })),
    );
  return { now, recorder, heard, counted };
}

const WELCOME = "mw 14155550100 en welcome";

describe("a message", () => {
  it("counts once in every stage, in the hour in which it was accepted", () => {
    const { now, recorder, heard, counted } = createWorld();
    recorder.accepted(whatsappMessage());
    now.advance(2 * HOUR);
    recorder.sent(whatsappMessage(), 1, "out-1");
    heard("sent");
    heard("delivered", ["sent"]);
    now.advance(HOUR);
    heard("read", ["sent", "delivered"]);
    expect(counted()).toEqual([{ hour: 0, row: WELCOME, accepted: 1, sent: 1, delivered: 1, read: 1 }]);
  });

  it.each<[string, [DeliveryStatus, DeliveryStatus[]][], object]>([
    ["read alone", [["read", []]], { delivered: 1, read: 1 }],
    [
      "read before delivered",
      [
        ["read", []],
        ["delivered", ["read"]],
      ],
      { delivered: 1, read: 1 },
    ],
    [
      "a repetition",
      [
        ["delivered", []],
        ["delivered", ["delivered"]],
      ],
      { delivered: 1 },
    ],
    [
      "delivered, and failed late",
      [
        ["delivered", []],
        ["failed", ["delivered"]],
      ],
      { delivered: 1 },
    ],
    [
      "failed, and delivered after all",
      [
        ["failed", []],
        ["delivered", ["failed"]],
      ],
      { delivered: 1, failed: 1, codes: { "1300": { count: 1, ids: ["m-1"] } } },
    ],
  ])("counts each stage once: %s", (_, statuses, expected) => {
    const { recorder, heard, counted } = createWorld();
    recorder.sent(whatsappMessage(), 1, "out-1");
    for (const [status, known] of statuses) heard(status, known);
    expect(counted()).toEqual([{ hour: 0, row: WELCOME, sent: 1, ...expected }]);
  });

  it("whose outcome was unknown is sent once a status says so", () => {
    const { recorder, heard, counted } = createWorld();
    recorder.doubted(whatsappMessage(), 1);
    heard("delivered");
    recorder.settled(whatsappMessage());
    expect(counted()).toEqual([{ hour: 0, row: WELCOME, sent: 1, delivered: 1, doubted: 1, settled: 1 }]);
  });

  it.each<DeliveryStatus>([...(["sent", "delivered", "read"] as const)])(
    "that was given up with an unknown outcome, and is %s after all, was sent",
    (status) => {
      for (const isElsewhere of [false, true]) {
        const { recorder, heard, counted } = createWorld();
        const message = whatsappMessage();
        recorder.accepted(message);
        recorder.doubted(message, 1);
        recorder.notSent(message, "outcome_unknown", 1);
        recorder.settled(message);
        if (isElsewhere) {
          const record = sentRecord(message, 1, undefined, T0);
          const about = { origin: "mw", id: "m-1", sender: "14155550100", code: undefined, at: T0 };
          recorder.counted.place({ ...about, status, known: ["failed"] }, record);
        } else heard(status, ["failed"]);
        heard("read", ["failed", status]);
        expect(counted()).toEqual([
          {
            ...{ hour: 0, row: WELCOME, accepted: 1, sent: 1, delivered: 1, read: 1 },
            ...{ failed: 1, doubted: 1, settled: 1 },
            codes: { outcome_unknown: { count: 1, ids: ["m-1"] } },
          },
        ]);
      }
    },
  );

  it("that is not sent fails, or its person has opted out, which is no failure", () => {
    const { recorder, counted } = createWorld();
    recorder.notSent(whatsappMessage(), "expired", 1);
    recorder.notSent(whatsappMessage({ id: "m-2" }), "opted_out", 1);
    expect(counted()).toEqual([
      {
        ...{ hour: 0, row: WELCOME, failed: 1, unsent: 1, optedOut: 1 },
        codes: { expired: { count: 1, ids: ["m-1"] }, opted_out: { count: 1, ids: ["m-2"] } },
      },
    ]);
    expect([...recorder.counted.failures.values()]).toEqual([
      { latest: [[T0, "m-1", "mw", "welcome", "expired"]], isDirty: true },
    ]);
  });

  it("that a platform sends again is accepted once", () => {
    const { recorder, counted } = createWorld();
    recorder.accepted(whatsappMessage());
    recorder.accepted(whatsappMessage());
    expect(counted()).toEqual([{ hour: 0, row: WELCOME, accepted: 1 }]);
  });

  it("that is refused counts with its code, in the hour in which it was refused", () => {
    const { now, recorder, counted } = createWorld();
    now.advance(HOUR);
    const refusal = { tag: "mw", code: "invalid_template", id: "m-1" };
    recorder.refused({ ...refusal, message: whatsappMessage() });
    recorder.refused({ ...refusal, message: whatsappMessage() });
    recorder.refused({ tag: "ms", code: "invalid_recipient", id: undefined, message: undefined });
    expect(counted()).toEqual([
      { hour: 1, row: WELCOME, refused: 1, codes: { invalid_template: { count: 1, ids: ["m-1"] } } },
      { hour: 1, row: "ms", refused: 1, codes: { invalid_recipient: { count: 1, ids: [] } } },
    ]);
  });

  it("that is refused, and taken when the platform repeats it, counts as taken alone", () => {
    const { recorder, counted } = createWorld();
    const refusal = { tag: "mw", message: whatsappMessage() };
    recorder.refused({ ...refusal, code: "queue_unavailable", id: "m-1" });
    recorder.refused({ ...refusal, code: "queue_unavailable", id: "m-2" });
    recorder.refused({ ...refusal, code: "invalid_template", id: "m-2" });
    recorder.refused({ ...refusal, code: "queue_unavailable", id: "m-3" });
    recorder.accepted(whatsappMessage({ id: "m-1" }));
    expect(counted()).toEqual([
      {
        ...{ hour: 0, row: WELCOME, accepted: 1, refused: 2 },
        codes: {
          queue_unavailable: { count: 1, ids: ["m-3"] },
          invalid_template: { count: 1, ids: ["m-2"] },
        },
      },
    ]);
    const [ofDay] = recorder.counted.failures.values();
    expect(ofDay?.latest.map(([, id, , , code]) => [id, code])).toEqual([
      ["m-2", "invalid_template"],
      ["m-3", "queue_unavailable"],
    ]);
  });

  it("that was taken is not refused when its repetition is", () => {
    const { recorder, counted } = createWorld();
    recorder.accepted(whatsappMessage());
    recorder.refused({ tag: "mw", code: "backlog_full", id: "m-1", message: whatsappMessage() });
    expect(counted()).toEqual([{ hour: 0, row: WELCOME, accepted: 1 }]);
  });

  it("that has no id of its platform's is known by its text when it is repeated", () => {
    const { recorder, counted } = createWorld();
    const refuse = (id: string, over: object = {}) =>
      recorder.refused({
        ...{ tag: "ms", code: "queue_unavailable", id },
        message: smsMessage({ id, ...over }),
      });
    refuse("own-1");
    refuse("own-2");
    refuse("own-3", { text: "Another one" });
    recorder.accepted(smsMessage({ id: "own-4" }));
    expect(counted()).toMatchObject([
      { accepted: 1, refused: 1, codes: { queue_unavailable: { count: 1, ids: ["own-3"] } } },
    ]);
    const [ofDay] = recorder.counted.failures.values();
    expect(ofDay?.latest.map(([, id]) => id)).toEqual(["own-3"]);
  });

  it("of the connector's own is not counted", () => {
    const { recorder, counted } = createWorld();
    const own = smsMessage({ origin: "ar", purpose: "opt-in-confirmation" });
    recorder.accepted(own);
    recorder.sent(own, 1, "out-1");
    recorder.notSent(own, "expired", 1);
    expect(counted()).toEqual([]);
  });
});

describe("what is counted", () => {
  it("is bounded: further templates share a row, the latest failures are kept", () => {
    const { recorder, counted } = createWorld();
    for (let n = 0; n < MOST_ROWS + 50; n++) {
      const template = { name: `t-${n}`, language: { code: "en" } };
      recorder.notSent(
        whatsappMessage({ id: `m-${n}`, content: { type: "template", template } }),
        "expired",
        1,
      );
    }
    const rows = counted();
    expect(rows).toHaveLength(MOST_ROWS + 1);
    expect(rows.at(-1)).toEqual({
      ...{ hour: 0, row: "mw 14155550100  other", failed: 50, unsent: 50 },
      codes: { expired: { count: 50, ids: ["m-247", "m-248", "m-249"] } },
    });
    const [{ latest } = { latest: [] }] = recorder.counted.failures.values();
    expect([latest.length, latest[0]?.[1], latest.at(-1)?.[1]]).toEqual([MOST_FAILURES, "m-50", "m-249"]);
  });

  it("is bounded where every message has a sender of its own", () => {
    const { recorder, counted } = createWorld();
    for (let n = 0; n < 3 * MOST_ROWS; n++)
      recorder.accepted(smsMessage({ id: `s-${n}`, from: `shop-${n}` }));
    const rows = counted();
    expect(rows).toHaveLength(2 * MOST_ROWS + 1);
    expect(rows.at(-1)).toEqual({ hour: 0, row: "ms other  other", accepted: MOST_ROWS });
  });

  it("keeps failures that say something where many sends are turned away for the moment", () => {
    const { recorder } = createWorld();
    recorder.notSent(whatsappMessage(), "expired", 1);
    for (let n = 0; n < 1_000; n++)
      recorder.refused({ tag: "mw", code: "queue_unavailable", id: `away-${n}`, message: undefined });
    const [{ latest } = { latest: [] }] = recorder.counted.failures.values();
    expect([latest.length, latest[0]?.[1], latest.at(-1)?.[1]]).toEqual([MOST_FAILURES, "m-1", "away-999"]);
  });

  it("keeps names that are too long or look like two apart from the others", () => {
    const { recorder, counted } = createWorld();
    const template = { name: `a\tb${"c".repeat(500)}`, language: { code: "en" } };
    recorder.accepted(whatsappMessage({ content: { type: "template", template } }));
    expect(counted()).toEqual([{ hour: 0, row: `mw 14155550100 en a b${"c".repeat(125)}`, accepted: 1 }]);
  });
});
