import { describe, expect, it } from "@jest/globals";
import type { DeliveryReport, DeliveryStatus } from "../../../src/core/report.ts";
import {
  FAILURES,
  isReported,
  reportToSmsDsn,
  reportToWhatsAppDsn,
  SMS_FAILURES,
} from "../../../src/platforms/webengage/from-report.ts";
import { HTTP_STATUS } from "../../../src/sandbox/webengage/contract.ts";
import { SMS_HTTP_STATUS } from "../../../src/sandbox/webengage/sms-contract.ts";
import { STATUS_CODES } from "../../../src/vonage/codes.ts";
import { fixture } from "../../fixtures/index.ts";
import { buildReport } from "../../support/builders.ts";

/** Of the contract's examples. */
const AT = Date.parse("2018-01-25T10:24:16Z");
const example = { id: "webengage-message-id", to: "919999999999", at: AT, origin: "ww" };
const dsnOf = (status: DeliveryStatus, error?: { code: string; description: string }) =>
  reportToWhatsAppDsn(buildReport({ ...example, status, ...(error ? { error } : {}) }));

describe("reportToWhatsAppDsn", () => {
  it.each(["example", "request-format"])(
    "makes the contract's %s of a delivery, but for its reason",
    (variant) => {
      const { reason: _, ...expected } = fixture("webengage-dsn", variant);
      expect(dsnOf("delivered")).toEqual(expected);
    },
  );

  it("tells that it was read", () => {
    expect(dsnOf("read")).toEqual({
      version: "1.0",
      messageId: "webengage-message-id",
      toNumber: "919999999999",
      status: "whatsapp_read",
      statusCode: 0,
      timestamp: "2018-01-25T10:24:16+0000",
    });
  });

  it.each<[code: string, statusCode: number, reason: string | undefined]>([
    ["opted_out", 2024, "opted_out, why"],
    ["expired", 2008, undefined],
    ["outcome_unknown", 9988, "outcome_unknown, why"],
    ["low-balance", 2000, undefined],
    ["1000", 2014, "1000, why"],
    ["1022", 2023, "1022, why"],
    ["1240", 2006, "1240, why"],
    ["1260", 2009, "1260, why"],
    ["1300", 2003, "1300, why"],
    ["1340", 2025, "1340, why"],
    ["1360", 2008, undefined],
    ["1090", 2007, "1090, why"],
    ["1330", 9988, "1330, why"],
    ["constructor", 9988, "constructor, why"],
    ["__proto__", 9988, "__proto__, why"],
    ["9999", 9988, "9999, why"],
  ])("tells failure %s as %d", (code, statusCode, reason) => {
    expect(dsnOf("failed", { code, description: "why" })).toEqual({
      version: "1.0",
      messageId: "webengage-message-id",
      toNumber: "919999999999",
      status: "whatsapp_failed",
      statusCode,
      ...(reason ? { reason } : {}),
      timestamp: "2018-01-25T10:24:16+0000",
    });
  });

  it("tells the contract's example of a refusal for the balance by its code", () => {
    const { statusCode } = fixture("webengage-answer", "insufficient-credit");
    expect(dsnOf("failed", { code: "low-balance", description: "Not enough credit" }).statusCode).toBe(
      statusCode,
    );
  });

  it("says something of a failure without a reason", () => {
    expect(dsnOf("failed")).toMatchObject({ statusCode: 9988, reason: "No reason was given" });
  });

  it("keeps an id of 500 characters as it is", () => {
    const id = " ~é|".padEnd(500, "x");
    expect(reportToWhatsAppDsn(buildReport({ ...example, id })).messageId).toBe(id);
  });

  it.each([
    ["delivered", [false, true, true, true]],
    ["submitted", [true, false, true, true]],
  ] as const)("says once that it was sent, when %s", (sentOn, expected) => {
    const wanted = (["sent", "delivered", "read", "failed"] as const).map((status) =>
      isReported(buildReport({ status }), sentOn),
    );
    expect(wanted).toEqual(expected);
  });
});

const smsDsnOf = (over: Partial<DeliveryReport>) =>
  reportToSmsDsn(buildReport({ ...example, origin: "ws", channel: "sms", ...over }));

describe("reportToSmsDsn", () => {
  it("makes the contract's example of a delivery, with the number of SMS that Vonage told", () => {
    expect(smsDsnOf({ status: "delivered", parts: 1 })).toEqual(fixture("webengage-sms-dsn", "count"));
    expect(smsDsnOf({ status: "delivered", parts: 7 })).toMatchObject({ smsCount: 7 });
  });

  it("makes it of a submission too, and of one SMS where Vonage told no number", () => {
    expect(smsDsnOf({ status: "sent" })).toEqual(fixture("webengage-sms-dsn", "count"));
  });

  it("makes the private contract's example, but for its number, which is the person's own", () => {
    expect(smsDsnOf({ status: "delivered" })).toEqual({
      ...fixture("webengage-sms-dsn", "private-sent"),
      toNumber: "919999999999",
      smsCount: 1,
    });
  });

  it("makes the contract's example of a failure, in Vonage's words", () => {
    const error = { code: "1090", description: "EXCEEDING MAX LENGTH" };
    expect(smsDsnOf({ id: "XXXXXXXXXXXX", status: "failed", parts: 2, error })).toEqual({
      ...fixture("webengage-sms-dsn", "failed"),
      toNumber: "919999999999",
      message: "1090, EXCEEDING MAX LENGTH",
    });
  });

  it.each<[code: string, statusCode: number]>([
    ["opted_out", 3000],
    ["1240", 3000],
    ["expired", 2008],
    ["1360", 2008],
    ["low-balance", 2000],
    ["outcome_unknown", 9988],
    ["1000", 9988],
    ["1120", 2004],
    ["1170", 2003],
    ["1260", 2009],
    ["1480", 2025],
    ["1481", 2024],
    ["1482", 2026],
    ["1483", 2006],
    ["1484", 2022],
    ["1461", 9988],
    ["constructor", 9988],
    ["__proto__", 9988],
  ])("tells failure %s as %d", (code, statusCode) => {
    expect(smsDsnOf({ status: "failed", error: { code, description: "why" } })).toEqual({
      version: "1.0",
      messageId: "webengage-message-id",
      toNumber: "919999999999",
      status: "sms_failed",
      statusCode,
      message: `${code}, why`,
    });
  });

  it("says something of a failure without a reason", () => {
    expect(smsDsnOf({ status: "failed" })).toMatchObject({
      statusCode: 9988,
      message: "No reason was given",
    });
  });

  it.each([
    ["delivered", [false, true, false, true]],
    ["submitted", [true, false, false, true]],
  ] as const)("says once that it was sent, when %s, and never that it was read", (sentOn, expected) => {
    const wanted = (["sent", "delivered", "read", "failed"] as const).map((status) =>
      isReported(buildReport({ channel: "sms", status }), sentOn),
    );
    expect(wanted).toEqual(expected);
  });
});

describe.each([
  ["WhatsApp", FAILURES, HTTP_STATUS],
  ["SMS", SMS_FAILURES, SMS_HTTP_STATUS],
])("the table of failures on %s", (_, failures, contract) => {
  it("has only codes of the contract, and never the one that makes WebEngage send again", () => {
    const codes = new Set(Object.values(failures));
    expect([...codes].filter((code) => !(code in contract) || code === 2015 || code === 0)).toEqual([]);
  });

  it("has only numbers that Vonage has", () => {
    const numbers = Object.keys(failures).filter((code) => /^\d+$/.test(code));
    expect(numbers.filter((code) => !Object.hasOwn(STATUS_CODES, code))).toEqual([]);
  });
});
