import { describe, expect, it } from "@jest/globals";
import { asConnectorError, ConnectorError, type ErrorCode } from "../../../src/lib/errors.ts";
import type { HttpRequest } from "../../../src/lib/http-client.ts";
import { webengageWhatsApp } from "../../../src/platforms/webengage/index.ts";
import { fixture } from "../../fixtures/index.ts";
import { buildReport, buildWhatsAppMessage } from "../../support/builders.ts";
import { createPlatformPorts } from "../../support/ports.ts";
import { NUMBER, VERBATIM } from "./fixtures.ts";

function create() {
  const requests: HttpRequest[] = [];
  const channel = webengageWhatsApp(
    {
      accepted: [],
      numbers: [NUMBER],
      dsnUrl: "https://wt.webengage.com/tracking/events",
      dsnToken: "token",
      sentOn: "delivered",
    },
    createPlatformPorts({
      httpClient: {
        async request(request) {
          requests.push(request);
          return { status: 200, headers: {}, text: "" };
        },
        close: async () => undefined,
      },
    }),
  );
  return { channel, requests };
}
const { intake } = create().channel;

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
