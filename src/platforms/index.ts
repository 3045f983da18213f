import type { Config } from "../config.ts";
import { type MoEngageDependencies, moengageSms, moengageWhatsApp } from "./moengage/index.ts";
import type { PlatformChannel } from "./platform.ts";

/** The registry: one line per platform channel, present when its settings are. */
export function createPlatformChannels(config: Config, deps: MoEngageDependencies): PlatformChannel[] {
  const dataApi = config.moengageDataApi ? { dataApi: config.moengageDataApi } : {};
  return [
    config.whatsapp ? moengageWhatsApp({ ...config.whatsapp, ...dataApi }, deps) : [],
    config.sms ? moengageSms({ ...config.sms, ...dataApi }, deps) : [],
  ].flat();
}
