import { describe, expect, it } from "@jest/globals";
import { parseOwnNumber, parseRecipient } from "../../src/core/recipient.ts";
import { ConnectorError } from "../../src/lib/errors.ts";

const WRONG = "is not a phone number: give 7 to 15 digits with the country code";
const ZERO = "cannot be a phone number: leave out the zero in front and begin with the country code";
const MISSING = "recipient is missing: give the recipient's phone number with its country code";

describe("parseRecipient", () => {
  it.each([
    ["447700900123", "447700900123"],
    ["+447700900123", "447700900123"],
    ["00447700900123", "447700900123"],
    ["+44 (7700) 900-123", "447700900123"],
    ["+1.415.555.0100", "14155550100"],
    ["\t447700900123\n", "447700900123"],
    [447_700_900_123, "447700900123"],
    ["1234567", "1234567"],
    ["123456789012345", "123456789012345"],
    ["00 44 7700 900123", "447700900123"],
  ])("reads %j as %s on every channel", (value, digits) => {
    expect(parseRecipient(value, "recipient", "sms")).toBe(digits);
    expect(parseRecipient(value, "recipient", "whatsapp")).toBe(digits);
  });

  it.each(["US.13491208655302741918", "US.ENT.11815799212886844830"])(
    "takes the WhatsApp user id %s unchanged",
    (id) => {
      expect(parseRecipient(id, "recipient", "whatsapp")).toBe(id);
    },
  );

  it.each([
    ["no value", undefined, MISSING],
    ["null", null, MISSING],
    ["empty text", "", MISSING],
    ["too few digits", "+123456", `recipient ***3456 ${WRONG}`],
    ["too many digits", "1234567890123456", `recipient ************3456 ${WRONG}`],
    ["a word", "nobody", `recipient **body ${WRONG}`],
    ["a plus sign in between", "44+7700900123", `recipient *********0123 ${WRONG}`],
    ["two plus signs", "++447700900123", `recipient **********0123 ${WRONG}`],
    ["digits of another script", "٤٤٧٧٠٠٩٠٠١٢٣", `recipient ********٠١٢٣ ${WRONG}`],
    ["a user id, on SMS", "US.13491208655302741918", `recipient ************1918 ${WRONG}`],
    ["a number with a fraction", 4477009001.5, "recipient must be a phone number, as text"],
    ["a number too large to be exact", 2 ** 60, "recipient must be a phone number, as text"],
    ["a list", ["447700900123"], "recipient must be a phone number, as text"],
    ["an object", { toString: 1 }, "recipient must be a phone number, as text"],
    ["a zero after the plus", "+0044 7700 900123", `recipient ************0123 ${ZERO}`],
    ["a zero after the international prefix", "0000447700900123", `recipient ************0123 ${ZERO}`],
    ["a national number", "07700 900123", `recipient ********0123 ${ZERO}`],
    ["a national number as digits", "07700900123", `recipient *******0123 ${ZERO}`],
    ["a zero in brackets", "44(0)7700900123", `recipient ***********0123 ${ZERO}`],
    ["a zero in brackets, with spaces", "+44 (0) 7700 900 123", `recipient ************ 123 ${ZERO}`],
    ["nothing but a prefix", "00", `recipient **** ${WRONG}`],
  ])("refuses %s in words, masked", (_what, value, message) => {
    expect(() => parseRecipient(value, "recipient", "sms")).toThrow(
      new ConnectorError("invalid_recipient", message),
    );
  });
});

describe("parseOwnNumber", () => {
  const numbers = ["14155550100", "14155550101"];
  const OURS = "use *******0100 or *******0101";

  it.each(["14155550101", "+14155550101", " 14155550101 ", 14_155_550_101])("reads %j", (value) => {
    expect(parseOwnNumber(value, "from", numbers)).toBe("14155550101");
  });

  it.each([
    ["14155550199", "from *******0199 is not a WhatsApp number of this connector"],
    ["MyBrand", "from ***rand is not a WhatsApp number of this connector"],
    [undefined, "from is missing or not a phone number"],
    ["", "from is missing or not a phone number"],
    [["14155550101"], "from is missing or not a phone number"],
    [{ toString: 1 }, "from is missing or not a phone number"],
  ])("refuses %j in words", (value, words) => {
    expect(() => parseOwnNumber(value, "from", numbers)).toThrow(
      new ConnectorError("invalid_sender", `${words}: ${OURS}`),
    );
  });
});
