import type { Config } from "../config/config.ts";
import type { SessionSettings } from "./session.ts";

/** What of the configuration a session with VCR needs. */
export function sessionSettings({ account, application, instance, providersUrl }: Config): SessionSettings {
  return {
    accountId: account.id,
    applicationId: application.id,
    privateKey: application.privateKey,
    instanceId: instance.id,
    serviceName: instance.serviceName,
    ...(instance.publicUrl ? { publicUrl: instance.publicUrl } : {}),
    ...(providersUrl ? { providersUrl } : {}),
  };
}

/** The private keys whose jobs are accepted, the one that signs first. */
export function jobSigningKeys({ application }: Config): [string, ...string[]] {
  const { privateKey, previousPrivateKey } = application;
  return previousPrivateKey ? [privateKey, previousPrivateKey] : [privateKey];
}
