import type { Config } from "./config/schema.ts";
import type { State } from "./core/ports.ts";
import type { StateMarks } from "./flows/state-marks/state-marks.ts";
import { INBOUND_PATH } from "./http/routes/inbound.ts";
import { STATUS_PATHS } from "./http/routes/status.ts";
import { asConnectorError, loggableError } from "./lib/errors.ts";
import type { HttpClient } from "./lib/http-client.ts";
import type { Log } from "./lib/log.ts";
import { exponential, retry } from "./lib/retry.ts";
import type { Clock, Runtime } from "./lib/runtime.ts";
import type { PlatformChannel } from "./platforms/platform.ts";
import { ensureQueues, lookAtQueues, type QueueSettings } from "./vcr/create-queues.ts";
import { ensureListeners } from "./vcr/listeners.ts";
import type { VCRSession } from "./vcr/session.ts";
import { adviseOnWebhooks } from "./vonage/application.ts";

export interface Surroundings {
  session: VCRSession;
  state: State;
  stateMarks: Pick<StateMarks, "firstStart" | "watch">;
  queueSettings: QueueSettings;
  httpClient: HttpClient;
  pause: (ms: number) => Promise<void>;
  now: Clock;
  random: Runtime["random"];
  isStopping: () => boolean;
  log: Log;
}

/** Makes sure the queues are there. Goes on trying until they are or the connector stops; never rejects. */
export function prepareQueues(config: Config, around: Surroundings): Promise<void> {
  const { session, state, queueSettings, pause, log } = around;
  const { ratePerSecond, maxInflight } = config.dispatch;
  const known = (error: unknown) => noLocalVcr(error, config.providersUrl);
  const task = async () => {
    // Looked at first, and marked before the first queue is made: where there are queues, State has been marked.
    const queues = await lookAtQueues(session, queueSettings.serviceName);
    if ([...queues.values()].every((is) => is === "absent")) await around.stateMarks.firstStart();
    around.stateMarks.watch();
    await ensureQueues(session, queueSettings, state, () => pause(250));
    const sendable = ratePerSecond * config.messageTtlSeconds;
    log.info(
      { rate: ratePerSecond, maxInflight, sendable },
      `Queues are ready: at ${ratePerSecond} a second, ${sendable} messages can be sent within their time to live`,
    );
  };
  return untilDone(around, "Queues", task, { known });
}

/** What a developer has to do, where that is all there is to say. */
function noLocalVcr(error: unknown, url = ""): string | undefined {
  const isLocal = /^https?:\/\/(localhost|127\.0\.0\.1)\b/.test(url);
  return isLocal && asConnectorError(error).code === "not_sent"
    ? `No VCR answers on ${url}: start one with npm run vcr`
    : undefined;
}

/** A queue that is gone is made again within half a minute of that. */
const WATCH_MS = 20_000;
const PAUSED_AGAIN_MS = 5 * 60_000;

/** Looks, until the connector stops, whether the queues are still there and running. Never rejects. */
export async function watchQueues(around: Omit<Surroundings, "stateMarks" | "httpClient">): Promise<void> {
  const { session, state, queueSettings, pause, isStopping, now, log } = around;
  const saidAt = new Map<string, number>();

  async function look(): Promise<void> {
    const queues = [...(await lookAtQueues(session, queueSettings.serviceName))];
    const named = (how: string) => queues.filter(([, is]) => is === how).map(([name]) => name);
    for (const queue of named("paused")) {
      if (now() - (saidAt.get(queue) ?? Number.NEGATIVE_INFINITY) < PAUSED_AGAIN_MS) continue;
      saidAt.set(queue, now());
      log.warn({ queue }, PAUSED);
    }
    for (const queue of named("running")) if (saidAt.delete(queue)) log.info({ queue }, "The queue goes on");
    if (named("absent").length === 0) return;
    // A gateway may say so of a queue that is there: only one that could be made was gone.
    const again = (name: string) => {
      log.error({ queues: [name] }, GONE);
      log.info({ queues: [name] }, "The queues are there again");
    };
    await ensureQueues(session, queueSettings, state, () => pause(250), again);
  }

  for (;;) {
    await pause(WATCH_MS);
    if (isStopping()) return;
    // A provider that is away is told by whoever needs it.
    await look().catch((error) => log.debug(loggableError(error), "The queues cannot be looked at now"));
  }
}

const PAUSED =
  "The queue is paused at VCR: it takes jobs, and nothing on it is sent or reported until somebody resumes it (resumeQueue of the VCR SDK's queue provider)";
const GONE =
  "A queue was deleted at VCR, and what waited on it is lost: it is made again. Send the campaigns of the last minutes again to whoever has no status";

/** Makes sure Vonage's webhooks come here, or says in words what to change. Never rejects. */
export function prepareWebhooks(config: Config, around: Surroundings): Promise<void> {
  if (!config.listeners) return advise(config, around);
  return untilDone(around, "Listeners", async () => {
    const pause = () => around.pause(250);
    await ensureListeners(around.session, listenerSettings(config), around.state, pause, around.random);
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
  if (isNeeded) await untilDone(around, "Templates", sync, { longestWait: 10 * 60_000 });
}

async function untilDone(
  { pause, isStopping, log }: Surroundings,
  what: string,
  task: () => Promise<unknown>,
  {
    longestWait = 30_000,
    known = () => undefined,
  }: { longestWait?: number; known?: (error: unknown) => string | undefined } = {},
): Promise<void> {
  const wait = exponential(500, longestWait);
  let said: string | undefined;
  await retry(
    async () => void (isStopping() || (await task())),
    (tries, error) => {
      const sentence = known(error);
      // What somebody has to do is said once.
      const level = sentence !== undefined && sentence === said ? "debug" : "error";
      said = sentence;
      log[level](loggableError(error), sentence ?? `${what} are not ready: trying again`);
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
