import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { ConfigError, parseConfig } from "../../src/config/parse.ts";
import { variables } from "../../src/config/schema.ts";
import { createPlatformChannels, ownerOf, SWITCHES } from "../../src/platforms/registry.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { createPlatformPorts } from "../support/ports.ts";

const required = credentialsEnv(createCredentials());
const NUMBER = { WHATSAPP_NUMBER: "14155550100" };
const MOENGAGE = { MOENGAGE_DELIVERY_URL: "https://api-01.moengage.com/whatsapp/vonage-v2/dlr" };
const DSN = {
  WEBENGAGE_DSN_URL: "https://wt.webengage.com/tracking/events",
  WEBENGAGE_DSN_TOKEN: "token",
};
const KEY = { WEBENGAGE_API_KEY: "old, new" };
const CLEVERTAP = {
  ...{ CLEVERTAP_USERNAME: "clevertap", CLEVERTAP_PASSWORD: "its-password" },
  CLEVERTAP_DELIVERY_URL: "https://in1.cb.wzrkt.com/dlr",
  CLEVERTAP_SMS_DELIVERY_URL: "https://in1.cb.wzrkt.com/sms",
};
const LOGIN = { WEBENGAGE_USERNAME: "webengage", WEBENGAGE_PASSWORD: "admin" };

function channelsOf(env: Record<string, string>) {
  const config = parseConfig({ ...required, ...env });
  return createPlatformChannels(config, createPlatformPorts());
}
const tagsOf = (env: Record<string, string>) => channelsOf(env).map(({ tag }) => tag);
const notesOf = (env: Record<string, string>) => parseConfig({ ...required, ...env }).notes;
const SMS = {
  SMS_SENDER_ID: "MyBrand",
  MOENGAGE_SMS_DELIVERY_URL: "https://api-01.moengage.com/sms/dlr/custom/1234",
};
/** A value that the variable may have. */
const sample = (name: string) =>
  ["https://example.com/a", "14155550100"].find(
    (value) => variables.shape[name as keyof typeof variables.shape].safeParse(value).success,
  ) ?? "";
const SMS_DSN = { WEBENGAGE_SMS_DSN_URL: "https://st.webengage.com/tracking/privatessp-events" };
const SMS_NOTE =
  "SMS is off: to switch it on, set MOENGAGE_SMS_DELIVERY_URL (or another platform's variables)";

describe("the platforms in the configuration", () => {
  it.each([
    ["a key", { ...NUMBER, ...DSN, ...KEY }, ["ww"]],
    ["a login", { ...NUMBER, ...DSN, ...LOGIN }, ["ww"]],
    ["MoEngage beside it", { ...NUMBER, ...MOENGAGE, ...DSN, ...KEY, ...LOGIN }, ["mw", "ww"]],
    ["MoEngage alone", { ...NUMBER, ...MOENGAGE }, ["mw"]],
    ["MoEngage's SMS beside another's WhatsApp", { ...NUMBER, ...SMS, ...DSN, ...KEY }, ["ms", "ww"]],
    [
      "every platform and channel",
      { ...NUMBER, ...MOENGAGE, ...SMS, ...DSN, ...SMS_DSN, ...KEY },
      ["mw", "ms", "ww", "ws"],
    ],
    ["WebEngage's SMS alone, private", { ...SMS_DSN, ...KEY }, ["ws"]],
    ["WebEngage's SMS beside its WhatsApp", { ...NUMBER, ...DSN, ...SMS_DSN, ...LOGIN }, ["ww", "ws"]],
    [
      "WebEngage's SMS, and its WhatsApp without a token",
      { ...NUMBER, ...SMS_DSN, ...KEY, WEBENGAGE_DSN_URL: DSN.WEBENGAGE_DSN_URL },
      ["ws"],
    ],
    ["WebEngage's SMS without credentials", { ...SMS_DSN, WEBENGAGE_DSN_TOKEN: "token" }, []],
    ["no number", { ...DSN, ...KEY }, []],
    ["no credentials", { ...NUMBER, ...DSN }, []],
    ["no token", { ...NUMBER, ...KEY, WEBENGAGE_DSN_URL: DSN.WEBENGAGE_DSN_URL }, []],
  ])("serves the right platforms with %s", (_, env, tags) => {
    expect(tagsOf(env)).toEqual(tags);
  });

  it("has words on each channel: the variables that switch it on, and without any of which it is off", () => {
    const named = Object.entries(SWITCHES).map(
      ([tag, words]) => [tag, words.variables.replace(/ \(or .*/, "").split(/, | and /)] as const,
    );
    const everything = Object.fromEntries(
      named.flatMap(([, names]) => names.map((name) => [name, sample(name)])),
    );

    expect(tagsOf(everything).toSorted()).toEqual(Object.keys(SWITCHES).toSorted());
    for (const { tag, platform, channel } of channelsOf(everything))
      expect(ownerOf(tag)).toEqual({ platform, channel });
    for (const [tag, names] of named) {
      for (const name of names) {
        const without = { ...everything, [name]: "" };
        expect([tag, name, tagsOf(without).includes(tag)]).toEqual([tag, name, false]);
      }
    }
  });

  it.each<[string, Record<string, string>, string[]]>([
    ["all is there", { ...NUMBER, ...DSN, ...KEY }, [SMS_NOTE]],
    [
      "its credentials are missing",
      { ...NUMBER, ...MOENGAGE, ...DSN },
      [
        "WebEngage is off: to switch it on, set WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)",
        SMS_NOTE,
      ],
    ],
    [
      "its token is missing",
      { ...NUMBER, ...MOENGAGE, ...KEY, WEBENGAGE_DSN_URL: DSN.WEBENGAGE_DSN_URL },
      ["WebEngage is off: to switch it on, set WEBENGAGE_DSN_TOKEN", SMS_NOTE],
    ],
    [
      "there are credentials alone",
      { ...MOENGAGE, ...NUMBER, ...KEY },
      [
        "WebEngage is off: to switch it on, set WEBENGAGE_DSN_URL for WhatsApp (or WEBENGAGE_SMS_DSN_URL for SMS) and WEBENGAGE_DSN_TOKEN",
        SMS_NOTE,
      ],
    ],
    [
      "SMS is on, and the token of WhatsApp is missing",
      {
        ...NUMBER,
        ...MOENGAGE,
        ...SMS_DSN,
        ...KEY,
        SMS_SENDER_ID: "MyBrand",
        WEBENGAGE_DSN_URL: DSN.WEBENGAGE_DSN_URL,
      },
      ["WebEngage WhatsApp is off: to switch it on, set WEBENGAGE_DSN_TOKEN"],
    ],
    [
      "the number is missing",
      { ...DSN, ...KEY },
      ["WhatsApp is off: to switch it on, set WHATSAPP_NUMBER", SMS_NOTE],
    ],
  ])("says what is off when %s", (_, env, notes) => {
    expect(notesOf(env)).toEqual(notes);
  });

  it.each([
    [{ WEBENGAGE_USERNAME: "x" }, "WEBENGAGE_PASSWORD is missing: WEBENGAGE_USERNAME needs it"],
    [{ WEBENGAGE_PASSWORD: "x" }, "WEBENGAGE_USERNAME is missing: WEBENGAGE_PASSWORD needs it"],
    [{ ...LOGIN, WEBENGAGE_USERNAME: "a:b" }, "WEBENGAGE_USERNAME must not contain a colon"],
    [
      { ...DSN, WEBENGAGE_DSN_URL: "http://wt.webengage.com" },
      "WEBENGAGE_DSN_URL must be a complete address",
    ],
    [
      { MOENGAGE_CONNECTED_SOURCE_URL: "https://api-01.moengage.com/v1/partner/x/events/" },
      "MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY are missing: MOENGAGE_CONNECTED_SOURCE_URL needs them",
    ],
    [{ MOENGAGE_DATA_API_KEY: "x" }, "MOENGAGE_DATA_API_URL or MOENGAGE_CONNECTED_SOURCE_URL is missing"],
  ])("refuses %j", (env, fault) => {
    expect(() => parseConfig({ ...required, ...env })).toThrow(ConfigError);
    expect(() => parseConfig({ ...required, ...env })).toThrow(fault);
  });

  it("takes a Connected Source with its key and without the Data API", () => {
    const url = "https://api-01.moengage.com/v1/partner/vonage_connector/events/?configName=a";
    const env = {
      MOENGAGE_CONNECTED_SOURCE_URL: url,
      MOENGAGE_WORKSPACE_ID: "w",
      MOENGAGE_DATA_API_KEY: "k",
    };

    expect(parseConfig({ ...required, ...env }).moengage.events).toEqual({ url, workspaceId: "w", key: "k" });
  });

  it("lets nobody in with another platform's credentials", () => {
    const channels = channelsOf({ ...NUMBER, ...MOENGAGE, ...DSN, ...KEY, ...CLEVERTAP });
    const clevertap = { authorization: `Basic ${Buffer.from("clevertap:its-password").toString("base64")}` };
    const webengage = { authorization: "Bearer new" };
    const moengage = {
      "api-key": required["VCR_API_ACCOUNT_ID"],
      "api-secret": required["VCR_API_ACCOUNT_SECRET"],
    };

    expect(
      channels.map(({ tag, intake }) => [
        tag,
        ...[moengage, webengage, clevertap].map((headers) => intake.authenticate(headers)),
      ]),
    ).toEqual([
      ["mw", true, false, false],
      ["ww", false, true, false],
      ["cw", false, false, true],
      ["cs", false, false, true],
    ]);
  });
});

describe("the seam", () => {
  const src = join(import.meta.dirname, "../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const platforms = readdirSync(join(src, "platforms"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it.each(platforms)(
    "hides %s from all but its folder, its settings, the registry and its fake",
    (platform) => {
      const knowing = files
        .filter((name) => !name.startsWith(`platforms/${platform}/`) && !name.startsWith("sandbox/"))
        .filter((name) => readFileSync(join(src, name), "utf8").toLowerCase().includes(platform));

      const seam = ["config/schema.ts", `config/${platform}.ts`, "platforms/registry.ts"];
      expect(new Set(knowing)).toEqual(new Set(seam));
    },
  );
});
