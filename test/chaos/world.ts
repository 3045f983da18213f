import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startMoEngage } from "../../src/sandbox/moengage/index.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import { startVonage, type Traffic } from "../../src/sandbox/vonage/index.ts";
import { WHATSAPP_NUMBER, type World } from "../../src/sandbox/world.ts";
import { type Front, startFront } from "./front.ts";
import { type Replica, startReplica } from "./replica.ts";

export const SERVICE_NAME = "neru-chaos-connector";

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
  /** How long the queue looks for a live replica before a delivery counts as failed. */
  unreachableMs?: number;
}

/** Short waits, so that a doubt is decided within seconds. */
const DEFAULTS = {
  DISPATCH_RATE_PER_SECOND: "400",
  DISPATCH_MAX_INFLIGHT: "200",
  IN_DOUBT_WAIT_SECONDS: "3",
  LOG_LEVEL: "info",
  PREFLIGHT: "off",
  INSTANCE_ID: "chaos-instance",
  SMS_SENDER_ID: "Chaos",
};

export async function startChaosWorld(options: WorldOptions): Promise<ChaosWorld> {
  const { seed } = options;
  const credentials = createCredentials();
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
  });
  const moengage = await startMoEngage({
    apiKey: credentials.accountId,
    apiSecret: credentials.accountSecret,
    connectorUrl: front.url,
    whatsappNumber: WHATSAPP_NUMBER,
    seed,
  });
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
    ...options.env,
  };
  let peak = 0;
  const measure = async () => {
    for (const replica of replicas) peak = Math.max(peak, await replica.peakMegabytes());
    return peak;
  };
  const stop = async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await Promise.all([moengage.stop(), vonage.stop(), vcr.stop(), front.stop()]);
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
