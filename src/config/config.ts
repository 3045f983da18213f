import { contradictions, incompleteSets, MISSING, type Variables, variables } from "./variables.ts";

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

/**
 * Reads the environment once. `VCR_X` wins over `X`; empty values count as absent.
 * Throws a ConfigError that names every fault together.
 */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const input: Record<string, string> = {};
  for (const name of Object.keys(variables.shape)) {
    const value = nonEmpty(env[name]) ?? (name.startsWith("VCR_") ? nonEmpty(env[name.slice(4)]) : undefined);
    if (value !== undefined) input[name] = value;
  }
  const parsed = variables.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      return input[name] === undefined ? `${name} is missing: ${MISSING[name]}` : `${name} ${message}`;
    });
    throw new ConfigError([...new Set(faults), ...incompleteSets(input)]);
  }
  const faults = [...incompleteSets(input), ...contradictions(parsed.data)];
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(fromVariables(parsed.data));
}

const nonEmpty = (value: string | undefined) =>
  value === undefined || value.trim() === "" ? undefined : value.trim();

function fromVariables(v: Variables): Config {
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
function webengageOf(v: Variables, notes: string[]): Config["webengage"] {
  const accepted: Accepted[] = [
    ...(v.WEBENGAGE_USERNAME && v.WEBENGAGE_PASSWORD
      ? [{ key: v.WEBENGAGE_USERNAME, secrets: v.WEBENGAGE_PASSWORD }]
      : []),
    ...(v.WEBENGAGE_API_KEY ? [{ tokens: v.WEBENGAGE_API_KEY }] : []),
  ];
  const needed = {
    "WEBENGAGE_API_KEY (or WEBENGAGE_USERNAME and WEBENGAGE_PASSWORD)": accepted[0],
    WEBENGAGE_DSN_URL: v.WEBENGAGE_DSN_URL,
    WEBENGAGE_DSN_TOKEN: v.WEBENGAGE_DSN_TOKEN,
  };
  if (Object.values(needed).every((value) => value === undefined)) return undefined;
  return channel("WebEngage", notes, needed, () => ({
    accepted,
    dsnUrl: v.WEBENGAGE_DSN_URL ?? "",
    dsnToken: v.WEBENGAGE_DSN_TOKEN ?? "",
  }));
}

/** The channel's settings when all its variables are there; otherwise a note that says which are missing. */
function channel<T>(
  label: string,
  notes: string[],
  needed: Record<string, unknown>,
  settings: () => T,
): T | undefined {
  const missing = Object.keys(needed).filter((name) => needed[name] === undefined);
  if (missing.length === 0) return settings();
  notes.push(`${label} is off: to switch it on, set ${missing.join(" and ")}`);
  return undefined;
}
