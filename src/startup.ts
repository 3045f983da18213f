import type { Config } from "./config/schema.ts";
import type { State } from "./core/ports.ts";
import { INBOUND_PATH } from "./http/routes/inbound.ts";
import { STATUS_PATHS } from "./http/routes/status.ts";
import { loggableError } from "./lib/errors.ts";
import type { HttpClient } from "./lib/http-client.ts";
import type { Log } from "./lib/log.ts";
import { exponential, retry } from "./lib/retry.ts";
import type { PlatformChannel } from "./platforms/platform.ts";
import { ensureQueues, type QueueSettings } from "./vcr/create-queues.ts";
import { ensureListeners } from "./vcr/listeners.ts";
import type { VCRSession } from "./vcr/session.ts";
import { adviseOnWebhooks } from "./vonage/application.ts";

export interface Surroundings {
  session: VCRSession;
  state: State;
  queueSettings: QueueSettings;
  httpClient: HttpClient;
  pause: (ms: number) => Promise<void>;
  isStopping: () => boolean;
  log: Log;
}

/** Makes sure the queues are there. Goes on trying until they are or the connector stops; never rejects. */
export function prepareQueues(config: Config, around: Surroundings): Promise<void> {
  const { session, state, queueSettings, pause, log } = around;
  const { ratePerSecond, maxInflight } = config.dispatch;
  return untilDone(around, "Queues", async () => {
    await ensureQueues(session, queueSettings, state, () => pause(250));
    const sendable = ratePerSecond * config.messageTtlSeconds;
    log.info(
      { rate: ratePerSecond, maxInflight, sendable },
      `Queues are ready: at ${ratePerSecond} a second, ${sendable} messages can be sent within their time to live`,
    );
  });
}

/** Makes sure Vonage's webhooks come here, or says in words what to change. Never rejects. */
export function prepareWebhooks(config: Config, around: Surroundings): Promise<void> {
  if (!config.listeners) return advise(config, around);
  return untilDone(around, "Listeners", async () => {
    const pause = () => around.pause(250);
    await ensureListeners(around.session, listenerSettings(config), around.state, pause);
    around.log.info({}, "Webhooks are received through the VCR callback router");
  });
}

/**
 * Fetches the templates for the channels whose platform never asks for them. Goes on trying as the others do, less
 * and less often: what is missing may be a setting. Never rejects.
 */
export async function prepareTemplates(
  channels: readonly PlatformChannel[],
  sync: () => Promise<unknown>,
  around: Surroundings,
): Promise<void> {
  const isNeeded = channels.some(({ channel, templates }) => channel === "whatsapp" && !templates);
  if (isNeeded) await untilDone(around, "Templates", sync, 10 * 60_000);
}

async function untilDone(
  { pause, isStopping, log }: Surroundings,
  what: string,
  task: () => Promise<unknown>,
  longestWait = 30_000,
): Promise<void> {
  const wait = exponential(500, longestWait);
  await retry(
    async () => void (isStopping() || (await task())),
    (tries, error) => {
      log.error(loggableError(error), `${what} are not ready: trying again`);
      return wait(tries);
    },
    pause,
  );
}

const listenerSettings = ({ whatsapp, sms }: Config) => ({
  channels: [whatsapp ? ("whatsapp" as const) : [], sms ? ("sms" as const) : []].flat(),
  inboundPath: INBOUND_PATH,
  statusPath: STATUS_PATHS[0] as string,
});

async function advise(config: Config, { httpClient, log }: Surroundings): Promise<void> {
  const { publicUrl } = config.instance;
  if (!publicUrl) return;
  const settings = {
    apiHost: config.vonageApiHost,
    applicationId: config.application.id,
    accountId: config.account.id,
    accountSecret: config.account.secret,
    publicUrl,
  };
  try {
    const advice = await adviseOnWebhooks(settings, httpClient);
    for (const sentence of advice) log.warn({}, sentence);
    if (advice.length === 0)
      log.info({}, "The Vonage application's webhook addresses point at this instance");
  } catch (error) {
    log.warn(loggableError(error), "The Vonage application's webhook addresses could not be checked");
  }
}
