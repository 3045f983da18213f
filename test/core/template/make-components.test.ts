import { describe, expect, it } from "@jest/globals";
import { buttonKind, coordinate } from "../../../src/core/template/make-components.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";

describe("buttonKind", () => {
  it.each([
    [{ type: "URL", url: "https://e.com/{{1}}" }, "link"],
    [{ type: "url", url: "https://e.com/{{1}}" }, "link"],
    [{ type: "URL", url: "https://e.com" }, "fixed"],
    [{ type: "URL" }, "fixed"],
    [{ type: "COPY_CODE" }, "code"],
    [{ type: "OTP" }, "password"],
    [{ type: "URL", url: "https://e.com/otp/{{1}}", otp_type: "COPY_CODE" }, "password"],
    [{ type: "QUICK_REPLY" }, "fixed"],
    [{ type: "constructor" }, "fixed"],
  ])("says of %j that it takes a %s", (button, kind) => {
    expect(buttonKind(button)).toBe(kind);
  });
});

describe("coordinate", () => {
  it.each([
    [45.946519, "45.946519"],
    ["-90", "-90"],
    [0, "0"],
    [" 12.5 ", "12.5"],
  ])("reads %j as %s", (value, degrees) => {
    expect(coordinate(value, "latitude", 90)).toBe(degrees);
  });

  it.each(["", " ", "x", null, undefined, 90.1, "-91", Number.NaN, "Infinity"])("refuses %j", (value) => {
    expect(() => coordinate(value, "latitude", 90)).toThrow(
      new ConnectorError("invalid_request", "latitude must be a number between -90 and 90"),
    );
  });
});
