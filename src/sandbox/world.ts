import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connector, freePort, startConnector } from "./connector.ts";
import { type Credentials, createCredentials, credentialsEnv } from "./credentials.ts";
import { type MoEngage, startMoEngage } from "./moengage/index.ts";
import { startVcr, type Vcr } from "./vcr/index.ts";
import { startVonage, type Traffic, type Vonage } from "./vonage/index.ts";
import { startWebEngage, type WebEngage } from "./webengage/index.ts";

export const WHATSAPP_NUMBER = "447700900000";
const SERVICE_NAME = "neru-sandbox-connector-dev";

/** A connector in a process of its own among its neighbours. */
export interface World {
  credentials: Credentials;
  vcr: Vcr;
  vonage: Vonage;
  moengage: MoEngage;
  /** Absent where one platform is enough. */
  webengage?: WebEngage;
  connector: Connector;
  logFile: string;
  /** The connector first, so that it can hand over what it holds. */
  stop(): Promise<void>;
}

export async function startWorld(options: {
  seed: number;
  traffic: Partial<Traffic>;
  dispatchRate: number;
  onScreen?: boolean;
  env?: Record<string, string>;
}): Promise<World> {
  const { seed } = options;
  const credentials = createCredentials();
  const port = await freePort();
  const connectorUrl = `http://127.0.0.1:${port}`;
  const logFile = join(await mkdtemp(join(tmpdir(), "connector-sandbox-")), "connector.log");

  const vcr = await startVcr({ credentials, seed, apps: [connectorUrl], serviceName: SERVICE_NAME });
  const vonage = await startVonage({
    credentials,
    seed,
    traffic: options.traffic,
    statusUrl: `${connectorUrl}/webhooks/status`,
    inboundUrl: `${connectorUrl}/webhooks/inbound`,
  });
  const moengage = await startMoEngage({
    apiKey: credentials.accountId,
    apiSecret: credentials.accountSecret,
    connectorUrl,
    whatsappNumber: WHATSAPP_NUMBER,
    seed,
  });
  const webengageKey = "sandbox-webengage-key";
  const dsnToken = "sandbox-dsn-token";
  const webengage = await startWebEngage({
    authorization: `Bearer ${webengageKey}`,
    dsnToken,
    connectorUrl,
    whatsappNumber: WHATSAPP_NUMBER,
    seed,
  });
  const stopFakes = () => Promise.all([moengage.stop(), webengage.stop(), vonage.stop(), vcr.stop()]);

  try {
    const connector = await startConnector({
      port,
      logFile,
      onScreen: options.onScreen ?? false,
      env: {
        ...credentialsEnv(credentials),
        VCR_PROVIDERS_URL: vcr.url,
        VCR_INSTANCE_PUBLIC_URL: connectorUrl,
        VCR_INSTANCE_SERVICE_NAME: SERVICE_NAME,
        INSTANCE_ID: "sandbox-instance",
        VONAGE_API_HOST: vonage.url,
        WHATSAPP_NUMBER,
        SMS_SENDER_ID: "Sandbox",
        MOENGAGE_DELIVERY_URL: moengage.deliveryUrl,
        MOENGAGE_SMS_DELIVERY_URL: moengage.smsDeliveryUrl,
        MOENGAGE_DATA_API_URL: moengage.url,
        MOENGAGE_WORKSPACE_ID: moengage.workspaceId,
        MOENGAGE_DATA_API_KEY: moengage.dataApiKey,
        WEBENGAGE_API_KEY: webengageKey,
        WEBENGAGE_DSN_URL: webengage.dsnUrl,
        WEBENGAGE_DSN_TOKEN: dsnToken,
        DISPATCH_RATE_PER_SECOND: String(options.dispatchRate),
        DISPATCH_MAX_INFLIGHT: "200",
        LOG_LEVEL: "info",
        ...options.env,
      },
    });
    return {
      credentials,
      vcr,
      vonage,
      moengage,
      webengage,
      connector,
      logFile,
      async stop() {
        await connector.stop();
        await stopFakes();
      },
    };
  } catch (error) {
    await stopFakes();
    throw new Error(`${(error as Error).message}; its log: ${logFile}`);
  }
}
