import type { Accepted, Config } from "../config/config.ts";
import { type ConnectedSource, createConnectedSource } from "./moengage/connected-source.ts";
import { type MoEngageDependencies, moengageSms, moengageWhatsApp } from "./moengage/index.ts";
import type { PlatformChannel } from "./platform.ts";
import { type WebEngageDependencies, webengageWhatsApp } from "./webengage/index.ts";

/** What every platform gets; each has credentials of its own. */
export interface PlatformDependencies
  extends Omit<MoEngageDependencies & WebEngageDependencies, "authenticate"> {
  credentialsCheck(...accepted: Accepted[]): PlatformChannel["intake"]["authenticate"];
}

/** The registry: one line per platform channel, present when its settings are. */
export function createPlatformChannels(config: Config, deps: PlatformDependencies): PlatformChannel[] {
  const { whatsapp, sms, webengage, moengageDataApi } = config;
  const dataApi = moengageDataApi ? { dataApi: moengageDataApi } : {};
  const moengage = { ...deps, authenticate: deps.credentialsCheck(config.platformCredentials) };
  return [
    whatsapp?.deliveryUrl
      ? moengageWhatsApp(
          { numbers: whatsapp.numbers, deliveryUrl: whatsapp.deliveryUrl, ...dataApi },
          moengage,
        )
      : [],
    sms ? moengageSms({ ...sms, ...dataApi }, moengage) : [],
    whatsapp && webengage
      ? webengageWhatsApp(
          { ...webengage, numbers: whatsapp.numbers },
          { ...deps, authenticate: deps.credentialsCheck(...webengage.accepted) },
        )
      : [],
  ].flat();
}

/** Whoever keeps a history of what people do, where one is configured. */
export const createEventSink = (config: Config, deps: PlatformDependencies): ConnectedSource | undefined =>
  config.moengageEvents && createConnectedSource(config.moengageEvents, deps);
