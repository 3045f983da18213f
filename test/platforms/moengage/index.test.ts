import { describe, expect, it } from "@jest/globals";
import { asConnectorError, ConnectorError } from "../../../src/lib/errors.ts";
import type { HttpRequest } from "../../../src/lib/http-client.ts";
import { moengageSms, moengageWhatsApp } from "../../../src/platforms/moengage/index.ts";
import {
  ACCEPTED_AT,
  buildFailedReport,
  buildReport,
  buildSmsMessage,
  buildSmsSend,
  buildWhatsAppMessage,
  buildWhatsAppSend,
  MSG_ID,
  TRACKING_ID,
} from "../../support/builders.ts";
import { createPlatformPorts } from "../../support/ports.ts";

const DELIVERY_URL = "https://api-01.moengage.com/whatsapp/vonage-v2/dlr?k=1";

function createChannels(answer: number | ConnectorError = 200) {
  const requests: HttpRequest[] = [];
  const ports = createPlatformPorts({
    httpClient: {
      async request(request) {
        requests.push(request);
        if (typeof answer !== "number") throw answer;
        return { status: answer, headers: {}, text: "" };
      },
      close: async () => undefined,
    },
    newId: () => TRACKING_ID,
    now: () => ACCEPTED_AT,
  });
  const settings = { accepted: [], deliveryUrl: DELIVERY_URL };
  const sms = { ...settings, senderId: "MyBrand" };
  return {
    requests,
    whatsapp: moengageWhatsApp({ ...settings, numbers: ["14155550100"] }, ports),
    sms: moengageSms({ ...sms, reportSent: false }, ports),
    smsWithSent: moengageSms({ ...sms, reportSent: true }, ports),
  };
}

const INNER = "inner words that nobody outside may read";
const LATER = "The connector cannot take the message now: try again later";

/** Every error an intake route can end in. */
const errors = {
  invalid_request: new ConnectorError("invalid_request", "msg_id is missing"),
  invalid_template: new ConnectorError("invalid_template", "template is missing"),
  invalid_recipient: new ConnectorError("invalid_recipient", "to is missing"),
  invalid_sender: new ConnectorError("invalid_sender", "from is missing"),
  not_json: new ConnectorError("not_json", "The body is not valid JSON"),
  unreadable: new ConnectorError("unreadable", "The body could not be read"),
  unauthorized: new ConnectorError("unauthorized", "Invalid credentials", { httpStatus: 401 }),
  too_large: new ConnectorError("too_large", "The body is too large", { httpStatus: 413 }),
  unsupported_media_type: new ConnectorError("unsupported_media_type", "Content-Type", { httpStatus: 415 }),
  too_busy: new ConnectorError("backlog_full", "More waits than can be sent in time", {
    httpStatus: 429,
    retryable: true,
  }),
  overloaded: new ConnectorError("overloaded", INNER, { retryable: true }),
  queue_unavailable: new ConnectorError("queue_unavailable", INNER, { retryable: true }),
  internal: asConnectorError(new Error(INNER)),
};

describe("moengage WhatsApp", () => {
  it("accepts with the contract's success", () => {
    expect(createChannels().whatsapp.intake.accepted(buildWhatsAppMessage())).toEqual({
      status: 200,
      body: { status: "success" },
    });
  });

  it("makes messages under its own tag", () => {
    expect(createChannels().whatsapp.intake.toMessage(buildWhatsAppSend(), ACCEPTED_AT)).toEqual(
      buildWhatsAppMessage(),
    );
  });

  const failure = (code: string, message: string) => ({ status: "failure", error: { code, message } });

  it.each([
    [errors.invalid_template, 200, failure("7001", "template is missing")],
    [errors.invalid_recipient, 200, failure("7002", "to is missing")],
    [errors.invalid_sender, 200, failure("7004", "from is missing")],
    [errors.invalid_request, 200, failure("7004", "msg_id is missing")],
    [errors.not_json, 400, { message: "The body is not valid JSON" }],
    [errors.unreadable, 400, { message: "The body could not be read" }],
    [errors.unauthorized, 401, { message: "Invalid credentials" }],
    [errors.too_large, 413, { message: "The body is too large" }],
    [errors.unsupported_media_type, 415, { message: "Content-Type" }],
    [errors.too_busy, 429, { message: "More waits than can be sent in time" }],
    [errors.overloaded, 503, { message: LATER }],
    [errors.queue_unavailable, 503, { message: LATER }],
    [errors.internal, 500, { message: LATER }],
  ])("answers $code as the contract says", (error, status, body) => {
    expect(createChannels().whatsapp.intake.failed(error)).toEqual({ status, body });
  });

  it("wants to hear of every status", () => {
    const { whatsapp } = createChannels();

    expect(
      (["sent", "delivered", "read", "failed"] as const).map((status) =>
        whatsapp.reports.wants(buildReport({ status })),
      ),
    ).toEqual([true, true, true, true]);
  });

  it("posts many statuses in one call, without credentials, to the URL as configured", async () => {
    const { whatsapp, requests } = createChannels();

    await whatsapp.reports.post([buildReport(), buildFailedReport({ id: "second" })]);

    expect(requests.map(({ body, ...rest }) => ({ ...rest, body: JSON.parse(body ?? "") }))).toEqual([
      {
        method: "POST",
        url: DELIVERY_URL,
        headers: { "content-type": "application/json" },
        deadlineMs: 5_000,
        body: {
          statuses: [
            { msg_id: MSG_ID, status: "delivered", timestamp: "1738584001" },
            {
              msg_id: "second",
              status: "failed",
              timestamp: "1738584001",
              error: { code: "1022", description: "Invalid template or template parameters" },
            },
          ],
        },
      },
    ]);
  });

  it.each([200, 201, 202, 204])("takes %d for acceptance, whatever the body", async (status) => {
    await expect(createChannels(status).whatsapp.reports.post([buildReport()])).resolves.toBeUndefined();
  });

  it.each([400, 413, 422])("takes %d for a final refusal", async (status) => {
    await expect(createChannels(status).whatsapp.reports.post([buildReport()])).rejects.toMatchObject({
      code: "platform_refused",
      retryable: false,
      detail: { status },
    });
  });

  it.each([301, 401, 403, 404, 408, 429, 500, 502, 503, 504])(
    "keeps a report for later after %d",
    async (status) => {
      await expect(createChannels(status).whatsapp.reports.post([buildReport()])).rejects.toMatchObject({
        code: "platform_unavailable",
        retryable: true,
        detail: { status },
      });
    },
  );

  it("keeps a report for later when nobody answers, and tells why", async () => {
    const gone = new ConnectorError("not_sent", "x", { retryable: true, detail: { reason: "ECONNREFUSED" } });

    await expect(createChannels(gone).whatsapp.reports.post([buildReport()])).rejects.toMatchObject({
      code: "platform_unavailable",
      retryable: true,
      detail: { reason: "ECONNREFUSED" },
    });
  });
});

describe("moengage SMS", () => {
  it("answers the tracking id it made", async () => {
    const { sms } = createChannels();

    const message = await sms.intake.toMessage(buildSmsSend(), ACCEPTED_AT);

    expect(message).toEqual(buildSmsMessage());
    expect(sms.intake.accepted(message)).toEqual({
      status: 200,
      body: { trackingId: TRACKING_ID, status: "accepted" },
    });
  });

  it.each([
    [errors.invalid_recipient, 400, "to is missing"],
    [errors.invalid_request, 400, "msg_id is missing"],
    [errors.not_json, 400, "The body is not valid JSON"],
    [errors.unauthorized, 401, "Invalid credentials"],
    [errors.too_large, 413, "The body is too large"],
    [errors.unsupported_media_type, 415, "Content-Type"],
    [errors.too_busy, 429, "More waits than can be sent in time"],
    [errors.overloaded, 503, LATER],
    [errors.queue_unavailable, 503, LATER],
    [errors.internal, 500, LATER],
  ])("answers $code with its HTTP status and words", (error, status, message) => {
    expect(createChannels().sms.intake.failed(error)).toEqual({
      status,
      body: { message, error: error.code },
    });
  });

  it("hears of sent only where it is switched on, since MoEngage counts it as a failure", () => {
    const { sms, smsWithSent } = createChannels();
    const wanted = (channel: typeof sms) =>
      (["sent", "delivered", "failed"] as const).map((status) =>
        channel.reports.wants(buildReport({ status })),
      );

    expect({ off: wanted(sms), on: wanted(smsWithSent) }).toEqual({
      off: [false, true, true],
      on: [true, true, true],
    });
  });

  it("posts each report alone and flat", async () => {
    const { sms, requests } = createChannels();

    await sms.reports.post([buildReport({ id: "first" }), buildFailedReport({ id: "second" })]);

    expect(requests.map(({ url, body }) => ({ url, body: JSON.parse(body ?? "") }))).toEqual([
      { url: DELIVERY_URL, body: { trackingId: "first", status: "delivered", error: "" } },
      {
        url: DELIVERY_URL,
        body: {
          trackingId: "second",
          status: "failed",
          error: "1022, Invalid template or template parameters",
        },
      },
    ]);
    expect(sms.reports.maxBatch).toBe(1);
  });
});
