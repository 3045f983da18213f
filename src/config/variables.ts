import { z } from "zod";
import { matches, parseKeywords } from "../core/keywords.ts";
import {
  autoReply,
  baseUrl,
  flag,
  longSecrets,
  phoneNumbers,
  privateKey,
  secrets,
  senderId,
  serverUrl,
  wabaIds,
  whole,
  words,
} from "./fields.ts";

/** Every variable the connector reads, as text in and typed out. */
export const variables = z.object({
  VCR_PORT: whole(0, 65_535, "").default(3_000),
  VCR_API_ACCOUNT_ID: z.string(),
  VCR_API_ACCOUNT_SECRET: z.string(),
  CONNECTOR_API_KEY: z.string().optional(),
  CONNECTOR_API_SECRET: longSecrets.optional(),
  VCR_API_APPLICATION_ID: z.string(),
  VCR_PRIVATE_KEY: privateKey,
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
  OPT_IN_KEYWORD: words.default(["START"]),
  OPT_OUT_KEYWORD: words.default(["STOP"]),
  OPT_IN_REPLY: autoReply.optional(),
  OPT_OUT_REPLY: autoReply.optional(),
  DEFAULT_REPLY: autoReply.optional(),
  MOENGAGE_DATA_API_URL: baseUrl.optional(),
  MOENGAGE_WORKSPACE_ID: z.string().optional(),
  MOENGAGE_DATA_API_KEY: z.string().optional(),
  MOENGAGE_CUSTOMER_ID_IS_PHONE: flag.default(false),
  MOENGAGE_CONNECTED_SOURCE_URL: serverUrl.optional(),
  WEBENGAGE_USERNAME: z
    .string()
    .regex(/^[^:]+$/, "must not contain a colon")
    .optional(),
  WEBENGAGE_PASSWORD: secrets.optional(),
  WEBENGAGE_API_KEY: secrets.optional(),
  WEBENGAGE_DSN_URL: serverUrl.optional(),
  WEBENGAGE_DSN_TOKEN: z.string().optional(),
  VONAGE_SIGNATURE_SECRET: secrets,
  MOENGAGE_DELIVERY_URL: serverUrl.optional(),
  MOENGAGE_SMS_DELIVERY_URL: serverUrl.optional(),
  SMS_REPORT_SENT: flag.default(false),
  SMS_SENDER_ID: senderId.optional(),
  VONAGE_API_HOST: baseUrl.default("https://api.nexmo.com"),
  DISPATCH_RATE_PER_SECOND: whole(1, 10_000, " a second").default(29),
  DISPATCH_MAX_INFLIGHT: whole(1, 10_000, "").default(200),
  MESSAGE_TTL_SECONDS: whole(60, 86_400, " seconds").default(86_400),
  IN_DOUBT_WAIT_SECONDS: whole(1, 86_400, " seconds").default(1_200),
  IN_DOUBT_POLICY: z.enum(["fail", "resend"], "must be fail or resend").default("fail"),
  // A job comes back in one request, and the route that takes it reads no more than 128 KB.
  QUEUE_MAX_REQUEST_BYTES: whole(1_000, 100_000, " bytes").default(8_000),
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal"],
      "must be trace, debug, info, warn, error or fatal",
    )
    .default("info"),
});

/** What each variable is, for the sentence that reports it missing. */
export const MISSING: Record<string, string> = {
  VCR_API_ACCOUNT_ID: "the Vonage API key of the account",
  VCR_API_ACCOUNT_SECRET: "the Vonage API secret of the account",
  VCR_API_APPLICATION_ID: "the id of the Vonage application",
  VCR_PRIVATE_KEY: "the private key of the Vonage application",
  VONAGE_SIGNATURE_SECRET:
    "the signature secret of the Vonage dashboard's settings page, section Signed webhooks",
};

export type Variables = z.output<typeof variables>;

/** A variable that is set, and what it is useless without. */
const NEEDS: Record<string, readonly string[]> = {
  CONNECTOR_API_KEY: ["CONNECTOR_API_SECRET"],
  CONNECTOR_API_SECRET: ["CONNECTOR_API_KEY"],
  MOENGAGE_DATA_API_URL: ["MOENGAGE_WORKSPACE_ID", "MOENGAGE_DATA_API_KEY"],
  MOENGAGE_DATA_API_KEY: ["MOENGAGE_DATA_API_URL or MOENGAGE_CONNECTED_SOURCE_URL"],
  MOENGAGE_CONNECTED_SOURCE_URL: ["MOENGAGE_WORKSPACE_ID", "MOENGAGE_DATA_API_KEY"],
  WEBENGAGE_USERNAME: ["WEBENGAGE_PASSWORD"],
  WEBENGAGE_PASSWORD: ["WEBENGAGE_USERNAME"],
};

export const incompleteSets = (input: Record<string, string>) =>
  Object.entries(NEEDS).flatMap(([name, needed]) => {
    const isMissing = (others: string) => others.split(" or ").every((other) => input[other] === undefined);
    const missing = input[name] === undefined ? [] : needed.filter(isMissing);
    const [are, them] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
    return missing.length === 0 ? [] : [`${missing.join(" and ")} ${are} missing: ${name} needs ${them}`];
  });

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

/** Faults of values that are each right but do not go together. */
export const contradictions = (values: Variables): string[] => [
  ...unpairedWabas(values),
  ...ambiguousKeywords(values),
];
