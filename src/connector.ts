import { randomUUID } from "node:crypto";
import { createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { parseKeywords } from "./core/keywords.ts";
import { loggableError } from "./errors.ts";
import { accept } from "./flows/accept.ts";
import { createClaims } from "./flows/claims.ts";
import { createCorrelation } from "./flows/correlate.ts";
import { dispatch } from "./flows/dispatch.ts";
import { createHolder } from "./flows/hold.ts";
import { createPacer } from "./flows/pacer.ts";
import { carrierOptOut, reply } from "./flows/reply.ts";
import { createReporter } from "./flows/report.ts";
import { createSuppression } from "./flows/suppression.ts";
import { credentialsCheck } from "./http/auth/credentials.ts";
import { JOBS_PATH } from "./http/routes/jobs.ts";
import { STATUS_PATHS } from "./http/routes/status.ts";
import { listen } from "./http/server.ts";
import { createLog } from "./log.ts";
import { createPlatformChannels } from "./platforms/index.ts";
import { createTransport } from "./transport.ts";
import { createJobQueue, ensureQueues } from "./vcr/queue.ts";
import { createSealer } from "./vcr/seal.ts";
import { createSession } from "./vcr/session.ts";
import { createState } from "./vcr/state.ts";
import { adviseOnWebhooks } from "./vonage/application.ts";
import { createVonageSender } from "./vonage/client.ts";
import { resolveReference } from "./vonage/reference.ts";
import { verifySignature } from "./vonage/signature.ts";

/** Unknown whether Vonage signs a retry anew, and it retries for 24 h. */
const SIGNATURE_MAX_AGE_SECONDS = 25 * 3_600;
/** The platform stops an instance some time after asking; this leaves room to answer what is in hand. */
const STOP_GRACE_MS = 9_000;
const PROVIDER_CONNECTIONS = 64;
const PLATFORM_CONNECTIONS = 64;

export interface Connector {
  port: number;
  stop(): Promise<void>;
}

/** Wires everything, listens, and prepares the queues behind that. `logTo` takes the log lines instead of stdout. */
export async function start(config: Config, logTo?: { write(line: string): void }): Promise<Connector> {
  const log = createLog(config.logLevel, logTo);
  const now = () => Date.now();
  const stopping = new AbortController();
  const pause = (ms: number) => pauseUnlessStopped(ms, stopping.signal);
  const transports = {
    vcr: createTransport(PROVIDER_CONNECTIONS),
    vonage: createTransport(config.dispatch.maxInflight * 2),
    platform: createTransport(PLATFORM_CONNECTIONS),
  };

  const session = createSession(
    {
      accountId: config.account.id,
      applicationId: config.application.id,
      privateKey: config.application.privateKey,
      instanceId: config.instance.id,
      serviceName: config.instance.serviceName,
      ...(config.instance.publicUrl ? { publicUrl: config.instance.publicUrl } : {}),
      ...(config.providersUrl ? { providersUrl: config.providersUrl } : {}),
    },
    transports.vcr,
  );
  const state = createState(session, now);
  const { privateKey, previousPrivateKey } = config.application;
  const sealer = createSealer(previousPrivateKey ? [privateKey, previousPrivateKey] : [privateKey]);
  const queueSettings = {
    serviceName: config.instance.serviceName,
    callbackPath: JOBS_PATH,
    ...config.dispatch,
    maxRequestBytes: config.queueMaxRequestBytes,
    parkedTtlSeconds: config.messageTtlSeconds + 24 * 3_600,
  };
  const queue = createJobQueue(session, queueSettings, sealer, state, now);

  const channels = createPlatformChannels(config, {
    transport: transports.platform,
    authenticate: credentialsCheck(config.platformCredentials),
    newId: randomUUID,
    messageTtlSeconds: config.messageTtlSeconds,
    pause: (ms) => pause(ms),
    log,
  });
  const statusUrl = statusUrlOf(config);
  const sender = createVonageSender(
    {
      apiHost: config.vonageApiHost,
      applicationId: config.application.id,
      privateKey,
      ...(statusUrl ? { statusUrl } : {}),
    },
    transports.vonage,
    state,
    now,
  );
  const reporter = createReporter({ channels, queue, state, log, now });
  const pacer = createPacer(config.dispatch.ratePerSecond, now, log);
  const holder = createHolder(Math.ceil(config.dispatch.maxInflight / 2));
  const claims = createClaims(state, log);
  const suppression = createSuppression(state);
  const correlation = createCorrelation(state, now, log);
  const dispatchPorts = {
    queue,
    sender,
    claims,
    reporter,
    suppression,
    correlation,
    channels,
    pacer,
    holder,
    inDoubt: config.inDoubt,
    now,
    log,
  };
  const replyPorts = {
    channels,
    queue,
    state,
    suppression,
    correlation,
    keywords: { optOut: parseKeywords(config.keywords.optOut), optIn: parseKeywords(config.keywords.optIn) },
    texts: config.autoReplies,
    messageTtlSeconds: config.messageTtlSeconds,
    now,
    log,
  };
  const signature = {
    secrets: config.signatureSecrets,
    accountId: config.account.id,
    maxAgeSeconds: SIGNATURE_MAX_AGE_SECONDS,
  };

  const app = createApp({
    channels,
    log,
    now,
    accept: (message) => accept(message, { queue, log }),
    unseal: (received) => sealer.unseal(received, (key) => state.getKey(key)),
    dispatch: (job) => dispatch(job, dispatchPorts),
    verify: (headers, rawBody) => void verifySignature(headers, rawBody, signature, now()),
    resolve: (reference) => resolveReference(state, reference),
    report: (report) => reporter.report(report),
    link: (number, userId) => suppression.link(number, userId),
    carrierOptOut: (optOut) => carrierOptOut(optOut, replyPorts),
    reply: (inbound) => reply(inbound, replyPorts),
  });
  const server = await listen(app, config.port);
  log.info(
    { port: server.port, channels: channels.map(({ platform, channel }) => `${platform} ${channel}`) },
    "Connector is listening",
  );
  for (const note of config.notes) log.warn({}, note);

  const preparing = prepare();

  async function prepare(): Promise<void> {
    await Promise.all([prepareQueues(), advise()]);
  }

  async function prepareQueues(): Promise<void> {
    for (let wait = 500; !stopping.signal.aborted; wait = Math.min(wait * 2, 30_000)) {
      try {
        await ensureQueues(session, queueSettings, state, () => pause(250));
        log.info(
          { rate: config.dispatch.ratePerSecond, maxInflight: config.dispatch.maxInflight },
          "Queues are ready",
        );
        return;
      } catch (error) {
        log.error(loggableError(error), "Queues are not ready: trying again");
        await pause(wait);
      }
    }
  }

  async function advise(): Promise<void> {
    const { publicUrl } = config.instance;
    if (!publicUrl || config.listeners) return;
    try {
      const advice = await adviseOnWebhooks(
        {
          apiHost: config.vonageApiHost,
          applicationId: config.application.id,
          accountId: config.account.id,
          accountSecret: config.account.secret,
          publicUrl,
        },
        transports.vonage,
      );
      for (const sentence of advice) log.warn({}, sentence);
      if (advice.length === 0)
        log.info({}, "The Vonage application's webhook addresses point at this instance");
    } catch (error) {
      log.warn(loggableError(error), "The Vonage application's webhook addresses could not be checked");
    }
  }

  return {
    port: server.port,
    async stop() {
      stopping.abort();
      holder.release();
      await Promise.all([server.stop(STOP_GRACE_MS), preparing]);
      await Promise.all(Object.values(transports).map((transport) => transport.close()));
      log.info({}, "Connector has stopped");
    },
  };
}

/** Vonage takes only https addresses that it can reach. */
function statusUrlOf(config: Config): string | undefined {
  const { publicUrl } = config.instance;
  return publicUrl?.startsWith("https://") && !config.listeners
    ? `${publicUrl}${STATUS_PATHS[0]}`
    : undefined;
}

function pauseUnlessStopped(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
