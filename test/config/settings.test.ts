import { expect, it } from "@jest/globals";
import { variables } from "../../src/config/schema.ts";
import { describeSettings } from "../../src/config/settings.ts";

const NAMES = Object.keys(variables.shape);
const CANARY = "canary-0123456789";

it("shows values as they are, and of what is not set nothing", () => {
  const values = { WHATSAPP_NUMBER: ["14155550100", "14155550101"], VCR_LISTENERS: false, VCR_PORT: 0 };
  expect(describeSettings(values, [...Object.keys(values), "WABA_ID"])).toEqual([
    { name: "WHATSAPP_NUMBER", value: "14155550100, 14155550101", fingerprints: [] },
    { name: "VCR_LISTENERS", value: "false", fingerprints: [] },
    { name: "VCR_PORT", value: "0", fingerprints: [] },
    { name: "WABA_ID", value: "", fingerprints: [] },
  ]);
});

it("shows a fingerprint for each active secret, as sha256sum prints it", () => {
  const [secret] = describeSettings({ CONNECTOR_API_SECRET: ["old-secret", "secret"] }, [
    "CONNECTOR_API_SECRET",
  ]);
  expect(secret).toEqual({ name: "CONNECTOR_API_SECRET", value: "", fingerprints: ["5d865dea", "2bb80d53"] });
});

it("shows of an address that is a secret its host alone, and of a reply its length", () => {
  const address = `https://api-01.example.com/dlr/${CANARY}?token=${CANARY}`;
  const values = { MOENGAGE_DELIVERY_URL: address, OPT_OUT_REPLY: "You are out" };
  expect(describeSettings(values, Object.keys(values))).toEqual([
    {
      name: "MOENGAGE_DELIVERY_URL",
      value: "https://api-01.example.com",
      fingerprints: [expect.stringMatching(/^[0-9a-f]{8}$/)],
    },
    { name: "OPT_OUT_REPLY", value: "11 characters", fingerprints: [] },
  ]);
});

/** Whoever adds a variable decides here that everybody who opens the console may read it. */
const OPEN = [
  ...[
    "VCR_PORT",
    "VCR_API_ACCOUNT_ID",
    "CONNECTOR_API_KEY",
    "VCR_API_APPLICATION_ID",
    "VCR_INSTANCE_PUBLIC_URL",
  ],
  ...[
    "VCR_INSTANCE_SERVICE_NAME",
    "INSTANCE_ID",
    "VCR_PROVIDERS_URL",
    "VCR_LISTENERS",
    "DEBUG",
    "WHATSAPP_NUMBER",
  ],
  ...["WABA_ID", "PREFLIGHT", "SMS_SENDER_ID", "OPT_IN_KEYWORD", "OPT_OUT_KEYWORD", "SMS_REPORT_SENT"],
  ...["MOENGAGE_WORKSPACE_ID", "MOENGAGE_CUSTOMER_ID_IS_PHONE", "WEBENGAGE_USERNAME", "WEBENGAGE_SENT_ON"],
  ...[
    "CLEVERTAP_USERNAME",
    "CLEVERTAP_ACCOUNT_ID",
    "CLEVERTAP_REGION",
    "DISPATCH_RATE_PER_SECOND",
    "DISPATCH_MAX_INFLIGHT",
    "MESSAGE_TTL_SECONDS",
  ],
  ...["IN_DOUBT_WAIT_SECONDS", "IN_DOUBT_POLICY", "QUEUE_MAX_REQUEST_BYTES", "LOG_LEVEL", "VONAGE_API_HOST"],
];

it.each(NAMES.filter((name) => !OPEN.includes(name)))("never shows the value of %s", (name) => {
  const value = name.endsWith("_URL") ? `https://host.example/${CANARY}` : CANARY;
  const [setting] = describeSettings({ [name]: value }, [name]);
  expect(JSON.stringify(setting)).not.toContain(CANARY);
});
