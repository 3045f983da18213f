import { describe, expect, it } from "@jest/globals";
import type { TemplateButton } from "../../../src/core/template/template.ts";
import { placeButtons } from "../../../src/platforms/webengage/buttons.ts";
import type { Buttons } from "../../../src/platforms/webengage/contract.ts";

const QUICK = { type: "QUICK_REPLY", text: "Yes" };
const PHONE = { type: "PHONE_NUMBER" };
const FIXED = { type: "URL", url: "https://shop.example.com/faq" };
const LINK = { type: "URL", url: "https://shop.example.com/{{1}}" };
const COPY = { type: "COPY_CODE" };
const OTP = { type: "OTP", otp_type: "ONE_TAP" };
const OLD_OTP = {
  type: "URL",
  url: "https://www.whatsapp.com/otp/code/?code=otp{{1}}",
  otp_type: "COPY_CODE",
};

const all = { buttonUrlParam: "one", buttonUrlDynamicParam: "two", copyCodeText: "CODE" };

describe("placeButtons", () => {
  it.each<[string, Buttons, TemplateButton[] | undefined, string[]]>([
    ["nothing given, nothing known", {}, undefined, []],
    [
      "copy code before links, where nothing is known",
      all,
      undefined,
      ["copy_code 0 CODE", "url 1 one", "url 2 two"],
    ],
    ["what is not given takes no place", { buttonUrlDynamicParam: "two" }, undefined, ["url 0 two"]],
    [
      "places of the template",
      all,
      [QUICK, LINK, PHONE, COPY, FIXED, LINK],
      ["url 1 one", "copy_code 3 CODE", "url 5 two"],
    ],
    ["fixed buttons take nothing", { buttonUrlParam: "one" }, [FIXED, QUICK, LINK], ["url 2 one"]],
    [
      "a value without a button comes after the last",
      { copyCodeText: "CODE" },
      [QUICK, LINK],
      ["copy_code 2 CODE"],
    ],
    ["a password button repeats the code", {}, [OTP], ["url 0 123456"]],
    ["a password button takes a code of its own", { copyCodeText: "99" }, [OTP], ["url 0 99"]],
    ["a password button as older accounts list it", { buttonUrlParam: "77" }, [OLD_OTP], ["url 0 77"]],
  ])("%s", (_, given, buttons, expected) => {
    const placed = placeButtons(given, buttons, "123456") as {
      sub_type: string;
      index: string;
      parameters: Record<string, string>[];
    }[];

    expect(
      placed.map(({ sub_type, index, parameters: [one] }) =>
        [sub_type, index, one?.["text"] ?? one?.["coupon_code"]].join(" "),
      ),
    ).toEqual(expected);
  });
});
