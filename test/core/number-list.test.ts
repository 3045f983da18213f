import { describe, expect, it } from "@jest/globals";
import { parseNumberFile, parseNumbers } from "../../src/core/number-list.ts";

describe("a file of numbers", () => {
  it.each([
    ["one a line", "447700900123\n447700900124", ["447700900123", "447700900124"]],
    [
      "ways to write a number",
      "+44 7700 900123\n0044-7700-900124\n(44) 7700.900125",
      ["447700900123", "447700900124", "447700900125"],
    ],
    [
      "from Windows, with a mark of its encoding",
      "\uFEFF447700900123\r\n447700900124\r\n",
      ["447700900123", "447700900124"],
    ],
    ["comments and empty lines", "# asked by phone\n\n447700900123 # Jane\n   \n", ["447700900123"]],
    [
      "a CSV with names of columns",
      'phone,name\n"+447700900123",Jane\n447700900124;Joe\n447700900125\tJim',
      ["447700900123", "447700900124", "447700900125"],
    ],
    ["the same person twice", "447700900123\n+447700900123", ["447700900123"]],
    ["a WhatsApp user id", "US.13491208655302741918", ["US.13491208655302741918"]],
    ["nothing", "", []],
  ])("%s", (_, text, addresses) => {
    expect(parseNumberFile(text, "whatsapp")).toEqual({ addresses, faults: [] });
  });

  it("names the lines that are no number, masked, and keeps the others", () => {
    expect(parseNumberFile("phone\n12345\n447700900123\nJane Smith\nUS.1234567890", "sms")).toEqual({
      addresses: ["447700900123"],
      faults: [
        "line 2: *2345 is not a phone number: give 7 to 15 digits with the country code",
        "line 4: ******mith is not a phone number: give 7 to 15 digits with the country code",
        "line 5: *********7890 is not a phone number: give 7 to 15 digits with the country code",
      ],
    });
  });
});

it("takes numbers one by one, the first of them too", () => {
  expect(parseNumbers(["Jane", "+447700900123"], "number", "sms")).toEqual({
    addresses: ["447700900123"],
    faults: ["number 1: **** is not a phone number: give 7 to 15 digits with the country code"],
  });
});
