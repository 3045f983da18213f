import { describe, expect, it } from "@jest/globals";
import type { InboundReply } from "../../../src/core/reply.ts";
import type { DeliveryReport } from "../../../src/core/report.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import { smsAnswered, smsFailed, whatsappFailed } from "../../../src/platforms/clevertap/from-error.ts";
import { replyToEvents, replyToInbound } from "../../../src/platforms/clevertap/from-reply.ts";
import {
  isSmsEvent,
  reportsToEvents,
  reportToStatus,
  SMS_FAILURES,
  WHATSAPP_FAILURES,
} from "../../../src/platforms/clevertap/from-report.ts";
import { clevertapSms, clevertapWhatsApp } from "../../../src/platforms/clevertap/index.ts";
import { replyToProfile } from "../../../src/platforms/clevertap/profile.ts";
import { Inbound, ProfileUpload, SmsEvents, Statuses } from "../../../src/sandbox/clevertap/contract.ts";
import { fixture, fixturesOf } from "../../fixtures/index.ts";
import { createPlatformPorts, createRecordingLog } from "../../support/ports.ts";
import { SMS_ID } from "./fixtures.ts";

const ID = "25596363|1639561857|20220227|25596363";
const AT = 1_647_441_774_500;
const report = (over: Partial<DeliveryReport> = {}): DeliveryReport => ({
  ...{ origin: "cw", channel: "whatsapp", id: ID, to: "919028670001", status: "delivered", at: AT },
  ...over,
});
const failed = (code: string, over: Partial<DeliveryReport> = {}) =>
  report({ status: "failed", error: { code, description: "Why" }, ...over });

describe("the status of a WhatsApp message", () => {
  it("is the page's sample", () => {
    const status = fixture("clevertap-whatsapp-status", "delivered")["statuses"] as object[];
    expect([reportToStatus(report())]).toEqual(status);
  });

  it("is the page's sample of a failure, in Vonage's words", () => {
    const [sample] = fixture("clevertap-whatsapp-status", "failed")["statuses"] as { error: object }[];
    expect(reportToStatus(failed("1241"))).toEqual({ ...sample, error: { code: 1004, title: "1241, Why" } });
  });

  it.each(["sent", "delivered", "read"] as const)("has the word %s", (status) => {
    expect(reportToStatus(report({ status }))).toEqual({ msgId: ID, status, timestamp: "1647441774" });
  });

  /** The table of the contract. */
  it.each([
    [1000, ["1060", "1080", "1140", "1370"]],
    [1001, ["1022", "1020", "1010"]],
    [1002, ["1170", "1430", "1040"]],
    [1003, ["1190"]],
    [1004, ["1000", "1241", "1070"]],
    [1005, ["1180", "1300", "1260", "1331"]],
    [1006, ["1050", "1240", "opted_out"]],
    [1007, ["1310"]],
    [1008, ["1340"]],
    [1009, ["1330", "expired", "outcome_unknown", "constructor", "unknown"]],
    [1010, ["1461"]],
  ])("is %d for %j", (code, codes) => {
    expect(codes.map((one) => reportToStatus(failed(one)).error?.code)).toEqual(codes.map(() => code));
  });

  it("has a reason where none was given", () => {
    expect(reportToStatus(report({ status: "failed" })).error).toEqual({
      code: 1009,
      title: "No reason was given",
    });
  });
});

describe("the events of SMS", () => {
  const sms = (over: Partial<DeliveryReport> = {}) => report({ channel: "sms", id: SMS_ID, ...over });

  it("are in groups, one for each kind", () => {
    const reports = [sms({ id: "a" }), sms(failed("1240", { id: "b" })), sms({ id: "c" })];
    const event = { ts: 1_647_441_774 };
    expect(reportsToEvents(reports)).toEqual([
      {
        event: "delivered",
        data: ["a", "c"].map((meta) => ({ ...event, meta, description: "Delivered to handset" })),
      },
      { event: "failed", data: [{ ...event, meta: "b", code: "903", description: "1240, Why" }] },
    ]);
  });

  it.each(fixturesOf("clevertap-sms-callback"))("have the keys of the page's sample: %s", (_, text) => {
    const keysOf = (groups: { event: string; data: object[] }[]) =>
      Object.fromEntries(groups.map(({ event, data }) => [event, Object.keys(data[0] as object)]));
    const reply = {
      ...answer("other", { channel: "sms" }),
      said: { type: "text", text: "Yes" },
    } as InboundReply;
    const ours = keysOf([...reportsToEvents([sms(), failed("1240")]), ...(replyToEvents(reply) ?? [])]);
    const { clicked: _clicked, ...samples } = keysOf(JSON.parse(text));
    for (const [event, keys] of Object.entries(samples)) expect([event, ours[event]]).toEqual([event, keys]);
  });

  it("are the two ends alone", () => {
    expect(
      (["sent", "delivered", "read", "failed"] as const).map((status) => isSmsEvent(sms({ status }))),
    ).toEqual([false, true, false, true]);
  });

  it.each([
    ["903", ["1240", "1050", "opted_out"]],
    ["902", ["1210", "1282", "1470", "1472", "1473", "1474", "1475", "1476"]],
    ["907", ["1480"]],
    ["906", ["1481"]],
    ["908", ["1482"]],
    ["909", ["1483"]],
    ["910", ["1170", "1190", "1430", "invalid_recipient"]],
    ["914", ["1180", "1220", "1260"]],
    ["916", ["1360", "expired"]],
    ["904", ["1030", "1100"]],
    ["905", ["1290"]],
    ["900", ["1000", "outcome_unknown", "unknown", "toString"]],
  ])("say %s for %j", (code, codes) => {
    const told = codes.map((one) => reportsToEvents([sms(failed(one))])[0]?.data[0]);
    expect(told).toEqual(codes.map(() => expect.objectContaining({ code })));
  });
});

function answer(kind: InboundReply["kind"], over: Partial<InboundReply> = {}): InboundReply {
  return {
    ...{ kind, id: "in-1", channel: "whatsapp", person: "919999999999", sender: "9199999998888" },
    ...{ at: AT, messageId: ID },
    ...over,
  };
}
const media = (kind: "image" | "video" | "audio" | "file", more: object = {}) =>
  answer("other", { said: { type: "media", media: kind, url: "https://example.com/1", ...more } });

describe("what a person wrote on WhatsApp", () => {
  const common = {
    ...{ payloadVersion: "0.1", from: "919999999999", wabaNumber: "9199999998888" },
    ...{ timestamp: "1647441774", context: { id: ID } },
  };

  it.each<[string, InboundReply, object]>([
    ["STOP, whatever the word", answer("opt_out"), { type: "text", text: { body: "STOP" } }],
    ["START", answer("opt_in"), { type: "text", text: { body: "START" } }],
    [
      "a tapped button as its text",
      answer("button", { button: { payload: "yes-1", text: "Yes" } }),
      { type: "text", text: { body: "Yes" } },
    ],
    [
      "a choice without a title",
      answer("button", { button: { payload: "row1", text: "" } }),
      { type: "text", text: { body: "row1" } },
    ],
    ["text", answer("other", { said: { type: "text", text: "Hi" } }), { type: "text", text: { body: "Hi" } }],
    [
      "a picture",
      media("image", { caption: "Look", name: "a.png" }),
      { type: "image", image: { mediaURL: "https://example.com/1", caption: "Look", mimeType: ".png" } },
    ],
    ["a film", media("video"), { type: "video", video: { mediaURL: "https://example.com/1" } }],
    ["a sound", media("audio"), { type: "audio", audio: { mediaURL: "https://example.com/1" } }],
    [
      "a file, under both of its names",
      media("file", { name: "bill.pdf" }),
      {
        type: "file",
        file: { mediaURL: "https://example.com/1", mimeType: ".pdf" },
        document: { mediaURL: "https://example.com/1", mimeType: ".pdf" },
      },
    ],
    [
      "a place",
      answer("other", { said: { type: "location", latitude: 2.5, longitude: -1, name: "Pier" } }),
      { type: "location", location: { latitude: "2.5", longitude: "-1", name: "Pier" } },
    ],
  ])("is %s", (_, reply, body) => {
    const inbound = replyToInbound(reply);
    expect(inbound).toEqual({ ...common, ...body });
    // The vendor's clock is long past: only times are not judged.
    const now = { ...inbound, timestamp: String(Math.floor(Date.now() / 1_000)) };
    expect(Inbound.safeParse(now).error).toBeUndefined();
  });

  it.each(fixturesOf("clevertap-whatsapp-inbound"))("has the keys of the page's sample: %s", (_, text) => {
    const { payloadversion: _misspelt, ...sample } = JSON.parse(text);
    const said =
      sample.type === "file"
        ? media("file", { caption: "This is body", name: "a.pdf" })
        : answer("other", {
            said: { type: "location", latitude: 1, longitude: 2, name: "a", address: "b", url: "c" },
          });
    const inbound = replyToInbound(said) as unknown as Record<string, object>;
    const kind = sample.type === "file" ? "document" : "location";
    expect(Object.keys(inbound)).toEqual(expect.arrayContaining(Object.keys(sample)));
    expect(Object.keys(inbound[kind] as object).toSorted()).toEqual(Object.keys(sample[kind]).toSorted());
  });

  it("is told without a message when it is STOP, and not at all otherwise", () => {
    const none = { messageId: undefined };
    const { context: _context, ...rest } = common;
    expect(replyToInbound(answer("opt_out", none))).toEqual({
      ...rest,
      type: "text",
      text: { body: "STOP" },
    });
    const others = [
      answer("other", { ...none, said: { type: "text", text: "Hi" } }),
      answer("button", { ...none, button: { payload: "p", text: "t" } }),
      answer("other"),
    ];
    expect(others.map(replyToInbound)).toEqual([undefined, undefined, undefined]);
  });

  it("is not told of whoever hides the number: CleverTap takes phone numbers alone", () => {
    expect(replyToInbound({ ...answer("opt_out"), person: "US.13491208655302741918" })).toBeUndefined();
  });
});

describe("what a person wrote as SMS", () => {
  const sms = (reply: InboundReply) => ({ ...reply, channel: "sms", messageId: SMS_ID }) as const;

  it("is an event of the last message to that person", () => {
    const reply = sms(answer("other", { said: { type: "text", text: "é".repeat(600) } }));
    expect(replyToEvents(reply)).toEqual([
      {
        event: "replied",
        data: [
          {
            ...{ ts: 1_647_441_774, meta: SMS_ID, toPhone: "9199999998888" },
            incomingText: "é".repeat(512),
          },
        ],
      },
    ]);
  });

  it("is STOP, and nothing where no message is known", () => {
    expect(replyToEvents(sms(answer("opt_out")))?.[0]?.data[0]).toMatchObject({ incomingText: "STOP" });
    expect(
      replyToEvents({ ...sms(answer("opt_out")), messageId: undefined } as InboundReply),
    ).toBeUndefined();
  });
});

describe("the profile of a person", () => {
  it.each([
    ["whatsapp", "opt_out", { "MSG-whatsapp": false }],
    ["whatsapp", "opt_in", { "MSG-whatsapp": true }],
    ["sms", "opt_out", { "MSG-sms": false }],
  ] as const)("has the flag of %s after %s", (channel, kind, profileData) => {
    const profile = replyToProfile(answer(kind, { channel }));
    expect(profile).toEqual({ d: [{ identity: "919999999999", type: "profile", profileData }] });
    expect(ProfileUpload.safeParse(profile).error).toBeUndefined();
    const [example] = fixture("clevertap-profile-upload", "example")["d"] as { profileData: object }[];
    expect(Object.keys(example?.profileData as object)).toEqual(
      expect.arrayContaining(Object.keys(profileData)),
    );
  });

  it("is not known by a hidden number, nor changed by other words", () => {
    expect(replyToProfile(answer("opt_out", { person: "US.1349" }))).toBeUndefined();
    expect(replyToProfile(answer("other"))).toBeUndefined();
  });
});

describe("the answer to a send that was not accepted", () => {
  const error = (code: ConnectorError["code"], options = {}) => new ConnectorError(code, "why", options);

  it.each([
    ["unauthorized", { httpStatus: 401 }, 2000],
    ["invalid_template", {}, 2001],
    ["missing_template", {}, 2001],
    ["template_mismatch", {}, 2001],
    ["invalid_recipient", {}, 2002],
    ["invalid_sender", {}, 2004],
    ["too_large", { httpStatus: 413 }, 2004],
  ] as const)("is a failure: %s", (code, options, number) => {
    expect(whatsappFailed(error(code, options))).toEqual({
      status: 200,
      body: { status: "failure", error: { code: number, message: "why" } },
    });
  });

  it("has the shapes of the page", () => {
    const later = "The connector cannot take the message now: try again later";
    expect(whatsappFailed(error("backlog_full", { retryable: true, httpStatus: 429 }))).toEqual({
      status: 429,
      body: { message: "why" },
    });
    expect(whatsappFailed(error("queue_unavailable", { retryable: true }))).toEqual({
      status: 500,
      body: { status: "failure", error: { message: later } },
    });
    const shapes = ["failure", "error", "too-many"].map((variant) =>
      Object.keys(fixture("clevertap-whatsapp-answer", variant)),
    );
    expect(shapes).toEqual([["status", "error"], ["status", "error"], ["message"]]);
  });

  it("tells of many SMS which can never be sent", () => {
    const outcomes = [
      { id: "a" },
      { id: "b", error: error("invalid_recipient") },
      { id: undefined, error: error("invalid_request") },
    ];
    expect(smsAnswered(outcomes).body).toEqual({
      status: "accepted",
      accepted: 1,
      refused: [
        { index: 1, id: "b", error: { code: "invalid_recipient", message: "why" } },
        { index: 2, id: undefined, error: { code: "invalid_request", message: "why" } },
      ],
    });
    expect(smsFailed(error("unauthorized", { httpStatus: 401 })).status).toBe(401);
  });

  it("refuses many SMS of which none can ever be sent, and names them all", () => {
    const outcomes = ["a", "b"].map((id) => ({ id, error: error("invalid_recipient") }));
    expect(smsAnswered(outcomes)).toEqual({
      status: 400,
      body: {
        status: "failure",
        accepted: 0,
        refused: outcomes.map(({ id }, index) => ({
          ...{ index, id, error: { code: "invalid_recipient", message: "why" } },
        })),
      },
    });
  });
});

describe("a channel", () => {
  function recording(text = "{}") {
    const posts: { url: string; body: unknown; headers: object | undefined }[] = [];
    const ports = createPlatformPorts({
      httpClient: {
        async request({ url, body, headers }) {
          posts.push({ url, body: JSON.parse(body ?? ""), headers });
          return { status: 200, headers: {}, text };
        },
        close: async () => undefined,
      },
    });
    return { posts, ports };
  }
  const api = { accountId: "ACC", passcode: "pass", url: "https://in1.api.clevertap.com" };
  const WHATSAPP = {
    ...{ accepted: [], api, numbers: [], deliveryUrl: "https://cb/dlr", inboundUrl: "https://cb/imo" },
  };

  it("tells several statuses in one call, and what is written at an address of its own", async () => {
    const { posts, ports } = recording();
    const { reports, replies } = clevertapWhatsApp(WHATSAPP, ports);
    await reports.post([report({ at: Date.now() }), failed("1022", { at: Date.now() })]);
    await replies?.post(answer("opt_out"));
    expect(posts.map(({ url }) => url)).toEqual(["https://cb/dlr", "https://cb/imo"]);
    expect(Statuses.safeParse(posts[0]?.body).error).toBeUndefined();
    expect(reports.maxBatch).toBeGreaterThan(1);
  });

  it("without an address for it tells nothing that is written", () => {
    const { replies } = clevertapWhatsApp({ ...WHATSAPP, inboundUrl: undefined }, recording().ports);
    expect([replies?.hasChat, replies?.wants(answer("opt_out"))]).toEqual([false, false]);
  });

  it("tells events of SMS at one address", async () => {
    const { posts, ports } = recording();
    const settings = { accepted: [], api: undefined, callbackUrl: "https://cb/sms", senderId: undefined };
    const { reports, replies } = clevertapSms(settings, ports);
    await reports.post([report({ at: Date.now() })]);
    await replies?.post(answer("opt_out", { at: Date.now() }));
    expect(posts.map(({ url, body }) => [url, SmsEvents.safeParse(body).error])).toEqual([
      ["https://cb/sms", undefined],
      ["https://cb/sms", undefined],
    ]);
  });

  it("writes STOP into the profile where the account's API is set, and is silent elsewhere", async () => {
    const { posts, ports } = recording();
    const write = (given: typeof api | undefined) =>
      clevertapWhatsApp({ ...WHATSAPP, api: given }, ports).replies?.subscribe(
        answer("opt_out"),
        Date.now() + 9_000,
        async () => true,
      );
    await write(undefined);
    await write(api);
    expect(posts).toEqual([
      {
        url: "https://in1.api.clevertap.com/1/upload",
        body: { d: [{ identity: "919999999999", type: "profile", profileData: { "MSG-whatsapp": false } }] },
        headers: expect.objectContaining({ "x-clevertap-account-id": "ACC", "x-clevertap-passcode": "pass" }),
      },
    ]);
  });

  it.each<[string, string, string[]]>([
    [
      "as written",
      '{"status":"success","processed":1,"unprocessed":[]}',
      ["Subscription written to CleverTap"],
    ],
    ["as written where nothing is said of it", "", ["Subscription written to CleverTap"]],
    [
      "as refused where the profile was not processed, whatever the HTTP status",
      '{"status":"fail","processed":0,"unprocessed":[{"status":"fail","code":525,"error":"x","record":{}}]}',
      [
        "CleverTap refused the subscription update: the profile's identity could not be used; the account's identities must be phone numbers",
      ],
    ],
  ])("takes the answer to an upload of a profile %s", async (_, text, said) => {
    const { ports } = recording(text);
    const log = createRecordingLog();
    const { replies } = clevertapWhatsApp({ ...WHATSAPP, api }, { ...ports, log });
    await replies?.subscribe(answer("opt_out"), Date.now() + 9_000, async () => true);
    expect(log.lines.map(({ msg }) => msg)).toEqual(said);
  });
});

it("no code of either table is another than CleverTap has", () => {
  const whatsapp = Object.values(WHATSAPP_FAILURES).filter((code) => code < 1_000 || code > 1_010);
  const sms = Object.values(SMS_FAILURES).filter((code) => !/^9\d\d$/.test(code));
  expect([whatsapp, sms]).toEqual([[], []]);
});
