import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { matches, parseKeywords } from "./core/keywords.ts";

export interface Credentials {
  key: string;
  /** Several while rotating; each is accepted. */
  secrets: readonly string[];
}

/** A key with its secrets, or bearer tokens. */
export type Accepted = Credentials | { tokens: readonly string[] };

export interface Config {
  port: number;
  logLevel: string;
  account: { id: string; secret: string };
  /** What the platform must present. */
  platformCredentials: Credentials;
  application: { id: string; privateKey: string; previousPrivateKey?: string };
  instance: { id: string; serviceName: string; publicUrl?: string };
  /** Base URL of a local VCR; absent on the real one. */
  providersUrl?: string;
  listeners: boolean;
  /** Several while rotating. */
  signatureSecrets: readonly string[];
  vonageApiHost: string;
  whatsapp?: {
    numbers: readonly string[];
    /** Where MoEngage takes reports; absent, MoEngage does not send WhatsApp here. */
    deliveryUrl?: string;
    /** The WABA of each number, in the same order; absent, they are looked up. */
    wabaIds?: readonly string[];
    /** Whether sends are compared with their templates before they are accepted. */
    preflight: boolean;
  };
  sms?: { senderId: string; deliveryUrl: string; reportSent: boolean };
  keywords: { optOut: readonly string[]; optIn: readonly string[] };
  /** Auto-replies; an absent one is not sent. */
  autoReplies: { optOut?: string; optIn?: string; other?: string };
  /** MoEngage's Data API, for writing opt-outs and opt-ins into profiles. */
  moengageDataApi?: { url: string; workspaceId: string; key: string; customerIdIsPhone: boolean };
  /** MoEngage's Connected Sources, for a stream of events. */
  moengageEvents?: { url: string; workspaceId: string; key: string };
  /** WebEngage, over the numbers of `whatsapp`. */
  webengage?: { accepted: readonly Accepted[]; dsnUrl: string; dsnToken: string };
  dispatch: { ratePerSecond: number; maxInflight: number };
  messageTtlSeconds: number;
  inDoubt: { waitSeconds: number; policy: "fail" | "resend" };
  queueMaxRequestBytes: number;
  /** Sentences for the start log: what is off, and which variable would switch it on. */
  notes: readonly string[];
}

/** Thrown by parseConfig: every fault at once, one line each, without a secret in it. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${faults.map((f) => `- ${f}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.faults = faults;
  }
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const list = (text: string) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
const whole = (min: number, max: number, unit: string) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be between ${min} and ${max}${unit}`);
const flag = z.enum(["true", "false"], "must be true or false").transform((value) => value === "true");

const serverUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname)))) {
    if (url.username || url.password) context.addIssue("must not contain a user name or password");
    return url.href;
  }
  context.addIssue("must be a complete address that starts with https://");
  return z.NEVER;
});
const baseUrl = serverUrl.transform((href) => href.replace(/\/+$/, ""));

const privateKey = z.string().transform((text, context) => {
  const pem = text.replace(/\\n/g, "\n").trim();
  try {
    if (createPrivateKey(pem).asymmetricKeyType === "rsa") return `${pem}\n`;
    context.addIssue("must be an RSA private key");
  } catch {
    context.addIssue(
      "is not a private key: paste the whole file, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----",
    );
  }
  return z.NEVER;
});

const phoneNumbers = z
  .string()
  .transform((text, context) =>
    list(text).map((item) => {
      const digits = item.replace(/^\+/, "");
      if (!/^\d{7,15}$/.test(digits))
        context.addIssue("must be digits only, 7 to 15 of them, without + or spaces");
      return digits;
    }),
  )
  .refine((items) => items.length > 0, "must not be empty");
const wabaIds = z
  .string()
  .transform(list)
  .refine((ids) => ids.every((id) => /^\d+$/.test(id)), "must be digits only");
const senderId = z
  .string()
  .regex(/^(\+?\d{3,15}|[A-Za-z0-9 ._-]{1,20})$/, "must be a phone number or a name of letters and digits")
  .transform((text) => text.replace(/^\+(?=\d+$)/, ""));
/** WhatsApp takes 4,096 characters and SMS 3,200. */
const autoReply = z.string().max(3_200, "must be at most 3,200 characters");
/** The commas of other scripts separate as well. */
const words = z
  .string()
  .transform((text) => list(text.replace(/[،，、﹐]/g, ",")))
  .refine((items) => items.length > 0, "must not be empty");

const schema = z.object({
  VCR_PORT: whole(0, 65_535, "").default(3_000),
  VCR_API_ACCOUNT_ID: z.string(),
  VCR_API_ACCOUNT_SECRET: z.string(),
  CONNECTOR_API_KEY: z.string().optional(),
  CONNECTOR_API_SECRET: words.optional(),
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
  WEBENGAGE_PASSWORD: words.optional(),
  WEBENGAGE_API_KEY: words.optional(),
  WEBENGAGE_DSN_URL: serverUrl.optional(),
  WEBENGAGE_DSN_TOKEN: z.string().optional(),
  VONAGE_SIGNATURE_SECRET: words,
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
  QUEUE_MAX_REQUEST_BYTES: whole(1_000, 10_000_000, " bytes").default(8_000),
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal"],
      "must be trace, debug, info, warn, error or fatal",
    )
    .default("info"),
});

/** What each variable is, for the sentence that reports it missing. */
const MISSING: Record<string, string> = {
  VCR_API_ACCOUNT_ID: "the Vonage API key of the account",
  VCR_API_ACCOUNT_SECRET: "the Vonage API secret of the account",
  VCR_API_APPLICATION_ID: "the id of the Vonage application",
  VCR_PRIVATE_KEY: "the private key of the Vonage application",
  VONAGE_SIGNATURE_SECRET:
    "the signature secret of the Vonage dashboard's settings page, section Signed webhooks",
};

/**
 * Reads the environment once. `VCR_X` wins over `X`; empty values count as absent.
 * Throws a ConfigError that names every fault together.
 */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const input: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = nonEmpty(env[name]) ?? (name.startsWith("VCR_") ? nonEmpty(env[name.slice(4)]) : undefined);
    if (value !== undefined) input[name] = value;
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      return input[name] === undefined ? `${name} is missing: ${MISSING[name]}` : `${name} ${message}`;
    });
    throw new ConfigError([...new Set(faults), ...incompleteSets(input)]);
  }
  const faults = [...incompleteSets(input), ...unpairedWabas(parsed.data), ...ambiguousKeywords(parsed.data)];
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(fromVariables(parsed.data));
}

const nonEmpty = (value: string | undefined) =>
  value === undefined || value.trim() === "" ? undefined : value.trim();

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

const incompleteSets = (input: Record<string, string>) =>
  Object.entries(NEEDS).flatMap(([name, needed]) => {
    const isMissing = (others: string) => others.split(" or ").every((other) => input[other] === undefined);
    const missing = input[name] === undefined ? [] : needed.filter(isMissing);
    const [are, them] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
    return missing.length === 0 ? [] : [`${missing.join(" and ")} ${are} missing: ${name} needs ${them}`];
  });

function unpairedWabas({ WABA_ID: ids, WHATSAPP_NUMBER: numbers }: z.output<typeof schema>): string[] {
  if (!ids || !numbers || ids.length === numbers.length) return [];
  return ["WABA_ID must name one id for each number of WHATSAPP_NUMBER, in the same order"];
}

/** A word in both lists, as it is compared: somebody who writes it would opt out and never know. */
function ambiguousKeywords(v: z.output<typeof schema>): string[] {
  const optOut = parseKeywords(v.OPT_OUT_KEYWORD);
  return v.OPT_IN_KEYWORD.filter((word) => matches(optOut, word)).map(
    (word) => `OPT_IN_KEYWORD and OPT_OUT_KEYWORD both contain ${word}: a word can mean only one of them`,
  );
}

function fromVariables(v: z.output<typeof schema>): Config {
  const notes: string[] = [];
  const providersUrl = v.VCR_PROVIDERS_URL ?? (v.DEBUG === "true" ? "http://localhost:3001" : undefined);
  const webengage = webengageOf(v, notes);
  const whatsapp = channel(
    "WhatsApp",
    notes,
    {
      WHATSAPP_NUMBER: v.WHATSAPP_NUMBER,
      // One platform is enough.
      ...(webengage ? {} : { MOENGAGE_DELIVERY_URL: v.MOENGAGE_DELIVERY_URL }),
    },
    () => ({
      numbers: v.WHATSAPP_NUMBER ?? [],
      ...(v.MOENGAGE_DELIVERY_URL ? { deliveryUrl: v.MOENGAGE_DELIVERY_URL } : {}),
      ...(v.WABA_ID ? { wabaIds: v.WABA_ID } : {}),
      preflight: v.PREFLIGHT,
    }),
  );
  const sms = channel(
    "SMS",
    notes,
    { SMS_SENDER_ID: v.SMS_SENDER_ID, MOENGAGE_SMS_DELIVERY_URL: v.MOENGAGE_SMS_DELIVERY_URL },
    () => ({
      senderId: v.SMS_SENDER_ID ?? "",
      deliveryUrl: v.MOENGAGE_SMS_DELIVERY_URL ?? "",
      reportSent: v.SMS_REPORT_SENT,
    }),
  );
  return {
    port: v.VCR_PORT,
    logLevel: v.LOG_LEVEL,
    account: { id: v.VCR_API_ACCOUNT_ID, secret: v.VCR_API_ACCOUNT_SECRET },
    platformCredentials: {
      key: v.CONNECTOR_API_KEY ?? v.VCR_API_ACCOUNT_ID,
      secrets: v.CONNECTOR_API_SECRET ?? [v.VCR_API_ACCOUNT_SECRET],
    },
    application: {
      id: v.VCR_API_APPLICATION_ID,
      privateKey: v.VCR_PRIVATE_KEY,
      ...(v.VCR_PRIVATE_KEY_PREVIOUS ? { previousPrivateKey: v.VCR_PRIVATE_KEY_PREVIOUS } : {}),
    },
    instance: {
      id: v.INSTANCE_ID,
      serviceName: v.VCR_INSTANCE_SERVICE_NAME,
      ...(v.VCR_INSTANCE_PUBLIC_URL ? { publicUrl: v.VCR_INSTANCE_PUBLIC_URL } : {}),
    },
    ...(providersUrl ? { providersUrl } : {}),
    listeners: v.VCR_LISTENERS,
    keywords: { optOut: v.OPT_OUT_KEYWORD, optIn: v.OPT_IN_KEYWORD },
    autoReplies: {
      ...(v.OPT_OUT_REPLY ? { optOut: v.OPT_OUT_REPLY } : {}),
      ...(v.OPT_IN_REPLY ? { optIn: v.OPT_IN_REPLY } : {}),
      ...(v.DEFAULT_REPLY ? { other: v.DEFAULT_REPLY } : {}),
    },
    ...(v.MOENGAGE_DATA_API_URL
      ? {
          moengageDataApi: {
            url: v.MOENGAGE_DATA_API_URL,
            workspaceId: v.MOENGAGE_WORKSPACE_ID ?? "",
            key: v.MOENGAGE_DATA_API_KEY ?? "",
            customerIdIsPhone: v.MOENGAGE_CUSTOMER_ID_IS_PHONE,
          },
        }
      : {}),
    ...(v.MOENGAGE_CONNECTED_SOURCE_URL
      ? {
          moengageEvents: {
            url: v.MOENGAGE_CONNECTED_SOURCE_URL,
            workspaceId: v.MOENGAGE_WORKSPACE_ID ?? "",
            key: v.MOENGAGE_DATA_API_KEY ?? "",
          },
        }
      : {}),
    ...(webengage ? { webengage } : {}),
    signatureSecrets: v.VONAGE_SIGNATURE_SECRET,
    vonageApiHost: v.VONAGE_API_HOST,
    ...(whatsapp ? { whatsapp } : {}),
    ...(sms ? { sms } : {}),
    dispatch: { ratePerSecond: v.DISPATCH_RATE_PER_SECOND, maxInflight: v.DISPATCH_MAX_INFLIGHT },
    messageTtlSeconds: v.MESSAGE_TTL_SECONDS,
    inDoubt: { waitSeconds: v.IN_DOUBT_WAIT_SECONDS, policy: v.IN_DOUBT_POLICY },
    queueMaxRequestBytes: v.QUEUE_MAX_REQUEST_BYTES,
    notes,
  };
}

/** Silent where nothing of WebEngage is set: most connectors serve one platform. */
function webengageOf(v: z.output<typeof schema>, notes: string[]): Config["webengage"] {
  const accepted: Accepted[] = [
    ...(v.WEBENGAGE_USERNAME && v.WEBENGAGE_PASSWORD
      ? [{ key: v.WEBENGAGE_USERNAME, secrets: v.WEBENGAGE_PASSWORD }]
      : []),
    ...(v.WEBENGAGE_API_KEY ? [{ tokens: v.WEBENGAGE_API_KEY }] : []),
  ];
  const variables = {
    "WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)": accepted[0],
    WEBENGAGE_DSN_URL: v.WEBENGAGE_DSN_URL,
    WEBENGAGE_DSN_TOKEN: v.WEBENGAGE_DSN_TOKEN,
  };
  if (Object.values(variables).every((value) => value === undefined)) return undefined;
  return channel("WebEngage", notes, variables, () => ({
    accepted,
    dsnUrl: v.WEBENGAGE_DSN_URL ?? "",
    dsnToken: v.WEBENGAGE_DSN_TOKEN ?? "",
  }));
}

/** The channel's settings when all its variables are there; otherwise a note that says which are missing. */
function channel<T>(
  label: string,
  notes: string[],
  variables: Record<string, unknown>,
  settings: () => T,
): T | undefined {
  const missing = Object.keys(variables).filter((name) => variables[name] === undefined);
  if (missing.length === 0) return settings();
  notes.push(`${label} is off: to switch it on, set ${missing.join(" and ")}`);
  return undefined;
}
