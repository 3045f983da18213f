import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { ConfigError, parseConfig } from "../../src/config/parse.ts";

const pem = (type: "rsa" | "ec") =>
  (type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" })
  ).privateKey
    .export({ type: "pkcs8", format: "pem" })
    .toString();

const privateKey = pem("rsa");
const otherKey = pem("rsa");

const required = {
  VCR_API_ACCOUNT_ID: "abcd1234",
  VCR_API_ACCOUNT_SECRET: "account-secret",
  VCR_API_APPLICATION_ID: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
  VCR_PRIVATE_KEY: privateKey,
  VONAGE_SIGNATURE_SECRET: "signature-secret",
};
const whatsapp = {
  WHATSAPP_NUMBER: "14155550100",
  MOENGAGE_DELIVERY_URL: "https://api-01.moengage.com/whatsapp/vonage-v2/dlr",
};
const sms = {
  SMS_SENDER_ID: "MyBrand",
  MOENGAGE_SMS_DELIVERY_URL: "https://api-01.moengage.com/sms/dlr/custom/1234",
};

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("parseConfig", () => {
  it("needs the account, the application and the signature secret, and has a default for the rest", () => {
    expect(parseConfig(required)).toEqual({
      port: 3_000,
      logLevel: "info",
      account: { id: "abcd1234", secret: "account-secret" },
      application: { id: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", privateKey },
      jobSigningKeys: [privateKey],
      instance: { id: "debug", serviceName: "connector" },
      listeners: false,
      keywords: { optOut: ["STOP"], optIn: ["START"] },
      autoReplies: {},
      signatureSecrets: ["signature-secret"],
      vonageApiHost: "https://api.nexmo.com",
      moengage: { accepted: [{ key: "abcd1234", secrets: ["account-secret"] }] },
      dispatch: { ratePerSecond: 29, maxInflight: 200 },
      messageTtlSeconds: 86_400,
      inDoubt: { waitSeconds: 1_200, policy: "fail" },
      queueMaxRequestBytes: 8_000,
      settings: expect.any(Array),
      notes: [
        "WhatsApp is off: to switch it on, set WHATSAPP_NUMBER and MOENGAGE_DELIVERY_URL (or another platform's variables)",
        "SMS is off: to switch it on, set MOENGAGE_SMS_DELIVERY_URL (or another platform's variables)",
      ],
    });
  });

  it("reads every variable", () => {
    const config = parseConfig({
      ...required,
      ...whatsapp,
      ...sms,
      VCR_PORT: "8080",
      CONNECTOR_API_KEY: "moengage-prod",
      CONNECTOR_API_SECRET: "old-secret, new-secret",
      VCR_PRIVATE_KEY_PREVIOUS: otherKey,
      VCR_INSTANCE_PUBLIC_URL: "https://neru-abcd1234-connector.euw1.runtime.vonage.cloud/",
      VCR_INSTANCE_SERVICE_NAME: "neru-abcd1234-connector_prod",
      INSTANCE_ID: "3f0c5f0e-7d0a-4f1e-9b58-2d7f6d0a9c11",
      VCR_PROVIDERS_URL: "http://localhost:4001",
      VCR_LISTENERS: "true",
      WHATSAPP_NUMBER: "14155550100, +14155550101",
      WABA_ID: "1001,1002",
      PREFLIGHT: "off",
      VONAGE_SIGNATURE_SECRET: "old,new",
      OPT_OUT_KEYWORD: "STOP, BAJA",
      OPT_IN_KEYWORD: "ALTA",
      OPT_OUT_REPLY: "You have opted out.",
      OPT_IN_REPLY: "Welcome, back",
      DEFAULT_REPLY: "Sorry?",
      MOENGAGE_DATA_API_URL: "https://api-01.moengage.com/",
      MOENGAGE_WORKSPACE_ID: "WORKSPACE",
      MOENGAGE_DATA_API_KEY: "data-key",
      MOENGAGE_CUSTOMER_ID_IS_PHONE: "true",
      MOENGAGE_CONNECTED_SOURCE_URL:
        "https://api-01.moengage.com/v1/partner/vonage_connector/events/?configName=a",
      WEBENGAGE_USERNAME: "webengage",
      WEBENGAGE_PASSWORD: "admin,next",
      WEBENGAGE_API_KEY: "api-key",
      WEBENGAGE_DSN_URL: "https://wt.webengage.com/tracking/events",
      WEBENGAGE_DSN_TOKEN: "dsn-token",
      WEBENGAGE_SMS_DSN_URL: "https://st.webengage.com/tracking/events",
      SMS_REPORT_SENT: "true",
      SMS_SENDER_ID: "+14155550102",
      VONAGE_API_HOST: "https://api-eu.nexmo.com",
      DISPATCH_RATE_PER_SECOND: "100",
      DISPATCH_MAX_INFLIGHT: "50",
      MESSAGE_TTL_SECONDS: "3600",
      IN_DOUBT_WAIT_SECONDS: "60",
      IN_DOUBT_POLICY: "resend",
      QUEUE_MAX_REQUEST_BYTES: "16000",
      LOG_LEVEL: "debug",
    });

    expect(config).toEqual({
      port: 8_080,
      logLevel: "debug",
      account: { id: "abcd1234", secret: "account-secret" },
      application: { id: required.VCR_API_APPLICATION_ID, privateKey },
      jobSigningKeys: [privateKey, otherKey],
      instance: {
        id: "3f0c5f0e-7d0a-4f1e-9b58-2d7f6d0a9c11",
        serviceName: "neru-abcd1234-connector_prod",
        publicUrl: "https://neru-abcd1234-connector.euw1.runtime.vonage.cloud",
      },
      providersUrl: "http://localhost:4001",
      listeners: true,
      keywords: { optOut: ["STOP", "BAJA"], optIn: ["ALTA"] },
      autoReplies: { optOut: "You have opted out.", optIn: "Welcome, back", other: "Sorry?" },
      moengage: {
        accepted: [{ key: "moengage-prod", secrets: ["old-secret", "new-secret"] }],
        whatsapp: { deliveryUrl: "https://api-01.moengage.com/whatsapp/vonage-v2/dlr" },
        sms: { deliveryUrl: "https://api-01.moengage.com/sms/dlr/custom/1234" },
        dataApi: {
          url: "https://api-01.moengage.com",
          workspaceId: "WORKSPACE",
          key: "data-key",
          customerIdIsPhone: true,
        },
        events: {
          url: "https://api-01.moengage.com/v1/partner/vonage_connector/events/?configName=a",
          workspaceId: "WORKSPACE",
          key: "data-key",
        },
      },
      webengage: {
        accepted: [{ key: "webengage", secrets: ["admin", "next"] }, { tokens: ["api-key"] }],
        whatsapp: {
          dsnUrl: "https://wt.webengage.com/tracking/events",
          dsnToken: "dsn-token",
          sentOn: "delivered",
        },
        sms: { dsnUrl: "https://st.webengage.com/tracking/events", dsnToken: "dsn-token" },
      },
      signatureSecrets: ["old", "new"],
      vonageApiHost: "https://api-eu.nexmo.com",
      whatsapp: {
        numbers: ["14155550100", "14155550101"],
        wabaIds: ["1001", "1002"],
        preflight: false,
      },
      sms: { senderId: "14155550102", reportSent: true },
      dispatch: { ratePerSecond: 100, maxInflight: 50 },
      messageTtlSeconds: 3_600,
      inDoubt: { waitSeconds: 60, policy: "resend" },
      queueMaxRequestBytes: 16_000,
      settings: expect.any(Array),
      notes: [],
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("takes X where VCR_X is absent or empty", () => {
    const { VCR_API_ACCOUNT_ID, VCR_PRIVATE_KEY, ...rest } = required;
    const config = parseConfig({
      ...rest,
      VCR_API_ACCOUNT_ID: "  ",
      API_ACCOUNT_ID: VCR_API_ACCOUNT_ID,
      PRIVATE_KEY: VCR_PRIVATE_KEY,
      PORT: "4000",
    });

    expect(config).toMatchObject({
      port: 4_000,
      account: { id: "abcd1234" },
      application: { privateKey },
    });
  });

  it("lets VCR_X win over X", () => {
    const config = parseConfig({
      ...required,
      API_ACCOUNT_ID: "other",
      PRIVATE_KEY: otherKey,
      VCR_PORT: "1",
      PORT: "2",
    });

    expect(config).toMatchObject({ port: 1, account: { id: "abcd1234" }, application: { privateKey } });
  });

  it.each([
    ["on one line with \\n in it", privateKey.replaceAll("\n", "\\n")],
    ["on one line without the last \\n", privateKey.trim().replaceAll("\n", "\\n")],
    ["with real line breaks and spaces around", `\n ${privateKey} \n`],
  ])("takes a private key %s", (_form, text) => {
    expect(parseConfig({ ...required, VCR_PRIVATE_KEY: text }).application.privateKey).toBe(privateKey);
  });

  it.each([
    ["neither channel's variables", {}, { whatsapp: false, sms: false }],
    ["WhatsApp's alone", whatsapp, { whatsapp: true, sms: false }],
    ["SMS's alone", sms, { whatsapp: false, sms: true }],
    ["both", { ...whatsapp, ...sms }, { whatsapp: true, sms: true }],
  ])("switches channels by %s", (_what, env, expected) => {
    const config = parseConfig({ ...required, ...env });

    expect({ whatsapp: config.whatsapp !== undefined, sms: config.sms !== undefined }).toEqual(expected);
  });

  it.each([
    [
      { WHATSAPP_NUMBER: "14155550100" },
      "WhatsApp is off: to switch it on, set MOENGAGE_DELIVERY_URL (or another platform's variables)",
    ],
    [
      { MOENGAGE_DELIVERY_URL: whatsapp.MOENGAGE_DELIVERY_URL },
      "WhatsApp is off: to switch it on, set WHATSAPP_NUMBER",
    ],
    [
      { SMS_SENDER_ID: "MyBrand" },
      "SMS is off: to switch it on, set MOENGAGE_SMS_DELIVERY_URL (or another platform's variables)",
    ],
    [
      { MOENGAGE_SMS_DELIVERY_URL: sms.MOENGAGE_SMS_DELIVERY_URL },
      "SMS has no sender of its own: a send that names none is refused. To give it one, set SMS_SENDER_ID",
    ],
    [
      { MOENGAGE_WORKSPACE_ID: "W" },
      "MoEngage is off: to switch it on, set MOENGAGE_DELIVERY_URL for WhatsApp or MOENGAGE_SMS_DELIVERY_URL for SMS",
    ],
  ])("says what a half-configured channel or platform lacks: %j", (env, note) => {
    expect(parseConfig({ ...required, ...env }).notes).toContain(note);
  });

  it("has SMS on with its delivery URL alone", () => {
    const { sms: channel } = parseConfig({
      ...required,
      MOENGAGE_SMS_DELIVERY_URL: sms.MOENGAGE_SMS_DELIVERY_URL,
    });
    expect(channel).toEqual({ senderId: undefined, reportSent: false });
  });

  it.each([
    ["true", "http://localhost:3001"],
    ["TRUE", undefined],
    ["1", undefined],
    ["false", undefined],
  ])("DEBUG=%s means the local VCR at %s", (DEBUG, providersUrl) => {
    expect(parseConfig({ ...required, DEBUG }).providersUrl).toBe(providersUrl);
  });

  it("keeps a delivery URL with its path, its query and its last slash", () => {
    const url = "https://api-01.moengage.com/whatsapp/vonage-v2/dlr/?a=b%20c&d=";

    const config = parseConfig({ ...required, ...whatsapp, MOENGAGE_DELIVERY_URL: url });

    expect(config.moengage.whatsapp?.deliveryUrl).toBe(url);
  });

  it.each(["http://localhost:4000/dlr", "http://127.0.0.1:4000/dlr", "http://[::1]:4000/dlr"])(
    "allows http on the machine itself: %s",
    (url) => {
      const config = parseConfig({ ...required, ...whatsapp, MOENGAGE_DELIVERY_URL: url });

      expect(config.moengage.whatsapp?.deliveryUrl).toBe(url);
    },
  );

  const HTTPS = "must be a complete address that starts with https://";
  const KEY =
    "is not a private key: paste the whole file, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----";
  const DIGITS =
    "must be digits only, 7 to 15 of them with the country code first, without +, spaces or a zero in front";

  it.each([
    ["MOENGAGE_DELIVERY_URL", "http://api-01.moengage.com/dlr", HTTPS],
    ["MOENGAGE_DELIVERY_URL", "http://localhost.evil.example/dlr", HTTPS],
    ["MOENGAGE_DELIVERY_URL", "api-01.moengage.com/dlr", HTTPS],
    ["MOENGAGE_SMS_DELIVERY_URL", "ftp://api-01.moengage.com/dlr", HTTPS],
    ["MOENGAGE_SMS_DELIVERY_URL", "https://u:p@example.com/", "must not contain a user name or password"],
    ["VONAGE_API_HOST", "http://api.nexmo.com", HTTPS],
    ["VCR_INSTANCE_PUBLIC_URL", "connector.example.com", HTTPS],
    ["VCR_PROVIDERS_URL", "http://10.0.0.1:3001", HTTPS],
    ["VCR_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nnonsense", KEY],
    ["VCR_PRIVATE_KEY_PREVIOUS", "nonsense", KEY],
    ["VCR_PRIVATE_KEY", pem("ec"), "must be an RSA private key"],
    ["WHATSAPP_NUMBER", "1 415 555 0100", DIGITS],
    ["WHATSAPP_NUMBER", "14155550100,123", DIGITS],
    ["WHATSAPP_NUMBER", ",", "must not be empty"],
    ["WABA_ID", "WABA", "must be digits only"],
    ["PREFLIGHT", "true", "must be on or off"],
    ["VONAGE_SIGNATURE_SECRET", " , ", "must not be empty"],
    ["SMS_SENDER_ID", "Ünïcode", "must be a phone number or a name of letters and digits"],
    ["OPT_OUT_KEYWORD", ",", "must not be empty"],
    ["DEFAULT_REPLY", "x".repeat(3_201), "must be at most 3,200 characters"],
    ["MOENGAGE_CUSTOMER_ID_IS_PHONE", "yes", "must be true or false"],
    ["SMS_REPORT_SENT", "yes", "must be true or false"],
    ["VCR_LISTENERS", "1", "must be true or false"],
    ["VCR_PORT", "http", "must be a whole number"],
    ["VCR_PORT", "65536", "must be between 0 and 65535"],
    ["DISPATCH_RATE_PER_SECOND", "0", "must be between 1 and 10000 a second"],
    ["DISPATCH_RATE_PER_SECOND", "29.5", "must be a whole number"],
    ["DISPATCH_MAX_INFLIGHT", "-1", "must be a whole number"],
    ["MESSAGE_TTL_SECONDS", "59", "must be between 60 and 86400 seconds"],
    ["IN_DOUBT_WAIT_SECONDS", "86401", "must be between 1 and 86400 seconds"],
    ["IN_DOUBT_POLICY", "retry", "must be fail or resend"],
    ["QUEUE_MAX_REQUEST_BYTES", "999", "must be between 1000 and 100000 bytes"],
    ["QUEUE_MAX_REQUEST_BYTES", "131072", "must be between 1000 and 100000 bytes"],
    ["VCR_INSTANCE_SERVICE_NAME", "a/b", "must be letters, digits, - and _"],
    ["LOG_LEVEL", "loud", "must be trace, debug, info, warn, error or fatal"],
  ])("refuses %s=%s in words", (name, value, words) => {
    expect(faultsOf({ ...required, [name]: value })).toEqual([`${name} ${words}`]);
  });

  it.each([
    ["VCR_API_ACCOUNT_ID", "the Vonage API key of the account"],
    ["VCR_API_ACCOUNT_SECRET", "the Vonage API secret of the account"],
    ["VCR_API_APPLICATION_ID", "the id of the Vonage application"],
    ["VCR_PRIVATE_KEY", "the private key of the Vonage application"],
    [
      "VONAGE_SIGNATURE_SECRET",
      "the signature secret of the Vonage dashboard's settings page, section Signed webhooks",
    ],
  ])("says what %s is when it is missing", (name, words) => {
    expect(faultsOf({ ...required, [name]: "" })).toEqual([`${name} is missing: ${words}`]);
  });

  it.each([
    [{ CONNECTOR_API_KEY: "x" }, "CONNECTOR_API_SECRET is missing: CONNECTOR_API_KEY needs it"],
    [{ CONNECTOR_API_SECRET: "long-enough" }, "CONNECTOR_API_KEY is missing: CONNECTOR_API_SECRET needs it"],
    [
      { MOENGAGE_DATA_API_URL: "https://api-01.moengage.com", MOENGAGE_WORKSPACE_ID: "x" },
      "MOENGAGE_DATA_API_KEY is missing: MOENGAGE_DATA_API_URL needs it",
    ],
    [
      { MOENGAGE_DATA_API_URL: "https://api-01.moengage.com" },
      "MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY are missing: MOENGAGE_DATA_API_URL needs them",
    ],
  ])("refuses half of a set: %j", (env, fault) => {
    expect(faultsOf({ ...required, ...env })).toEqual([fault]);
  });

  it.each(["1234567", "pass,long-enough-word", "a,b"])(
    "refuses short parts of CONNECTOR_API_SECRET=%s",
    (secret) => {
      expect(faultsOf({ ...required, CONNECTOR_API_KEY: "moengage", CONNECTOR_API_SECRET: secret })).toEqual([
        "CONNECTOR_API_SECRET must have at least 8 characters; a comma separates two secrets, and each must have as many",
      ]);
    },
  );

  it("splits secrets at the plain comma alone", () => {
    const env = {
      CONNECTOR_API_KEY: "moengage",
      CONNECTOR_API_SECRET: "密码，密码、密码密码",
      VONAGE_SIGNATURE_SECRET: "a，b",
    };
    const { moengage, signatureSecrets } = parseConfig({ ...required, ...env });
    expect({ accepted: moengage.accepted, signatureSecrets }).toEqual({
      accepted: [{ key: "moengage", secrets: ["密码，密码、密码密码"] }],
      signatureSecrets: ["a，b"],
    });
  });

  it.each(["1001", "1001,1002,1003", ","])("refuses WABA_ID=%s beside two numbers", (WABA_ID) => {
    expect(faultsOf({ ...required, WHATSAPP_NUMBER: "14155550100,14155550101", WABA_ID })).toEqual([
      "WABA_ID must name one id for each number of WHATSAPP_NUMBER, in the same order",
    ]);
  });

  it("names all faults together, each once, with no value in them", () => {
    const secrets = {
      VCR_API_ACCOUNT_SECRET: "hush-account",
      VCR_PRIVATE_KEY: "hush-key",
      VCR_PRIVATE_KEY_PREVIOUS: "hush-previous",
      CONNECTOR_API_SECRET: "hush-connector",
      MOENGAGE_DELIVERY_URL: "http://hush.example/dlr",
      MOENGAGE_SMS_DELIVERY_URL: "https://hush:hush@example.com/",
      WHATSAPP_NUMBER: "hush,hush",
      DISPATCH_RATE_PER_SECOND: "hush",
    };

    const parse = () => parseConfig(secrets);

    expect(parse).toThrow(
      [
        "The configuration has 10 faults:",
        "- VCR_API_ACCOUNT_ID is missing: the Vonage API key of the account",
        "- VCR_API_APPLICATION_ID is missing: the id of the Vonage application",
        `- VCR_PRIVATE_KEY ${KEY}`,
        `- VCR_PRIVATE_KEY_PREVIOUS ${KEY}`,
        `- WHATSAPP_NUMBER ${DIGITS}`,
        "- VONAGE_SIGNATURE_SECRET is missing: the signature secret of the Vonage dashboard's settings page, section Signed webhooks",
        `- MOENGAGE_DELIVERY_URL ${HTTPS}`,
        "- MOENGAGE_SMS_DELIVERY_URL must not contain a user name or password",
        "- DISPATCH_RATE_PER_SECOND must be a whole number",
        "- CONNECTOR_API_KEY is missing: CONNECTOR_API_SECRET needs it",
      ].join("\n"),
    );
    expect(faultsOf(secrets).join()).not.toContain("hush");
  });
});
