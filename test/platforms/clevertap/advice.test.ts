import { expect, it } from "@jest/globals";
import { parseConfig } from "../../../src/config/parse.ts";
import { platformAdvice } from "../../../src/platforms/registry.ts";
import { createCredentials, credentialsEnv } from "../../../src/sandbox/credentials.ts";

const env = {
  ...credentialsEnv(createCredentials()),
  ...{ CLEVERTAP_USERNAME: "clevertap", CLEVERTAP_PASSWORD: "a-long-password" },
};
const adviceOf = (more: Record<string, string>) =>
  platformAdvice(parseConfig({ ...env, ...more })).map(({ id, remedy }) => [id, remedy]);
const IDENTITIES =
  "Where your profiles' identities are phone numbers, set CLEVERTAP_ACCOUNT_ID, CLEVERTAP_PASSCODE and CLEVERTAP_REGION";
const DELIVERY = { CLEVERTAP_DELIVERY_URL: "https://cb.example.com/dlr", WHATSAPP_NUMBER: "14155550100" };
const API = { CLEVERTAP_ACCOUNT_ID: "ACC", CLEVERTAP_PASSCODE: "pass", CLEVERTAP_REGION: "in1" };

it.each<[string, Record<string, string>, string[][]]>([
  ["off", {}, []],
  [
    "WhatsApp alone",
    DELIVERY,
    [
      ["clevertap-inbound", "Set CLEVERTAP_INBOUND_URL"],
      ["clevertap-profiles", IDENTITIES],
    ],
  ],
  [
    "SMS alone",
    { CLEVERTAP_SMS_DELIVERY_URL: "https://cb.example.com/sms" },
    [["clevertap-profiles", IDENTITIES]],
  ],
  [
    "everything",
    { ...DELIVERY, ...API, CLEVERTAP_INBOUND_URL: "https://cb.example.com/imo" },
    [
      ["clevertap-inbound", ""],
      ["clevertap-profiles", ""],
    ],
  ],
])("the setup check says what is missing: %s", (_, more, advice) => {
  expect(adviceOf(more)).toEqual(advice);
});

it.each([
  [{ CLEVERTAP_REGION: "mars" }, "CLEVERTAP_REGION must be one of eu, in1, sg1, us1, aps3, mec1"],
  [{ CLEVERTAP_ACCOUNT_ID: "ACC" }, "CLEVERTAP_PASSCODE and CLEVERTAP_REGION are missing"],
  [{ CLEVERTAP_USERNAME: "a:b" }, "CLEVERTAP_USERNAME must not contain a colon"],
])("refuses %j", (more, fault) => {
  expect(() => parseConfig({ ...env, ...more } as Record<string, string>)).toThrow(fault);
});

it("says what is off when one of its addresses got lost, and starts all the same", () => {
  const sms = { CLEVERTAP_SMS_DELIVERY_URL: "https://cb.example.com/sms" };
  const inbound = { CLEVERTAP_INBOUND_URL: "https://cb.example.com/imo" };
  const notesOf = (more: object) =>
    parseConfig({ ...env, ...more }).notes.filter((note) => note.startsWith("CleverTap"));
  expect([notesOf({ ...sms, ...inbound }), notesOf(inbound), notesOf({ ...DELIVERY, ...inbound })]).toEqual([
    ["CleverTap WhatsApp is off: to switch it on, set CLEVERTAP_DELIVERY_URL"],
    [
      "CleverTap is off: to switch it on, set CLEVERTAP_DELIVERY_URL for WhatsApp (or CLEVERTAP_SMS_DELIVERY_URL for SMS)",
    ],
    [],
  ]);
});

it.each([
  ["eu", "https://api.clevertap.com"],
  ["in1", "https://in1.api.clevertap.com"],
  ["SG1", "https://sg1.api.clevertap.com"],
])("knows the API of the region %s", (region, url) => {
  const config = parseConfig({ ...env, ...DELIVERY, ...API, CLEVERTAP_REGION: region });
  expect(config.clevertap?.api?.url).toBe(url);
});
