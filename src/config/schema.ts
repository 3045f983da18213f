import { z } from "zod";
import { matches, parseKeywords } from "../core/keywords.ts";
import type { Channel } from "../core/message.ts";
import { clevertapNeeds, clevertapSettings, clevertapVariables } from "./clevertap.ts";
import {
  autoReply,
  baseUrl,
  flag,
  longSecrets,
  type Needs,
  type PlatformSettings,
  phoneNumbers,
  privateKey,
  secrets,
  senderId,
  serverUrl,
  wabaIds,
  whenComplete,
  whole,
  words,
} from "./fields.ts";
import { moengageNeeds, moengageSettings, moengageVariables } from "./moengage.ts";
import { describeSettings } from "./settings.ts";
import { webengageNeeds, webengageSettings, webengageVariables } from "./webengage.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Every variable the connector reads, as text in and typed out. One that must be there is described, for the
 * sentence that reports it missing.
 */
export const variables = z.object({
  VCR_PORT: whole(0, 65_535, "").default(3_000),
  VCR_API_ACCOUNT_ID: z.string().describe("the Vonage API key of the account"),
  VCR_API_ACCOUNT_SECRET: z.string().describe("the Vonage API secret of the account"),
  CONNECTOR_API_KEY: z.string().optional(),
  CONNECTOR_API_SECRET: longSecrets.optional(),
  VCR_API_APPLICATION_ID: z
    .string()
    .regex(UUID, "must be the application's id, such as aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab")
    .describe("the id of the Vonage application"),
  VCR_PRIVATE_KEY: privateKey.describe("the private key of the Vonage application"),
  VCR_PRIVATE_KEY_PREVIOUS: privateKey.optional(),
  VCR_INSTANCE_PUBLIC_URL: baseUrl.optional(),
  VCR_INSTANCE_SERVICE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, "must be letters, digits, - and _")
    .default("connector"),
  INSTANCE_ID: z.string().default("debug"),
  VCR_PROVIDERS_URL: baseUrl.optional(),
  VCR_LISTENERS: flag.default(false),
  DEBUG: z.string().optional(),
  WHATSAPP_NUMBER: phoneNumbers.optional(),
  WABA_ID: wabaIds.optional(),
  PREFLIGHT: z
    .enum(["on", "off"], "must be on or off")
    .transform((value) => value === "on")
    .default(true),
  SMS_SENDER_ID: senderId.optional(),
  SMS_REPORT_SENT: flag.default(false),
  OPT_IN_KEYWORD: words.default(["START"]),
  OPT_OUT_KEYWORD: words.default(["STOP"]),
  OPT_IN_REPLY: autoReply.optional(),
  OPT_OUT_REPLY: autoReply.optional(),
  DEFAULT_REPLY: autoReply.optional(),
  VONAGE_SIGNATURE_SECRET: secrets.describe(
    "the signature secret of the Vonage dashboard's settings page, section Signed webhooks",
  ),
  ...moengageVariables.shape,
  ...webengageVariables.shape,
  ...clevertapVariables.shape,
  VONAGE_API_HOST: baseUrl.default("https://api.nexmo.com"),
  DISPATCH_RATE_PER_SECOND: whole(1, 10_000, " a second").default(29),
  DISPATCH_MAX_INFLIGHT: whole(1, 10_000, "").default(200),
  MESSAGE_TTL_SECONDS: whole(60, 86_400, " seconds").default(86_400),
  IN_DOUBT_WAIT_SECONDS: whole(1, 86_400, " seconds").default(1_200),
  IN_DOUBT_POLICY: z.enum(["fail", "resend"], "must be fail or resend").default("fail"),
  // A job comes back in one request, and the route that takes it reads no more than 128 KB.
  QUEUE_MAX_REQUEST_BYTES: whole(1_000, 100_000, " bytes").default(8_000),
  CONSOLE_PASSWORD: longSecrets.optional(),
  METRICS_TOKEN: longSecrets.optional(),
  ALERT_WEBHOOK_URL: serverUrl.optional(),
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal"],
      "must be trace, debug, info, warn, error or fatal",
    )
    .default("info"),
});

type Variables = z.output<typeof variables>;

export const needs: Needs = {
  CONNECTOR_API_KEY: ["CONNECTOR_API_SECRET"],
  CONNECTOR_API_SECRET: ["CONNECTOR_API_KEY"],
  ...moengageNeeds,
  ...webengageNeeds,
  ...clevertapNeeds,
};

/** Faults of values that are each right but do not go together. */
export const contradictions = (v: Variables): string[] => [...unpairedWabas(v), ...ambiguousKeywords(v)];

function unpairedWabas({ WABA_ID: ids, WHATSAPP_NUMBER: numbers }: Variables): string[] {
  if (!ids || !numbers || ids.length === numbers.length) return [];
  return ["WABA_ID must name one id for each number of WHATSAPP_NUMBER, in the same order"];
}

/** A word in both lists, as it is compared: somebody who writes it would opt out and never know. */
function ambiguousKeywords(v: Variables): string[] {
  const optOut = parseKeywords(v.OPT_OUT_KEYWORD);
  return v.OPT_IN_KEYWORD.filter((word) => matches(optOut, word)).map(
    (word) => `OPT_IN_KEYWORD and OPT_OUT_KEYWORD both contain ${word}: a word can mean only one of them`,
  );
}

export type Config = Readonly<ReturnType<typeof toConfig>>;

export const toConfig = (v: Variables) => ({
  port: v.VCR_PORT,
  logLevel: v.LOG_LEVEL,
  account: { id: v.VCR_API_ACCOUNT_ID, secret: v.VCR_API_ACCOUNT_SECRET },
  application: { id: v.VCR_API_APPLICATION_ID, privateKey: v.VCR_PRIVATE_KEY },
  /** The one that signs first; jobs signed with another are still accepted. */
  jobSigningKeys: [
    v.VCR_PRIVATE_KEY,
    ...(v.VCR_PRIVATE_KEY_PREVIOUS ? [v.VCR_PRIVATE_KEY_PREVIOUS] : []),
  ] as const,
  instance: {
    id: v.INSTANCE_ID,
    serviceName: v.VCR_INSTANCE_SERVICE_NAME,
    publicUrl: v.VCR_INSTANCE_PUBLIC_URL,
  },
  /** Base URL of a local VCR; absent on the real one. */
  providersUrl: v.VCR_PROVIDERS_URL ?? (v.DEBUG === "true" ? "http://localhost:3001" : undefined),
  listeners: v.VCR_LISTENERS,
  /** Several while rotating. */
  signatureSecrets: v.VONAGE_SIGNATURE_SECRET,
  vonageApiHost: v.VONAGE_API_HOST,
  ...channels(v),
  keywords: { optOut: v.OPT_OUT_KEYWORD, optIn: v.OPT_IN_KEYWORD },
  /** An absent one is not sent. */
  autoReplies: { optOut: v.OPT_OUT_REPLY, optIn: v.OPT_IN_REPLY, other: v.DEFAULT_REPLY },
  dispatch: { ratePerSecond: v.DISPATCH_RATE_PER_SECOND, maxInflight: v.DISPATCH_MAX_INFLIGHT },
  messageTtlSeconds: v.MESSAGE_TTL_SECONDS,
  inDoubt: { waitSeconds: v.IN_DOUBT_WAIT_SECONDS, policy: v.IN_DOUBT_POLICY },
  queueMaxRequestBytes: v.QUEUE_MAX_REQUEST_BYTES,
  /** What opens the console: any of these, or else the account's key and secret. */
  consolePasswords: v.CONSOLE_PASSWORD,
  /** What `/_/metrics` asks for; without any, for nothing. */
  metricsTokens: v.METRICS_TOKEN,
  /** Who is told when something needs somebody. */
  alertWebhookUrl: v.ALERT_WEBHOOK_URL,
  /** Everything above by variable, fit to be shown. */
  settings: describeSettings(v, Object.keys(variables.shape)),
});

const NO_SMS_SENDER =
  "SMS has no sender of its own: a send that names none is refused. To give it one, set SMS_SENDER_ID";

const OR_ANOTHERS = "(or another platform's variables)";

/** The platforms' settings, and our senders; a channel is on when a platform uses it, WhatsApp with a number. */
function channels(v: Variables) {
  const notes: string[] = [];
  const platforms = {
    moengage: moengageSettings(
      v,
      {
        key: v.CONNECTOR_API_KEY ?? v.VCR_API_ACCOUNT_ID,
        secrets: v.CONNECTOR_API_SECRET ?? [v.VCR_API_ACCOUNT_SECRET],
      },
      notes,
    ),
    webengage: webengageSettings(v, notes),
    clevertap: clevertapSettings(v, notes),
  };
  const isUsed = (channel: Channel) =>
    Object.values<PlatformSettings | undefined>(platforms).some((platform) => platform?.[channel]) ||
    undefined;
  // Where no platform uses a channel, the note names MoEngage's variable, and says that there are others.
  const usedBy = (variable: string, channel: Channel) => ({
    [`${variable} ${OR_ANOTHERS}`]: isUsed(channel),
  });
  const whatsapp = {
    WHATSAPP_NUMBER: v.WHATSAPP_NUMBER,
    ...usedBy("MOENGAGE_DELIVERY_URL", "whatsapp"),
  };
  const sms = usedBy("MOENGAGE_SMS_DELIVERY_URL", "sms");
  return {
    ...platforms,
    whatsapp: whenComplete("WhatsApp", whatsapp, notes, (given) => ({
      numbers: given.WHATSAPP_NUMBER,
      /** The WABA of each number, in the same order; absent, they are looked up. */
      wabaIds: v.WABA_ID,
      /** Whether sends are compared with their templates before they are accepted. */
      preflight: v.PREFLIGHT,
    })),
    sms: whenComplete("SMS", sms, notes, () => {
      if (!v.SMS_SENDER_ID) notes.push(NO_SMS_SENDER);
      return {
        /** For requests that name none. */
        senderId: v.SMS_SENDER_ID,
        /** Whether platforms hear that Vonage took an SMS; what they make of it is theirs. */
        reportSent: v.SMS_REPORT_SENT,
      };
    }),
    /** Sentences for the start log: what is off, and which variable would switch it on. */
    notes,
  };
}
