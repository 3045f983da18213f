import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { ConnectorError, ERROR_CODES } from "../../src/lib/errors.ts";
import { smsRejected, whatsappRejected } from "../../src/platforms/webengage/from-error.ts";
import { FAILURES, SMS_FAILURES } from "../../src/platforms/webengage/from-report.ts";

const guide = readFileSync(new URL("../../docs/install-webengage.md", import.meta.url), "utf8");
const [, whatsapp = "", sms = ""] = guide.split(/^## What WebEngage is told on /m);

describe.each([
  ["WhatsApp", whatsapp, FAILURES, whatsappRejected],
  ["SMS", sms, SMS_FAILURES, smsRejected],
])("the guide to WebEngage on %s", (_, part, failures, rejected) => {
  const [reports = "", answers = ""] = part.split("At once, in the answer");

  it("has every code of a failed report in its first table", () => {
    const codes = [...new Set([...Object.values(failures), 0, 9988])];
    expect(codes.filter((code) => !new RegExp(`\\| ${code}\\b`).test(reports))).toEqual([]);
  });

  it("has every code of an answer in its second table, with its HTTP status", () => {
    const errors = ERROR_CODES.flatMap((code) =>
      [400, 401, 403, 413, 429, 503].map((httpStatus) => new ConnectorError(code, "why", { httpStatus })),
    );
    const rows = errors.map(rejected).map(({ status, body }) => {
      const { statusCode } = body as { statusCode: number };
      return `| ${statusCode} | ${status} |`;
    });
    expect([...new Set(rows)].filter((row) => !answers.includes(row))).toEqual([]);
  });
});
