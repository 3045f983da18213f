import { describe, expect, it } from "@jest/globals";
import type { MessageStatus } from "../../src/core/status.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import { fromStatus } from "../../src/vonage/from-status.ts";
import { fixture, fixturesOf } from "../fixtures/index.ts";
import { buildVonageStatus, MSG_ID, RECIPIENT, VENDOR_ID, WABA_NUMBER } from "../support/builders.ts";

const NOW = Date.UTC(2025, 1, 4);
const AT = Date.UTC(2025, 1, 3, 12, 14, 25);

const base: MessageStatus = {
  vendorId: VENDOR_ID,
  channel: "whatsapp",
  vendorStatus: "delivered",
  status: "delivered",
  reference: { form: "verbatim", origin: "mw", id: MSG_ID },
  to: RECIPIENT,
  from: WABA_NUMBER,
  at: AT,
  recipient: undefined,
  parts: undefined,
  error: undefined,
  reason: undefined,
};
const failed = (vendorStatus: string, code: string, description: string): MessageStatus => ({
  ...base,
  vendorStatus,
  status: "failed",
  error: { code, description },
});
const overSms = { channel: "sms" };

const expected: Record<string, MessageStatus> = {
  "sms-submitted": { ...base, ...overSms, vendorStatus: "submitted", status: "sent", parts: 2 },
  "sms-delivered": { ...base, ...overSms, parts: 2 },
  "sms-rejected": {
    ...failed(
      "rejected",
      "1000",
      "Throttled - You have exceeded the submission capacity allowed on this account. Please wait and retry",
    ),
    ...overSms,
    reason: "throttled",
  },
  "whatsapp-submitted": { ...base, vendorStatus: "submitted", status: "sent" },
  "whatsapp-delivered": { ...base, recipient: { number: RECIPIENT, userId: "US.13491208655302741918" } },
  "whatsapp-read": { ...base, vendorStatus: "read", status: "read", at: AT + 123 },
  "whatsapp-rejected-number-title": {
    ...failed("rejected", "1022", "Invalid template or template parameters"),
    reason: "template",
  },
  "whatsapp-rejected-word-title": failed("rejected", "1340", "Outside Allowed Window"),
  "whatsapp-rejected-no-title": failed(
    "rejected",
    "1300",
    "The recipient is not on this network: on WhatsApp, the number has no WhatsApp",
  ),
  "whatsapp-rejected-no-error": failed("rejected", "unknown", "Vonage gave no reason"),
  "whatsapp-undeliverable": failed("undeliverable", "1331", "Provider not responding"),
  "whatsapp-to-user-id": { ...base, to: "US.13491208655302741918" },
  "unknown-status": { ...base, vendorStatus: "accepted", status: undefined },
  "no-timestamp": { ...base, at: NOW },
  "no-reference": { ...base, reference: undefined },
};

describe("fromStatus", () => {
  it.each([
    ["1000", "throttled"],
    ["1022", "template"],
    ["1240", "carrier_opt_out"],
    ["1300", undefined],
  ])("reads the error %s as %s", (title, reason) => {
    const body = buildVonageStatus({ status: "rejected", error: { title } });
    expect(fromStatus(body, NOW)).toMatchObject({ error: { code: title }, reason });
  });

  it("has an expectation for every fixture", () => {
    expect(fixturesOf("vonage-status").map(([variant]) => variant)).toEqual(Object.keys(expected).sort());
  });

  it.each(Object.entries(expected))("reads %s", (variant, status) => {
    expect(fromStatus(fixture("vonage-status", variant), NOW)).toEqual(status);
  });

  it.each(["failed", "expired"])("takes the older API's %s for a failure", (status) => {
    expect(fromStatus(buildVonageStatus({ status, error: { title: "1360" } }), NOW)).toEqual(
      failed(
        status,
        "1360",
        "The message waited until its time was over, because the phone could not be reached",
      ),
    );
  });

  it.each(["DELIVERED", "constructor", ""])("knows no status %j", (status) => {
    expect(fromStatus(buildVonageStatus({ status }), NOW)).toEqual({
      ...base,
      vendorStatus: status,
      status: undefined,
    });
  });

  it.each([
    ["timestamp", 1738584865, { at: NOW }],
    ["timestamp", "yesterday", { at: NOW }],
    ["to", 447700900123, { to: RECIPIENT }],
    ["to", undefined, { to: "" }],
    ["client_ref", 7, { reference: undefined }],
    ["error", "1022", {}],
    ["whatsapp", "x", {}],
    ["unknown_field", { deep: [1] }, {}],
  ])("does not stumble over %s = %j", (field, value, difference) => {
    expect(fromStatus(buildVonageStatus({ [field]: value }), NOW)).toEqual({ ...base, ...difference });
  });

  it.each([
    ["a number where text is due", { detail: 7 }],
    ["null where text is due", { detail: null, type: null }],
    ["parameters of another shape", { invalid_parameters: "to" }],
  ])("keeps the code of an error with %s", (_what, fields) => {
    const body = buildVonageStatus({ status: "rejected", error: { title: "1340", ...fields } });

    expect(fromStatus(body, NOW)).toEqual(
      failed(
        "rejected",
        "1340",
        "The person has not written to you within 24 hours, so only a template can be sent",
      ),
    );
  });

  it.each(["message_uuid", "channel", "status"])("refuses a body without %s", (field) => {
    expect(() => fromStatus(buildVonageStatus({ [field]: undefined }), NOW)).toThrow(
      new ConnectorError(
        "invalid_webhook",
        `Not a status webhook: ${field} is missing or has the wrong type`,
      ),
    );
  });

  it.each([undefined, null, [], "text"])("refuses a body that is %p", (body) => {
    expect(() => fromStatus(body, NOW)).toThrow(
      new ConnectorError(
        "invalid_webhook",
        "Not a status webhook: the body is missing or has the wrong type",
      ),
    );
  });
});
