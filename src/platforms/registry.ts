import type { Config } from "../config/schema.ts";
import { type ConnectedSource, createConnectedSource } from "./moengage/connected-source.ts";
import { moengageSms, moengageWhatsApp } from "./moengage/index.ts";
import type { PlatformChannel, PlatformPorts } from "./platform.ts";
import { webengageWhatsApp } from "./webengage/index.ts";

/** The registry: one line per platform channel, there when its settings and our sender are. */
export function createPlatformChannels(config: Config, ports: PlatformPorts): PlatformChannel[] {
  const { whatsapp, sms, moengage, webengage } = config;
  return [
    whatsapp &&
      moengage.whatsapp &&
      moengageWhatsApp({ ...moengage, ...moengage.whatsapp, ...whatsapp }, ports),
    sms && moengage.sms && moengageSms({ ...moengage, ...moengage.sms, ...sms }, ports),
    whatsapp && webengage && webengageWhatsApp({ ...webengage, ...webengage.whatsapp, ...whatsapp }, ports),
  ].filter((channel) => channel !== undefined);
}

/** Whoever keeps a history of what people do, where one is configured. */
export const createEventSink = (config: Config, ports: PlatformPorts): ConnectedSource | undefined =>
  config.moengage.events && createConnectedSource(config.moengage.events, ports);
