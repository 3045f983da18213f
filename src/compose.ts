import { setMaxListeners } from "node:events";
import type { Config } from "./config/schema.ts";
import { type QueuePurpose, queueOf } from "./core/job.ts";
import { parseKeywords } from "./core/keywords.ts";
import type { Sender } from "./core/ports.ts";
import { createAckDelay } from "./flows/dispatch/ack-delay.ts";
import { createClaims } from "./flows/dispatch/claims.ts";
import { dispatch, readDelivery } from "./flows/dispatch/dispatch.ts";
import { createRateLimiter } from "./flows/dispatch/rate-limiter.ts";
import { createConversations } from "./flows/inbound/conversations.ts";
import { createInboundReceiver } from "./flows/inbound/receive-inbound.ts";
import { createSuppression } from "./flows/inbound/suppression.ts";
import { createAccept } from "./flows/intake/accept.ts";
import { createBacklog } from "./flows/intake/backlog.ts";
import { receiveStatus, type StatusPorts } from "./flows/status/receive-status.ts";
import { createReporter } from "./flows/status/report.ts";
import { createApp } from "./http/app.ts";
import { credentialsCheck } from "./http/auth/credentials.ts";
import { JOBS_PATH } from "./http/routes/jobs.ts";
import { STATUS_PATHS } from "./http/routes/status.ts";
import { listen } from "./http/server.ts";
import { createCircuitBreaker } from "./lib/circuit-breaker.ts";
import { withDeadline } from "./lib/deadline.ts";
import { asConnectorError } from "./lib/errors.ts";
import { createHttpClient } from "./lib/http-client.ts";
import { createLog } from "./lib/log.ts";
import { createMetrics, type Metrics, outcomeOf } from "./lib/metrics.ts";
import { createPause, systemRuntime } from "./lib/runtime.ts";
import { createEventSink, createPlatformChannels } from "./platforms/registry.ts";
import { withCircuitBreaker } from "./platforms/with-circuit-breaker.ts";
import { prepareQueues, prepareTemplates, prepareWebhooks } from "./startup.ts";
import { createTemplates } from "./templates.ts";
import { createJobQueue, queueName, waitingJobs } from "./vcr/job-queue.ts";
import { createJobSigner } from "./vcr/job-signer.ts";
import { createLargePayloads } from "./vcr/large-payload.ts";
import { createSession } from "./vcr/session.ts";
import { createState } from "./vcr/state.ts";
import { createVonageSender } from "./vonage/client.ts";
import { resolveReference } from "./vonage/reference.ts";
import { createTokenMemory, verifySignature } from "./vonage/signature.ts";

/** Unknown whether Vonage signs a retry anew, and it retries for 24 h. */
const SIGNATURE_MAX_AGE_SECONDS = 25 * 3_600;
/** Of the ten seconds a stop may take, this many are for what is in hand. */
const STOP_GRACE_MS = 8_000;
const EVENTS_GRACE_MS = 500;
const DRAIN_GRACE_MS = 500;
const FIRST_START_MS = 1_000;
const PROVIDER_CONNECTIONS = 64;
const PLATFORM_CONNECTIONS = 64;

export interface Connector {
  port: number;
  stop(): Promise<void>;
}

/** Wires everything, listens, and prepares its surroundings behind that. `logTo` takes the log lines instead of stdout. */
export async function start(
  config: Config,
  logTo?: { write(line: string): void },
  runtime = systemRuntime,
): Promise<Connector> {
  const { now } = runtime;
  const log = createLog(config.logLevel, logTo, runtime);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const pause = createPause(stopping.signal, runtime);
  const metrics = createMetrics();
  const httpClients = {
    vcr: createHttpClient(PROVIDER_CONNECTIONS, { runtime }),
    // A send must never wait for a socket: whether it left would then be unknown.
    vonage: createHttpClient(config.dispatch.maxInflight * 2 + 16, { runtime }),
    platform: createHttpClient(PLATFORM_CONNECTIONS, { publicAddressesOnly: true, runtime }),
  };

  const { account, application, instance } = config;
  const session = createSession(config, httpClients.vcr);
  const state = createState(session, now);
  const signer = createJobSigner(config.jobSigningKeys);
  const queueSettings = {
    serviceName: instance.serviceName,
    callbackPath: JOBS_PATH,
    ...config.dispatch,
    maxRequestBytes: config.queueMaxRequestBytes,
  };
  const largePayloads = createLargePayloads(state, signer, config.messageTtlSeconds + 24 * 3_600);
  const queue = createJobQueue(session, queueSettings, signer, largePayloads, now);

  const platformPorts = {
    httpClient: httpClients.platform,
    credentialsCheck,
    newId: runtime.uuid,
    messageTtlSeconds: config.messageTtlSeconds,
    findTemplate: (number: string, name: string, language: string) =>
      templates.lookup(number, name, language),
    pause,
    now,
    log,
  };
  const events = createEventSink(config, platformPorts);
  if (events) metrics.gauge("events_dropped", "Events nobody could be told", events.dropped);
  const channels = createPlatformChannels(config, platformPorts).map((channel) => {
    const breaker = createCircuitBreaker(`${channel.platform} ${channel.channel}`, now, log);
    metrics.gauge(
      `breaker_open_${channel.tag}`,
      `1 while ${channel.platform} ${channel.channel} is known to be away`,
      () => (breaker.isOpen() ? 1 : 0),
    );
    return withCircuitBreaker(channel, breaker);
  });

  const templates = createTemplates(config, {
    httpClient: httpClients.vonage,
    state,
    now,
    pause,
    isStopping: () => stopping.signal.aborted,
    log,
  });
  const statusUrl = statusUrlOf(config);
  const sender = counted(
    createVonageSender(
      {
        apiHost: config.vonageApiHost,
        applicationId: application.id,
        privateKey: application.privateKey,
        ...(statusUrl ? { statusUrl } : {}),
      },
      httpClients.vonage,
      state,
      now,
    ),
    metrics,
  );
  const pacing = {
    whatsapp: createPacing("whatsapp"),
    sms: createPacing("sms"),
    reports: createPacing("reports"),
  };
  const backlog = createBacklog({
    waiting: (channel) => waitingJobs(session, queueName(instance.serviceName, channel)),
    rate: (channel) => pacing[channel].rateLimiter.rate(),
    now,
    log,
  });

  /** A throttle, or deliveries that wait, on one queue must not stop another. */
  function createPacing(purpose: QueuePurpose) {
    const rateLimiter = createRateLimiter(config.dispatch.ratePerSecond, now, log);
    const ackDelay = createAckDelay(Math.ceil(config.dispatch.maxInflight / 2), runtime);
    metrics.gauge(
      `sending_rate_${purpose}`,
      `Messages a second this replica may send now: ${purpose}`,
      rateLimiter.rate,
    );
    metrics.gauge(`held_callbacks_${purpose}`, `Queue callbacks being held: ${purpose}`, ackDelay.waiting);
    return { rateLimiter, ackDelay };
  }

  const suppression = createSuppression(state, now);
  const conversations = createConversations(state, now, log);
  const common = {
    ...{ channels, queue, state, suppression, conversations, now, log },
    ...(events ? { events } : {}),
  };
  // Of the pauses this one alone is not cut short by a stop: State would be asked without any.
  const waitBetweenLooks = createPause(new AbortController().signal, runtime);
  const reporter = templates.explaining(createReporter({ ...common, runtime, pause: waitBetweenLooks }));
  const dispatchPorts = {
    ...common,
    sender: templates.noting(sender),
    claims: createClaims(state, log),
    reporter,
    loadOffloaded: largePayloads.load,
    unknownOutcome: config.inDoubt,
  };
  const inbound = createInboundReceiver({
    ...common,
    ownNumbers: config.whatsapp?.numbers ?? [],
    keywords: { optOut: parseKeywords(config.keywords.optOut), optIn: parseKeywords(config.keywords.optIn) },
    texts: config.autoReplies,
    messageTtlSeconds: config.messageTtlSeconds,
    countReply: (kind) => metrics.replies.inc({ kind }),
  });
  const signature = {
    secrets: config.signatureSecrets,
    accountId: account.id,
    maxAgeSeconds: SIGNATURE_MAX_AGE_SECONDS,
    isReused: createTokenMemory(),
  };

  const surroundings = {
    session,
    state,
    queueSettings,
    httpClient: httpClients.vonage,
    pause,
    isStopping: () => stopping.signal.aborted,
    log,
  };
  const queuesReady = prepareQueues(config, surroundings);
  const firstStart = Promise.race([queuesReady, pause(FIRST_START_MS)]);

  const statusPorts: StatusPorts = {
    channels,
    resolve: (reference) => resolveReference(state, reference),
    async report(report) {
      const outcome = await reporter.report(report);
      metrics.reports.inc({ status: report.status, outcome });
    },
    throttled: (channel) => pacing[channel].rateLimiter.throttled(),
    carrierOptOut: inbound.carrierOptOut,
    link: suppression.link,
    now,
    log,
  };
  const app = createApp({
    channels,
    log,
    now,
    metrics,
    syncTemplates: templates.sync,
    publicUrl: instance.publicUrl,
    accept: createAccept({
      preflight: templates.preflight,
      ready: firstStart,
      backlog,
      queue,
      countAccepted: (channel) => metrics.accepted.inc({ channel }),
      log,
    }),
    readJob: (received) => readDelivery(() => signer.verify(received), pacing.reports.ackDelay, now),
    dispatch: (job) =>
      outcomeOf(dispatch(job, { ...dispatchPorts, ...pacing[queueOf(job)] }), (outcome) =>
        metrics.jobs.inc({ kind: job.kind, outcome }),
      ),
    verify: (headers, rawBody) => void verifySignature(headers, rawBody, signature, now()),
    receiveStatus: (status) => receiveStatus(status, statusPorts),
    receiveInbound: inbound.receive,
  });
  const server = await listen(app, config.port, runtime).catch((error) => {
    stopping.abort();
    throw error;
  });
  log.info(
    { port: server.port, channels: channels.map(({ platform, channel }) => `${platform} ${channel}`) },
    "Connector is listening",
  );
  for (const note of config.notes) log.warn({}, note);

  const preparing = Promise.all([
    queuesReady,
    prepareWebhooks(config, surroundings),
    prepareTemplates(channels, templates.sync, surroundings),
  ]);

  return {
    port: server.port,
    async stop() {
      stopping.abort();
      for (const { ackDelay } of Object.values(pacing)) ackDelay.release();
      await server.stop(STOP_GRACE_MS);
      // Events are the least of it: what a slow neighbour does not take in a moment is dropped.
      await withDeadline(events?.stop() ?? Promise.resolve(), EVENTS_GRACE_MS, "").catch(() => undefined);
      await withDeadline(state.drained(), DRAIN_GRACE_MS, "").catch(() => undefined);
      await Promise.all(Object.values(httpClients).map((httpClient) => httpClient.close()));
      // Only now: what waits for a neighbour that hangs has lost its socket.
      await preparing;
      log.info({}, "Connector has stopped");
    },
  };
}

function counted(sender: Sender, { sends }: Metrics): Sender {
  return {
    async send(message) {
      const count = (outcome: string) => sends.inc({ channel: message.channel, outcome });
      try {
        const result = await sender.send(message);
        count(result.outcome === "accepted" ? "ok" : result.outcome);
        return result;
      } catch (error) {
        count(asConnectorError(error).code);
        throw error;
      }
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
