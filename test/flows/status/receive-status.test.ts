import { describe, expect, it } from "@jest/globals";
import type { DeliveryReport } from "../../../src/core/report.ts";
import type { MessageStatus } from "../../../src/core/status.ts";
import { receiveStatus, type StatusPorts } from "../../../src/flows/status/receive-status.ts";
import {
  createClock,
  createFakeChannel,
  createRecordingLog,
  HOUR,
  T0,
  unavailable,
} from "../../support/ports.ts";

const messageStatus = (over: Partial<MessageStatus> = {}): MessageStatus => ({
  ...{ vendorId: "uuid-1", channel: "whatsapp", vendorStatus: "delivered", status: "delivered" },
  reference: { form: "verbatim", origin: "mw", id: "m-1" },
  ...{ to: "447700900123", from: "14155550100", at: T0 },
  ...{ recipient: undefined, parts: undefined, error: undefined, reason: undefined },
  ...over,
});
const failed = (over: Partial<MessageStatus> = {}) =>
  messageStatus({
    ...{ vendorStatus: "rejected", status: "failed", error: { code: "1300", description: "no" } },
    ...over,
  });
const verbatim = (origin: string, id = "m-1") => ({ form: "verbatim", origin, id }) as const;
const EXPIRED = { form: "key", origin: "mw", key: "Zk3q0cJb7a2L9n5hYw8TtA" } as const;

function createWorld(over: Partial<StatusPorts> = {}) {
  const log = createRecordingLog();
  const [reports, optOuts, links, throttles] = [
    [] as DeliveryReport[],
    [] as object[],
    [] as string[][],
    [] as string[],
  ];
  const ports: StatusPorts = {
    channels: [createFakeChannel("mw"), { ...createFakeChannel("ms"), channel: "sms" }],
    lostChannel: async (tag) => (tag === "ww" ? { name: "Acme SMS", variables: "ACME_URL" } : undefined),
    resolve: async (reference) => (reference.form === "verbatim" ? reference.id : undefined),
    report: async (report) => void reports.push(report),
    throttled: (channel) => void throttles.push(channel),
    carrierOptOut: async (optOut) => void optOuts.push(optOut),
    link: async (...names) => void links.push(names),
    recorder: { status: () => undefined },
    now: createClock(),
    log,
    ...over,
  };
  const receive = (status: MessageStatus) => receiveStatus(status, ports);
  return { log, reports, optOuts, links, throttles, receive };
}

describe("a status", () => {
  it("is reported to the platform whose message it is about", async () => {
    const { receive, reports, log } = createWorld();
    expect(await receive(failed({ reason: "template" }))).toBe("ok");
    expect(reports).toEqual([
      {
        ...{ origin: "mw", channel: "whatsapp", id: "m-1", status: "failed", at: T0, to: "447700900123" },
        ...{ error: { code: "1300", description: "no" }, reason: "template" },
      },
    ]);
    expect(log.lines).toEqual([
      {
        level: "info",
        msg: "Status rejected received",
        fields: { msg_id: "m-1", message_uuid: "uuid-1", vendor_status: "rejected", code: "1300" },
      },
    ]);
  });

  it.each<[string, Partial<MessageStatus>, string]>([
    [
      "whose reference is nobody's",
      { reference: undefined },
      "Status ignored: its reference is not one of ours",
    ],
    [
      "of a channel that is off",
      { reference: verbatim("zz") },
      "Status ignored: its reference is not one of ours",
    ],
    ["whose reference has expired", { reference: EXPIRED }, "Status ignored: its reference has expired"],
    ["that is not known", { status: undefined }, "Status ignored: not a status we know"],
    ["of an auto-reply", { reference: verbatim("ar") }, "Status of an auto-reply"],
  ])("%s is ignored", async (_, over, line) => {
    const { receive, reports, log } = createWorld();
    expect(await receive(messageStatus(over))).toBe("ignored");
    expect({ reports, lines: log.lines.map(({ msg }) => msg) }).toEqual({ reports: [], lines: [line] });
  });

  it.each<[string, Partial<StatusPorts>]>([
    ["the platform is away", { report: () => Promise.reject(unavailable()) }],
    ["State cannot say whose it is", { resolve: () => Promise.reject(unavailable()) }],
  ])("has to come again when %s", async (_, over) => {
    await expect(createWorld(over).receive(messageStatus())).rejects.toMatchObject({ retryable: true });
  });

  it("that says late that its message came too fast slows its channel down", async () => {
    const { receive, throttles, reports } = createWorld();
    await receive(failed({ reason: "throttled", reference: verbatim("ms") }));
    await receive(failed({ reason: "template" }));
    expect({ throttles, reports: reports.length }).toEqual({ throttles: ["sms"], reports: 2 });
  });
});

describe("the two names of a person in a status", () => {
  const recipient = { number: "447700900123", userId: "US.1" };

  it("are learned, whatever the message", async () => {
    const { receive, links } = createWorld();
    await receive(messageStatus({ recipient, reference: undefined }));
    expect(links).toEqual([["447700900123", "US.1"]]);
  });

  it("keep no report waiting, and are told again until they are remembered", async () => {
    let fail = () => {};
    const link = () => new Promise<void>((_, reject) => (fail = () => reject(unavailable())));
    const { receive, reports, log } = createWorld({ link });
    const outcome = receive(messageStatus({ recipient }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(reports).toHaveLength(1);
    fail();
    await expect(outcome).rejects.toMatchObject({ retryable: true });
    expect(log.at("warn").map(({ msg }) => msg)).toEqual(["Names of a person not remembered"]);
  });
});

describe("a carrier's opt-out in a status", () => {
  const rejected = (over: Partial<MessageStatus> = {}) =>
    failed({ channel: "sms", from: "Acme", to: "+447700900123", reason: "carrier_opt_out", ...over });
  const optOut = { id: "uuid-1", channel: "sms", person: "447700900123", sender: "Acme", at: T0 };

  it.each<[string, Partial<MessageStatus>, string, object[]]>([
    [
      "of a platform's message",
      { reference: verbatim("ms", "s-1") },
      "ok",
      [{ ...optOut, messageId: "s-1" }],
    ],
    ["of an auto-reply", { reference: verbatim("ar") }, "ignored", [optOut]],
    ["whose reference has expired", { reference: EXPIRED }, "ignored", [optOut]],
    ["of a channel that is off for long", { reference: verbatim("zz") }, "ignored", [optOut]],
    ["whose reference is not ours", { reference: undefined }, "ignored", []],
    [
      "on WhatsApp, which has no such thing",
      { reference: verbatim("ar"), channel: "whatsapp" },
      "ignored",
      [],
    ],
    ["for another reason", { reference: verbatim("ar"), reason: undefined }, "ignored", []],
    ["of a clock that is ahead", { reference: verbatim("ar"), at: T0 + HOUR }, "ignored", [optOut]],
  ])("%s", async (_, over, outcome, recorded) => {
    const { receive, optOuts } = createWorld();
    expect(await receive(rejected(over))).toBe(outcome);
    expect(optOuts).toEqual(recorded);
  });

  it("is recorded while the platform is away, and the status comes again", async () => {
    const { receive, optOuts } = createWorld({ report: () => Promise.reject(unavailable()) });
    await expect(receive(rejected({ reference: verbatim("ms") }))).rejects.toMatchObject({ retryable: true });
    expect(optOuts).toHaveLength(1);
  });

  it("comes again while it cannot be recorded, and the report is made all the same", async () => {
    const { receive, reports } = createWorld({ carrierOptOut: () => Promise.reject(unavailable()) });
    await expect(receive(rejected({ reference: verbatim("ms") }))).rejects.toMatchObject({ retryable: true });
    await expect(receive(rejected({ reference: verbatim("ar") }))).rejects.toMatchObject({ retryable: true });
    expect(reports).toHaveLength(1);
  });
});

describe("a status of a channel that was on until lately", () => {
  const carrierOptOut = { channel: "sms", reason: "carrier_opt_out" } as const;
  const lost = (over: Partial<MessageStatus> = {}) => failed({ reference: verbatim("ww"), ...over });

  it("is told again, and the error names the channel and the variables that switch it on", async () => {
    const { receive, reports } = createWorld();
    await expect(receive(lost())).rejects.toMatchObject({
      ...{ code: "channel_off", retryable: true, httpStatus: 503 },
      message: expect.stringMatching(/^Acme SMS was on .* set ACME_URL$/),
    });
    expect(reports).toEqual([]);
  });

  it("still brings a carrier's opt-out to light", async () => {
    const { receive, optOuts } = createWorld();
    await expect(receive(lost(carrierOptOut))).rejects.toMatchObject({ code: "channel_off" });
    expect(optOuts).toEqual([expect.objectContaining({ person: "447700900123" })]);
  });

  it("is told again where State does not say whether it was, and ignored where it was not", async () => {
    const down = createWorld({ lostChannel: () => Promise.reject(unavailable()) });
    await expect(down.receive(lost())).rejects.toMatchObject({ retryable: true });
    const { receive } = createWorld();
    expect(await receive(failed({ reference: verbatim("zz") }))).toBe("ignored");
  });
});
