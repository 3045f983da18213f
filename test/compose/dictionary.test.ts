import { describe, expect, it } from "@jest/globals";
import { dictionary, MESSAGE_CODES } from "../../src/compose/dictionary.ts";
import { ERROR_CODES } from "../../src/lib/errors.ts";
import { FAILURE_CODES } from "../../src/platforms/moengage/contract.ts";
import { PLATFORM_CODES } from "../../src/platforms/registry.ts";
import { SMS_STATUS_CODES, STATUS_CODES } from "../../src/platforms/webengage/contract.ts";
import { FAILURES, SMS_FAILURES } from "../../src/platforms/webengage/from-report.ts";
import { resultFromResponse } from "../../src/vonage/errors.ts";

const GENERAL = dictionary("");

const entries = [...Object.entries(MESSAGE_CODES), ...Object.entries(PLATFORM_CODES)].flatMap(
  ([origin, table]) => Object.entries(table).map(([code, words]) => ({ where: `${origin}/${code}`, words })),
);

/** What somebody who writes no code need not know. */
const ENGINEERS_WORDS =
  /\b(JSON|payload|HTTP|JWT|API endpoint|schema|null|undefined|exception|socket|TCP|TTL|pars\w+|backoff|idempoten\w+|enqueue\w*|namespace|regex|UTF-8|hash|HMAC)\b/i;

describe("the dictionary", () => {
  it("has two sentences for each code, short, and in words for everybody", () => {
    const wrong = entries.filter(
      ({ words: [description, nextStep] }) =>
        [description, nextStep].some(
          (text) =>
            text.length < 5 || text.length > 200 || ENGINEERS_WORDS.test(text) || /\s\s|^\s/.test(text),
        ) ||
        description.endsWith(".") ||
        !nextStep.endsWith("."),
    );
    expect(wrong).toEqual([]);
  });

  it("has one meaning for each code that a message can end with", () => {
    const codes = Object.values(MESSAGE_CODES).flatMap(Object.keys);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
  });

  it("knows every code that the connector can give", () => {
    const words = ["expired", "opted_out", "outcome_unknown", "content_lost", "unknown"];
    const ofPlatforms = [
      ...Object.values(FAILURE_CODES).map((code) => `moengage/${code}`),
      ...Object.values(STATUS_CODES).map((code) => `webengage/${code}`),
      ...Object.values(SMS_STATUS_CODES).map((code) => `webengage-sms/${code}`),
    ];
    const all = [...ERROR_CODES, ...words, ...Object.keys({ ...FAILURES, ...SMS_FAILURES }), ...ofPlatforms];
    expect(all.filter((code) => dictionary(code).description === GENERAL.description)).toEqual([]);
  });

  it.each([400, 401, 402, 403, 404, 405, 413, 415, 422, 451])(
    "knows a send that Vonage answers %d",
    (status) => {
      const result = resultFromResponse({ status, headers: {}, text: "" }, 0);
      if (result.outcome !== "refused" && result.outcome !== "account") throw new Error(result.outcome);
      expect(dictionary(result.code)).not.toEqual(GENERAL);
    },
  );

  it.each([
    ["1022", "The template or the values put into it are not valid"],
    [
      "131026",
      "WhatsApp cannot deliver to this number: no WhatsApp, an old version, or its terms are not accepted",
    ],
    ["low-balance", "The Vonage account's balance is used up"],
    ["opted_out", "The person has opted out of messages from this sender"],
    ["webengage/2015", "The connector cannot take the message just now"],
    ["2015", GENERAL.description],
    ["nobody/2015", GENERAL.description],
    ["constructor", GENERAL.description],
    ["constructor/toString", GENERAL.description],
  ])("answers %s", (code, description) => {
    expect(dictionary(code)).toMatchObject({ description });
  });
});
