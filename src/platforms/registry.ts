import type { Config } from "../config/schema.ts";
import type { CodeTable } from "../core/codes.ts";
import type { SetupCheck } from "../core/insight.ts";
import { CHANNEL_LABEL, type Channel, channel } from "../core/message.ts";
import { clevertapAdvice } from "./clevertap/advice.ts";
import { CODES as CLEVERTAP_CODES, SMS_CODES_IN_WORDS as CLEVERTAP_SMS_CODES } from "./clevertap/codes.ts";
import { clevertapSms, clevertapWhatsApp } from "./clevertap/index.ts";
import { dataApiAdvice } from "./moengage/advice.ts";
import { CODES as MOENGAGE_CODES } from "./moengage/codes.ts";
import { type ConnectedSource, createConnectedSource } from "./moengage/connected-source.ts";
import { MAPPER } from "./moengage/from-event.ts";
import { moengageSms, moengageWhatsApp } from "./moengage/index.ts";
import type { PlatformChannel, PlatformPorts } from "./platform.ts";
import { CODES as WEBENGAGE_CODES, SMS_CODES as WEBENGAGE_SMS_CODES } from "./webengage/codes.ts";
import { webengageSms, webengageWhatsApp } from "./webengage/index.ts";

/** The registry: one entry per platform channel, there when its settings and our sender are; SWITCHES has the other. */
export function createPlatformChannels(config: Config, ports: PlatformPorts): PlatformChannel[] {
  const { whatsapp, sms, moengage, webengage, clevertap } = config;
  return [
    whatsapp &&
      moengage.whatsapp &&
      moengageWhatsApp({ ...moengage, ...moengage.whatsapp, ...whatsapp }, ports),
    sms && moengage.sms && moengageSms({ ...moengage, ...moengage.sms, ...sms }, ports),
    whatsapp &&
      webengage?.whatsapp &&
      webengageWhatsApp({ ...webengage, ...webengage.whatsapp, ...whatsapp }, ports),
    sms && webengage?.sms && webengageSms({ ...webengage, ...webengage.sms, ...sms }, ports),
    whatsapp &&
      clevertap?.whatsapp &&
      clevertapWhatsApp({ ...clevertap, ...clevertap.whatsapp, ...whatsapp }, ports),
    sms && clevertap?.sms && clevertapSms({ ...clevertap, ...clevertap.sms, ...sms }, ports),
  ].filter((channel) => channel !== undefined);
}

/** By tag, what a channel is called and the variables that switch it on: one of them may get lost in a redeploy. */
export const SWITCHES: Record<string, { name: string; variables: string }> = {
  mw: { name: "MoEngage WhatsApp", variables: "WHATSAPP_NUMBER and MOENGAGE_DELIVERY_URL" },
  ms: { name: "MoEngage SMS", variables: "MOENGAGE_SMS_DELIVERY_URL" },
  ww: {
    name: "WebEngage WhatsApp",
    variables:
      "WHATSAPP_NUMBER, WEBENGAGE_DSN_URL, WEBENGAGE_DSN_TOKEN and WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)",
  },
  ws: {
    name: "WebEngage SMS",
    variables: "WEBENGAGE_SMS_DSN_URL and WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)",
  },
  cw: {
    name: "CleverTap WhatsApp",
    variables: "WHATSAPP_NUMBER, CLEVERTAP_DELIVERY_URL, CLEVERTAP_USERNAME and CLEVERTAP_PASSWORD",
  },
  cs: {
    name: "CleverTap SMS",
    variables: "CLEVERTAP_SMS_DELIVERY_URL, CLEVERTAP_USERNAME and CLEVERTAP_PASSWORD",
  },
};

/**
 * What each platform is told, by its name, and its channel where that has other meanings: numbers of its own, the same
 * as somebody else's now and then.
 */
export const PLATFORM_CODES: Readonly<Record<string, CodeTable>> = {
  moengage: MOENGAGE_CODES,
  webengage: WEBENGAGE_CODES,
  "webengage-sms": WEBENGAGE_SMS_CODES,
  clevertap: CLEVERTAP_CODES,
  "clevertap-sms": CLEVERTAP_SMS_CODES,
};

/** Whose channel a tag is, on or off, as its name says; undefined for one that this version does not know. */
export function ownerOf(tag: string): { platform: string; channel: Channel } | undefined {
  const [platform, label] = SWITCHES[tag]?.name.split(" ") ?? [];
  const owned = channel.options.find((one) => CHANNEL_LABEL[one] === label);
  return platform && owned ? { platform: platform.toLowerCase(), channel: owned } : undefined;
}

/** What an event stream's receiver is given, and settings of a platform that are worth a word. */
export const CONNECTED_SOURCE_MAPPER: object = MAPPER;
export const platformAdvice = (config: Config): SetupCheck[] => [
  ...([config.moengage.whatsapp, config.moengage.sms].some(Boolean) ? [dataApiAdvice(config)] : []),
  ...(config.clevertap ? clevertapAdvice(config.clevertap) : []),
];

/** Whoever keeps a history of what people do, where one is configured. */
export const createEventSink = (config: Config, ports: PlatformPorts): ConnectedSource | undefined =>
  config.moengage.events && createConnectedSource(config.moengage.events, ports);
