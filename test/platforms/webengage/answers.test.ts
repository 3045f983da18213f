import { describe, expect, it } from "@jest/globals";
import { asConnectorError, ConnectorError, type ErrorCode } from "../../../src/lib/errors.ts";
import type { HttpRequest } from "../../../src/lib/http-client.ts";
import { webengageSms, webengageWhatsApp } from "../../../src/platforms/webengage/index.ts";
import { fixture } from "../../fixtures/index.ts";
import { buildReport, buildSmsMessage, buildWhatsAppMessage, RECIPIENT } from "../../support/builders.ts";
import { createPlatformPorts } from "../../support/ports.ts";
import { NUMBER, VERBATIM } from "./fixtures.ts";

function recordingPorts() {
  const requests: HttpRequest[] = [];
  const ports = createPlatformPorts({
    httpClient: {
      async request(request) {
        requests.push(request);
        return { status: 200, headers: {}, text: "" };
      },
      close: async () => undefined,
    },
  });
  return { requests, ports };
}

function create() {
  const { requests, ports } = recordingPorts();
  const dsnUrl = "https://wt.webengage.com/tracking/events";
  const settings = { accepted: [], numbers: [NUMBER], dsnUrl, dsnToken: "token" };
  return { channel: webengageWhatsApp({ ...settings, sentOn: "delivered" }, ports), requests };
}
const { intake } = create().channel;

function createSms(dsnToken: string | undefined) {
  const { requests, ports } = recordingPorts();
  const dsnUrl = "https://st.webengage.com/tracking/events";
  const settings = { accepted: [], senderId: undefined, reportSent: false, dsnUrl, dsnToken };
  return { channel: webengageSms(settings, ports), requests };
}

const LATER = "The connector cannot take the message now: try again later";
const inner = (code: ErrorCode, httpStatus = 503) =>
  new ConnectorError(code, "inner words", { retryable: true, httpStatus });

describe("answers to a send", () => {
  it("are the contract's for an accepted message", () => {
    expect(intake.accepted(buildWhatsAppMessage())).toEqual({
      status: 200,
      body: fixture("webengage-answer", "accepted"),
    });
  });

  it.each(["version", "version-in-the-table"])("are the contract's for another version: %s", (variant) => {
    const { status: _, supportedVersion, message, ...rest } = fixture("webengage-answer", variant);
    const error = new ConnectorError("unsupported_version", String(message));

    expect(intake.failed(error)).toEqual({
      status: 400,
      body: { ...rest, status: "whatsapp_rejected", message, supportedVersion: "1.0" },
    });
    expect(supportedVersion).toBe("2.0");
  });

  const answers: [ConnectorError, status: number, statusCode: number][] = [
    [new ConnectorError("empty_message", "why"), 400, 2002],
    [new ConnectorError("empty_body", "why"), 400, 2002],
    [new ConnectorError("invalid_recipient", "why"), 400, 2003],
    [new ConnectorError("invalid_sender", "why"), 400, 2004],
    [new ConnectorError("forged_webhook", "why", { httpStatus: 403 }), 403, 2005],
    [new ConnectorError("too_large", "why", { httpStatus: 413 }), 413, 2007],
    [new ConnectorError("unauthorized", "why", { httpStatus: 401 }), 401, 2011],
    [new ConnectorError("backlog_full", "why", { httpStatus: 429, retryable: true }), 429, 2015],
    [new ConnectorError("message_too_long", "why"), 413, 2007],
    [new ConnectorError("invalid_request", "why"), 400, 2019],
    [new ConnectorError("not_json", "why"), 400, 2019],
    [new ConnectorError("unreadable", "why"), 400, 2019],
    [new ConnectorError("unsupported_media_type", "why", { httpStatus: 415 }), 400, 2019],
    [new ConnectorError("missing_template", "why"), 400, 2021],
    [new ConnectorError("template_mismatch", "why"), 400, 2022],
    [new ConnectorError("invalid_template", "why"), 400, 2023],
    [new ConnectorError("constructor" as ErrorCode, "why"), 400, 2019],
  ];
  it.each(answers.map(([error, ...expected]) => ({ code: error.code, error, expected })))(
    "$code is HTTP and status code $expected",
    ({ error, expected: [status, statusCode] }) => {
      expect(intake.failed(error)).toEqual({
        status,
        body: { status: "whatsapp_rejected", statusCode, message: "why" },
      });
    },
  );

  it.each([
    inner("queue_unavailable"),
    inner("overloaded"),
    inner("internal", 500),
    asConnectorError(new TypeError("inner words")),
  ])("ask for the message again in the one way WebEngage knows after $code", (error) => {
    expect(intake.failed(error)).toEqual({
      status: 429,
      body: { status: "whatsapp_rejected", statusCode: 2015, message: LATER },
    });
  });

  it.each(VERBATIM)("refuse %s as printed for its business number", async (_, send) => {
    const answer = async () => {
      try {
        return intake.accepted(await intake.toMessage(send, Date.now()));
      } catch (error) {
        return intake.failed(asConnectorError(error));
      }
    };
    expect(await answer()).toMatchObject({
      status: 400,
      body: { status: "whatsapp_rejected", statusCode: 2004 },
    });
  });
});

describe("delivery status notifications", () => {
  it("go to the tracking URL one by one, with the token", async () => {
    const { channel, requests } = create();

    await channel.reports.post([buildReport({ id: "first" }), buildReport({ id: "second", status: "read" })]);

    expect(requests.map(({ body, ...rest }) => ({ ...rest, id: JSON.parse(body ?? "").messageId }))).toEqual(
      ["first", "second"].map((id) => ({
        method: "POST",
        url: "https://wt.webengage.com/tracking/events",
        headers: { "content-type": "application/json", authorization: "Bearer token" },
        deadlineMs: 5_000,
        id,
      })),
    );
    expect(channel.reports.maxBatch).toBe(1);
  });

  it("are all there is: WebEngage has no place for replies", () => {
    expect(create().channel.replies).toBeUndefined();
  });
});

describe("answers to an SMS", () => {
  const sms = createSms("token").channel.intake;

  it("are the contract's for an accepted message", () => {
    expect(sms.accepted(buildSmsMessage())).toEqual({
      status: 200,
      body: fixture("webengage-sms-answer", "accepted"),
    });
  });

  it.each(["version", "private-version"])("are the contract's for another version: %s", (variant) => {
    const body = fixture("webengage-sms-answer", variant);
    const error = new ConnectorError("unsupported_version", String(body["message"]));

    expect(sms.failed(error)).toEqual({ status: 400, body });
  });

  const answers: [ConnectorError, status: number, statusCode: number][] = [
    [new ConnectorError("empty_message", "why"), 400, 2002],
    [new ConnectorError("empty_body", "why"), 400, 2002],
    [new ConnectorError("invalid_recipient", "why"), 400, 2003],
    [new ConnectorError("invalid_sender", "why"), 400, 2004],
    [new ConnectorError("forged_webhook", "why", { httpStatus: 403 }), 403, 2005],
    [new ConnectorError("message_too_long", "why"), 413, 2007],
    [new ConnectorError("too_large", "why", { httpStatus: 413 }), 413, 2007],
    [new ConnectorError("unauthorized", "why", { httpStatus: 401 }), 401, 2011],
    [new ConnectorError("backlog_full", "why", { httpStatus: 429, retryable: true }), 429, 2015],
    [new ConnectorError("invalid_request", "why"), 200, 9988],
    [new ConnectorError("not_json", "why"), 200, 9988],
    [new ConnectorError("unsupported_media_type", "why", { httpStatus: 415 }), 200, 9988],
    [new ConnectorError("constructor" as ErrorCode, "why"), 200, 9988],
  ];
  it.each(answers.map(([error, ...expected]) => ({ code: error.code, error, expected })))(
    "$code is HTTP and status code $expected",
    ({ error, expected: [status, statusCode] }) => {
      expect(sms.failed(error)).toEqual({
        status,
        body: { status: "sms_rejected", statusCode, message: "why" },
      });
    },
  );

  it("ask for the message again in the one way WebEngage knows after a failure of ours", () => {
    expect(sms.failed(inner("queue_unavailable"))).toEqual({
      status: 429,
      body: { status: "sms_rejected", statusCode: 2015, message: LATER },
    });
  });
});

describe("delivery status notifications on SMS", () => {
  it.each([
    ["with the token of a partner", "token", { authorization: "Bearer token" }],
    ["without one to a private provider", undefined, {}],
  ])("go to the tracking URL one by one, %s", async (_, token, headers) => {
    const { channel, requests } = createSms(token);
    const report = { origin: "ws", channel: "sms", parts: 2 } as const;

    await channel.reports.post([buildReport({ ...report, id: "a" }), buildReport({ ...report, id: "b" })]);

    expect(requests.map(({ body, ...rest }) => ({ ...rest, dsn: JSON.parse(body ?? "") }))).toEqual(
      ["a", "b"].map((messageId) => ({
        method: "POST",
        url: "https://st.webengage.com/tracking/events",
        headers: { "content-type": "application/json", ...headers },
        deadlineMs: 5_000,
        dsn: {
          ...{ version: "1.0", messageId, toNumber: RECIPIENT },
          ...{ status: "sms_sent", statusCode: 0, smsCount: 2 },
        },
      })),
    );
  });

  it("tell of a submission in place of the delivery where that is chosen", () => {
    const dsnUrl = "https://st.webengage.com/tracking/events";
    const settings = { accepted: [], senderId: undefined, reportSent: true, dsnUrl, dsnToken: undefined };
    const { reports } = webengageSms(settings, recordingPorts().ports);

    const wanted = (["sent", "delivered", "read", "failed"] as const).map((status) =>
      reports.wants(buildReport({ channel: "sms", status })),
    );
    expect(wanted).toEqual([true, false, false, true]);
  });

  it("are all there is: WebEngage has no place for replies", () => {
    expect(createSms(undefined).channel.replies).toBeUndefined();
  });
});
