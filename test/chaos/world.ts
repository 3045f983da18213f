import type { ConnectorProcess } from "../../src/sandbox/connector.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import type { MoEngage } from "../../src/sandbox/moengage/index.ts";
import type { PlatformName } from "../../src/sandbox/platforms.ts";
import type { Traffic } from "../../src/sandbox/vonage/index.ts";
import { createWorld, processes, type World } from "../../src/sandbox/world.ts";

export const SERVICE_NAME = "neru-chaos-connector";

/** One account for all worlds of a process: its keys take longer to make than the rest of a world. */
const credentials = createCredentials();

/** Several replicas behind one address, which die and come back. */
export interface ChaosWorld extends World<ConnectorProcess, "moengage"> {
  moengage: MoEngage;
  logFile: string;
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
  /** Other platforms; MoEngage alone where one is enough. */
  beside?: readonly Exclude<PlatformName, "moengage">[];
  /** How long the queue looks for a live replica before a delivery counts as failed. */
  unreachableMs?: number;
  /** How long the queue waits for the answer to a delivery. */
  callbackTimeoutMs?: number;
}

export const DISPATCH_RATE = 150;

/** Vonage's 5 s before it tries a webhook again, its doubling and its 24 h shrink to this; its 15 s for an answer do not. */
const VONAGE_TIME_SCALE = 0.02;

/** Short waits, so that an unknown outcome is decided within seconds; a rate that a small machine can follow. */
const ENV = {
  DISPATCH_RATE_PER_SECOND: String(DISPATCH_RATE),
  DISPATCH_MAX_INFLIGHT: "200",
  IN_DOUBT_WAIT_SECONDS: "3",
  LOG_LEVEL: "info",
  PREFLIGHT: "off",
  MOENGAGE_DATA_API_URL: "",
  MOENGAGE_WORKSPACE_ID: "",
  MOENGAGE_DATA_API_KEY: "",
};

export async function startChaosWorld(options: WorldOptions): Promise<ChaosWorld> {
  const run = await processes({ name: "chaos" });
  const world = await createWorld({
    ...{ run, credentials, seed: options.seed, serviceName: SERVICE_NAME, front: true },
    platforms: ["moengage", ...(options.beside ?? [])],
    replicas: options.replicas,
    senders: { sms: "Chaos" },
    vcr: { unreachableMs: options.unreachableMs, callbackTimeoutMs: options.callbackTimeoutMs },
    vonage: { traffic: { delayMs: [20, 300], ...options.traffic }, timeScale: VONAGE_TIME_SCALE },
    env: { ...ENV, ...options.env },
  });
  const { connectors } = world;
  let peak = 0;
  const peakMegabytes = async () => {
    for (const connector of connectors) peak = Math.max(peak, await connector.peakMegabytes());
    return peak;
  };
  return {
    ...world,
    moengage: world.platforms.moengage,
    logFile: run.logFile,
    peakMegabytes,
    async kill(index) {
      await peakMegabytes();
      await connectors[index]?.kill();
    },
    async revive(index) {
      const { port } = connectors[index] as ConnectorProcess;
      connectors[index] = await run.start(world.env(port));
    },
  };
}
