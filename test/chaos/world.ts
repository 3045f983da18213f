import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startMoEngage } from "../../src/sandbox/moengage/index.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import { startVonage, type Traffic } from "../../src/sandbox/vonage/index.ts";
import { startWebEngage } from "../../src/sandbox/webengage/index.ts";
import { WHATSAPP_NUMBER, type World } from "../../src/sandbox/world.ts";
import { type Front, startFront } from "./front.ts";
import { type Replica, startReplica } from "./replica.ts";

export const SERVICE_NAME = "neru-chaos-connector";
export const WEBENGAGE_KEY = "sandbox-webengage-key";
const DSN_TOKEN = "sandbox-dsn-token";

/** One account for all worlds of a process: its keys take longer to make than the rest of a world. */
const credentials = createCredentials();

/** Several replicas behind one address, among the three fakes. */
export interface ChaosWorld extends World {
  env: Record<string, string>;
  replicas: Replica[];
  front: Front;
  kill(index: number): Promise<void>;
  /** Starts a killed replica again, on its old port. */
  revive(index: number): Promise<void>;
  /** Highest resident size of any process so far, killed ones included. */
  peakMegabytes(): Promise<number>;
}

export interface WorldOptions {
  seed: number;
  replicas?: number;
  traffic?: Partial<Traffic>;
  env?: Record<string, string>;
  /** A second platform; MoEngage alone where one is enough. */
  webengage?: boolean;
  /** How long the queue looks for a live replica before a delivery counts as failed. */
  unreachableMs?: number;
}

export const DISPATCH_RATE = 150;

/** Vonage's 5 s before it tries a webhook again, its doubling and its 24 h shrink to this; its 15 s for an answer do not. */
const VONAGE_TIME_SCALE = 0.02;

/** Short waits, so that an unknown outcome is decided within seconds; a rate that a small machine can follow. */
const DEFAULTS = {
  DISPATCH_RATE_PER_SECOND: String(DISPATCH_RATE),
  DISPATCH_MAX_INFLIGHT: "200",
  IN_DOUBT_WAIT_SECONDS: "3",
  LOG_LEVEL: "info",
  PREFLIGHT: "off",
  INSTANCE_ID: "chaos-instance",
  SMS_SENDER_ID: "Chaos",
};

export async function startChaosWorld(options: WorldOptions): Promise<ChaosWorld> {
  const { seed } = options;
  const logFile = join(await mkdtemp(join(tmpdir(), "connector-chaos-")), "connector.log");
  const replicas: Replica[] = [];
  const front = await startFront(() =>
    replicas.filter((replica) => replica.isAlive()).map(({ port }) => port),
  );
  const vcr = await startVcr({
    credentials,
    seed,
    apps: [],
    serviceName: SERVICE_NAME,
    ...(options.unreachableMs === undefined ? {} : { unreachableMs: options.unreachableMs }),
  });
  const vonage = await startVonage({
    credentials,
    seed,
    statusUrl: `${front.url}/webhooks/status`,
    inboundUrl: `${front.url}/webhooks/inbound`,
    traffic: { delayMs: [20, 300], ...options.traffic },
    timeScale: VONAGE_TIME_SCALE,
  });
  const moengage = await startMoEngage({
    apiKey: credentials.accountId,
    apiSecret: credentials.accountSecret,
    connectorUrl: front.url,
    whatsappNumber: WHATSAPP_NUMBER,
    seed,
  });
  const webengage = options.webengage
    ? await startWebEngage({
        ...{ authorization: `Bearer ${WEBENGAGE_KEY}`, dsnToken: DSN_TOKEN, seed },
        ...{ connectorUrl: front.url, whatsappNumber: WHATSAPP_NUMBER },
      })
    : undefined;
  const env = {
    ...credentialsEnv(credentials),
    ...DEFAULTS,
    VCR_PROVIDERS_URL: vcr.url,
    VCR_INSTANCE_PUBLIC_URL: front.url,
    VCR_INSTANCE_SERVICE_NAME: SERVICE_NAME,
    VONAGE_API_HOST: vonage.url,
    WHATSAPP_NUMBER,
    MOENGAGE_DELIVERY_URL: moengage.deliveryUrl,
    MOENGAGE_SMS_DELIVERY_URL: moengage.smsDeliveryUrl,
    ...(webengage
      ? {
          WEBENGAGE_API_KEY: WEBENGAGE_KEY,
          WEBENGAGE_DSN_URL: webengage.dsnUrl,
          WEBENGAGE_DSN_TOKEN: DSN_TOKEN,
        }
      : {}),
    ...options.env,
  };
  let peak = 0;
  const measure = async () => {
    for (const replica of replicas) peak = Math.max(peak, await replica.peakMegabytes());
    return peak;
  };
  const stop = async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await Promise.all([moengage.stop(), webengage?.stop(), vonage.stop(), vcr.stop(), front.stop()]);
  };

  try {
    for (let n = 0; n < (options.replicas ?? 1); n++) replicas.push(await startReplica(env, logFile));
  } catch (error) {
    await stop();
    throw error;
  }
  vcr.setApps(replicas.map(({ url }) => url));
  return {
    ...{ credentials, vcr, vonage, moengage, logFile, env, replicas, front, stop },
    ...(webengage ? { webengage } : {}),
    connector: {
      url: front.url,
      exited: new Promise<string>(() => undefined),
      stop: async () => undefined,
    },
    peakMegabytes: measure,
    async kill(index) {
      await measure();
      await replicas[index]?.kill();
    },
    async revive(index) {
      const { port } = replicas[index] as Replica;
      replicas[index] = await startReplica(env, logFile, port);
    },
  };
}
