import { describe, expect, it } from "@jest/globals";
import type { FailedSend } from "../../src/core/ports.ts";
import { STATUS_CODES } from "../../src/vonage/codes.ts";
import { blamesReference, resultFromResponse, statusError } from "../../src/vonage/errors.ts";

const NOW = Date.UTC(2026, 0, 15, 12);
const GENERAL = "https://developer.vonage.com/api-errors/#";
const MESSAGES = "https://developer.vonage.com/api-errors/messages#";

const problem = (type: string, title: string, more: object = {}) =>
  JSON.stringify({ type, title, instance: "bf0ca0bf927b3b52e3cb03217e1a1ddf", ...more });

const resultOf = (status: number, text = "", headers: Record<string, string> = {}) =>
  resultFromResponse({ status, headers, text }, NOW);

describe("resultFromResponse", () => {
  const byStatus: [number, FailedSend["outcome"]][] = [
    [301, "account"],
    [307, "account"],
    [400, "refused"],
    [401, "account"],
    [402, "account"],
    [403, "account"],
    [404, "account"],
    [405, "account"],
    [408, "transient"],
    [413, "refused"],
    [415, "refused"],
    [422, "refused"],
    [429, "throttled"],
    [451, "refused"],
    [500, "transient"],
    [501, "unknown"],
    [502, "unknown"],
    [503, "transient"],
    [504, "unknown"],
    [520, "unknown"],
  ];

  it.each(byStatus)("takes a bare %d for %s", (status, outcome) => {
    const code = String(status);
    const refusal = { code, description: `Vonage answered HTTP ${status}` };

    expect(resultOf(status)).toEqual({
      outcome,
      facts: { status, vonageCode: code },
      ...(outcome === "refused" || outcome === "account" ? refusal : {}),
      ...(outcome === "account" ? { concerns: status === 403 ? "sender" : "account" } : {}),
    });
  });

  it.each([
    ["HTML of a gateway", "<html><body><h1>502 Bad Gateway</h1></body></html>"],
    ["nothing", ""],
    ["half a JSON text", '{"type":"https://develo'],
    ["a list", "[]"],
    ["null", "null"],
    ["a word", '"error"'],
    ["an object of other fields", '{"error":"x"}'],
  ])("goes by the status when the body is %s", (_what, text) => {
    expect([401, 422, 429, 502, 503].map((status) => resultOf(status, text).outcome)).toEqual([
      "account",
      "refused",
      "throttled",
      "unknown",
      "transient",
    ]);
    expect(resultOf(422, text)).toMatchObject({ code: "422", description: "Vonage answered HTTP 422" });
  });

  it.each([
    [401, "unathorized"],
    [401, "unauthorized"],
    [401, "unprovisioned"],
    [401, "invalid-api-key"],
    [401, "jwt-expired"],
    [401, "jwt-revoked"],
    [402, "low-balance"],
    [403, "forbidden"],
    [403, "account-suspended"],
    [403, "application-suspended"],
    [403, "invalid-ip"],
    [422, "low-balance"],
    [429, "account-suspended"],
    [500, "low-balance"],
  ])("takes %d #%s for the account's trouble", (status, anchor) => {
    expect(resultOf(status, problem(`${GENERAL}${anchor}`, "Title"))).toEqual({
      outcome: "account",
      concerns: ["unprovisioned", "forbidden"].includes(anchor) ? "sender" : "account",
      code: /^una(u?)thorized$/.test(anchor) ? "401" : anchor,
      description: "Title",
      facts: { status, vonageCode: anchor },
    });
  });

  it.each([
    ["110", "Invalid recipient", "1430"],
    ["1060", "Invalid client reference", "1450"],
    ["1100", "Unsupported channel", "1400"],
    ["1110", "Invalid channel parameters", "1410"],
    ["1120", "Invalid sender", "1420"],
    ["1130", "Invalid recipient", "1430"],
    ["1140", "Invalid message type", "1440"],
    ["1150", "Invalid params", "1020"],
    ["1000", "Throttled, says the other numbering", "1000"],
  ])(
    "takes 422 #%s for the message's own fault, by its status, and gives it the status's code",
    (anchor, title, code) => {
      const text = problem(`${MESSAGES}${anchor}`, title, { detail: "See the docs." });

      expect(resultOf(422, text)).toEqual({
        outcome: "refused",
        code,
        description: `${title}: See the docs.`,
        facts: { status: 422, vonageCode: anchor, ...(anchor === "1060" ? { blamesReference: true } : {}) },
      });
    },
  );

  it("takes no sentence for a code", () => {
    const text = problem(`${MESSAGES}The number 447700900123`, "Invalid recipient");

    expect(resultOf(422, text)).toEqual({
      outcome: "refused",
      code: "422",
      description: "Invalid recipient",
      facts: { status: 422, vonageCode: "422" },
    });
  });

  it("says when the template is to blame", () => {
    const text = problem(`${MESSAGES}1022`, "Invalid template");

    expect(resultOf(422, text)).toEqual({
      outcome: "refused",
      code: "1022",
      description: "Invalid template",
      reason: "template",
      facts: { status: 422, vonageCode: "1022", reason: "template" },
    });
  });

  it("tells title, detail and the parameters Vonage blames", () => {
    const text = problem(`${MESSAGES}1150`, "Invalid params", {
      detail: "The value of one or more parameters is invalid.",
      invalid_parameters: [{ name: "image.url", reason: "is required." }, { name: "ttl" }, {}],
    });

    expect(resultOf(422, text)).toMatchObject({
      description:
        "Invalid params: The value of one or more parameters is invalid.: image.url is required.; ttl",
    });
  });

  it.each([
    ["null where text is due", { detail: null, title: null }],
    ["an object where text is due", { detail: { en: "Low balance" } }],
    ["parameters of another shape", { invalid_parameters: { to: "is required" } }],
    ["a list of words for parameters", { invalid_parameters: ["to"] }],
  ])("still knows the anchor when the body has %s", (_what, fields) => {
    const text = JSON.stringify({ type: `${GENERAL}low-balance`, ...fields });

    expect(resultOf(422, text)).toMatchObject({ outcome: "account", facts: { vonageCode: "low-balance" } });
  });

  it.each([
    ["15", { retryAfterSeconds: 15 }],
    ["0", { retryAfterSeconds: 0 }],
    ["-3", { retryAfterSeconds: 0 }],
    ["", {}],
    ["Thu, 15 Jan 2026 12:00:30 GMT", { retryAfterSeconds: 30 }],
    ["Wed, 14 Jan 2026 12:00:00 GMT", { retryAfterSeconds: 0 }],
    [undefined, {}],
  ])("reads Retry-After %p", (header, expected) => {
    expect(resultOf(429, "", header === undefined ? {} : { "retry-after": header })).toEqual({
      outcome: "throttled",
      ...expected,
      facts: { status: 429, vonageCode: "429", ...expected },
    });
  });
});

describe("blamesReference", () => {
  it.each([
    [
      "the anchor of an invalid client reference",
      problem(`${MESSAGES}1060`, "Invalid client reference"),
      true,
    ],
    [
      "the parameter by name",
      problem(`${MESSAGES}1150`, "Invalid params", {
        invalid_parameters: [{ name: "to" }, { name: "client_ref", reason: "too long" }],
      }),
      true,
    ],
    [
      "another parameter",
      problem(`${MESSAGES}1150`, "Invalid params", { invalid_parameters: [{ name: "to" }] }),
      false,
    ],
    ["another fault", problem(`${MESSAGES}1120`, "Invalid sender"), false],
    ["nothing", "", false],
    ["HTML", "<html>client_ref</html>", false],
  ])("on %s", (_what, text, blames) => {
    expect(blamesReference(422, text)).toBe(blames);
  });

  it("on another answer than 422: not the reference's fault", () => {
    expect(blamesReference(400, problem(`${MESSAGES}1060`, "Invalid client reference"))).toBe(false);
  });
});

describe("statusError", () => {
  const words = STATUS_CODES["1022"]?.[0] as string;

  it.each([
    [
      "the title's number",
      { title: "1022", detail: "Vonage's words" },
      { code: "1022", description: "Vonage's words" },
    ],
    ["a title that is a number", { title: 1022, detail: "x" }, { code: "1022", description: "x" }],
    [
      "the title before the anchor",
      { title: "1022", type: `${MESSAGES}1000`, detail: "x" },
      { code: "1022", description: "x" },
    ],
    [
      "the anchor when the title is a word",
      { title: "Rejected", type: `${MESSAGES}1340`, detail: "x" },
      { code: "1340", description: "x" },
    ],
    ["the anchor when there is no title", { type: `${MESSAGES}1022` }, { code: "1022", description: words }],
    ["our words when Vonage has none", { title: "1022", detail: " " }, { code: "1022", description: words }],
    [
      "the title's words for a number we do not know",
      { title: "Rejected", type: `${MESSAGES}9999` },
      { code: "9999", description: "Rejected" },
    ],
    ["a title alone", { title: "Rejected" }, { code: "Rejected", description: "Vonage gave no reason" }],
    ["a number we do not know", { title: "9999" }, { code: "9999", description: "Vonage gave no reason" }],
    [
      "a word that every object has",
      { title: "constructor" },
      { code: "constructor", description: "Vonage gave no reason" },
    ],
    [
      "no sentence for a code: it is told in the description",
      { title: "Number not on the allow list" },
      { code: "unknown", description: "Number not on the allow list" },
    ],
    [
      "no sentence for a code, and tells it before Vonage's words",
      { title: "Not allowed", detail: "Ask support." },
      { code: "unknown", description: "Not allowed: Ask support." },
    ],
    [
      "a title that is a code rather than an anchor that is none",
      { title: "Rejected", type: `${MESSAGES}of 447700900123 to call` },
      { code: "Rejected", description: "Vonage gave no reason" },
    ],
    [
      "no anchor that is a sentence",
      { type: `${MESSAGES}Number not on the list` },
      { code: "unknown", description: "Number not on the list" },
    ],
    ["no word that is too long", { title: "x".repeat(41) }, { code: "unknown", description: "x".repeat(41) }],
    ["an empty error", {}, { code: "unknown", description: "Vonage gave no reason" }],
    ["no error", undefined, { code: "unknown", description: "Vonage gave no reason" }],
  ])("goes by %s", (_what, error, expected) => {
    expect(statusError(error)).toEqual(expected);
  });

  it("has words for every code that Vonage documents for our channels", () => {
    const documented =
      "1000 1010 1020 1021 1022 1030 1040 1050 1060 1070 1080 1090 1100 1120 1130 1140 1150 1160 1170 1180 1190 " +
      "1200 1210 1220 1230 1240 1241 1242 1250 1251 1260 1270 1280 1282 1290 1300 1310 1320 1330 1331 1340 1350 " +
      "1360 1370 1380 1381 1382 1400 1410 1420 1430 1431 1440 1450 1451 1460 1461 1470 1472 1473 1474 1475 1476 " +
      "1480 1481 1482 1483 1484 1490 2001";

    expect(documented.split(" ").filter((code) => !STATUS_CODES[code])).toEqual([]);
  });
});
