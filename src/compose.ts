import { setMaxListeners } from "node:events";
import { composeConsole, observed, testChannels } from "./compose/console.ts";
import { composeDeadLetters } from "./compose/dead-letters.ts";
import { composeDispatch, composePacing } from "./compose/dispatch.ts";
import { composeInbound, composeIntake, composeStatus } from "./compose/flows.ts";
import { composeRecorder } from "./compose/insight.ts";
import { createMetrics } from "./compose/metrics.ts";
import { composePlatforms } from "./compose/platforms.ts";
import { shutDown } from "./compose/shutdown.ts";
import { composeTemplates } from "./compose/templates.ts";
import { composeVcr } from "./compose/vcr.ts";
import type { Config } from "./config/schema.ts";
import { markBucket } from "./core/state-keys.ts";
import { readDelivery } from "./flows/dispatch/dispatch.ts";
import { createConversations } from "./flows/inbound/conversations.ts";
import { createSuppression } from "./flows/inbound/suppression.ts";
import { createReadiness } from "./flows/insight/readiness.ts";
import { createRequestIds } from "./flows/intake/request-ids.ts";
import { createObservations, type Observations } from "./flows/setup/observations.ts";
import { createChannelMarks } from "./flows/status/channel-marks.ts";
import { createChannelOff } from "./flows/status/channel-off.ts";
import { createReporter } from "./flows/status/report.ts";
import { createAdmission } from "./http/admission.ts";
import { createApp } from "./http/app.ts";
import { credentialsCheck } from "./http/auth/credentials.ts";
import { createRefusalLog } from "./http/refusals.ts";
import { listen } from "./http/server.ts";
import { createHttpClient } from "./lib/http-client.ts";
import { createLog, turnByTurn } from "./lib/log.ts";
import { CONTENT_TYPE } from "./lib/metrics.ts";
import { createNeighbours, watched } from "./lib/neighbours.ts";
import { processMetrics } from "./lib/process-metrics.ts";
import { publicLookup } from "./lib/public-lookup.ts";
import { createPause, systemRuntime } from "./lib/runtime.ts";
import { SWITCHES } from "./platforms/registry.ts";
import { prepareQueues, prepareTemplates, prepareWebhooks, watchQueues } from "./startup.ts";
import { VERSION } from "./version.ts";
import { createSignatureCheck } from "./vonage/signature.ts";

/** The very first start creates the queues; what arrives meanwhile need not be turned away. */
const FIRST_START_MS = 1_000;
const PROVIDER_CONNECTIONS = 64;
const PLATFORM_CONNECTIONS = 64;

/** Which of VCR's providers is asked. */
const providerAt = (url: string) => (/queue-service|\/queue\b/.test(url) ? "queue" : "state");

/** How the connector calls others, and is called. */
export interface Network {
  createHttpClient: typeof createHttpClient;
  listen: typeof listen;
  /** What the process says of itself, in Prometheus' format. */
  processMetrics?: typeof processMetrics;
}

export interface Connector {
  port: number;
  /** This process's id, which every line of its log has. */
  replica: string;
  /** Says at `/_/ready` that it stops, serves on for so many milliseconds, and ends what is in hand. */
  stop(drainMs?: number): Promise<void>;
}

/** Wires everything, listens, and prepares its surroundings behind that. `logTo` takes the log lines instead of stdout. */
export async function start(
  config: Config,
  logTo?: { write(line: string): void },
  runtime = systemRuntime,
  network: Network = { createHttpClient, listen, processMetrics },
): Promise<Connector> {
  const { now } = runtime;
  const replica = runtime.randomBytes(6).toString("hex");
  const log = createLog(config.logLevel, logTo ?? turnByTurn(runtime), now, replica);
  const metrics = createMetrics();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const pause = createPause(stopping.signal, runtime);
  // Of the pauses this one alone is not cut short by a stop: State would be asked without any.
  const waitBetweenLooks = createPause(new AbortController().signal, runtime);
  const neighbours = createNeighbours(now);
  // A send does not wait for a socket.
  const sendConnections = config.dispatch.maxInflight * 2 + 16;
  const httpClients = {
    vcr: watched(network.createHttpClient(PROVIDER_CONNECTIONS, { runtime }), providerAt, neighbours),
    vonage: watched(network.createHttpClient(sendConnections, { runtime }), () => "vonage", neighbours),
    platform: network.createHttpClient(PLATFORM_CONNECTIONS, { lookup: publicLookup, runtime }),
  };
  const httpClient = httpClients.vonage;

  // The neighbours: the platform we run on, Vonage's templates, and whom we work for.
  const vcr = composeVcr(config, { httpClient: httpClients.vcr, runtime, log });
  const { session, state, queue, queueSettings } = vcr;
  const deadLetters = composeDeadLetters(vcr, { runtime, log });
  const templates = composeTemplates(config, {
    ...{ httpClient, state, pause, stopping: stopping.signal, runtime, log },
  });
  const { mismatches } = templates;
  const processFigures = network.processMetrics ?? (async () => "");
  const counting = composeRecorder({
    ...{ replica, vcr, deadLetters, neighbours, metrics, processMetrics: processFigures, runtime, log },
  });
  const { recorder } = counting;
  const { messageTtlSeconds } = config;
  const observations = createObservations(now);
  const platformPorts = {
    profileWritten: observations.profile,
    ...{ httpClient: httpClients.platform, credentialsCheck, messageTtlSeconds, pause, now, log },
    ...{ newId: createRequestIds(config.jobSigningKeys[0], runtime), findTemplate: templates.lookup },
  };
  const reports: Pick<Observations, "report"> = {
    report(tag, error) {
      observations.report(tag, error);
      counting.reportPosted(tag, error);
    },
  };
  const { channels, events } = composePlatforms(config, platformPorts, reports);
  // What an operator sends to try something out has channels of its own.
  const allChannels = [...channels, ...testChannels(config)];

  // The flows, from a send to what a person answers.
  const suppression = createSuppression(state, now);
  const conversations = createConversations(state, now, log, (origin) =>
    channels.some(({ tag, replies }) => tag === origin && replies?.hasChat),
  );
  const channelOff = createChannelOff((tag) => SWITCHES[tag], log);
  const reporter = createReporter({
    ...{ channels: allChannels, channelOff, queue, events, mismatches, state, runtime },
    ...{ pause: waitBetweenLooks, reported: counting.reported, now, log },
  });
  const people = { suppression, conversations };
  const pacing = composePacing(config, runtime, log);
  const dispatch = composeDispatch(config, {
    ...{ httpClient, pacing, metrics, channels: allChannels, channelOff, queue, state, reporter, mismatches },
    ...{ ...people, recorder, now, random: runtime.random, runtime, log },
    ...{ loadOffloaded: vcr.loadOffloaded, discardOffloaded: vcr.discardOffloaded },
  });
  const inboundPorts = { channels, queue, events, ...people, state, now, log };
  const inbound = composeInbound(config, inboundPorts);
  const isStopping = () => stopping.signal.aborted;
  const channelMarks = createChannelMarks({ state, pause, isStopping, now, log });
  const statusPorts = {
    ...{ channels: allChannels, channelMarks, reporter, inbound, suppression, pacing, recorder, now, log },
  };
  const receiveStatus = composeStatus(vcr, statusPorts);
  const surroundings = {
    ...{ session, state, stateMarks: vcr.stateMarks, queueSettings, httpClient, pause, now, log },
    random: runtime.random,
    isStopping,
  };
  // Nobody is asked for anything before the port is open: a platform may be waiting for a sleeping instance.
  let listening: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => {
    listening = resolve;
  });
  const queuesReady = isOpen.then(() => prepareQueues(config, surroundings));
  const ready = Promise.race([queuesReady, pause(FIRST_START_MS)]);
  const intakePorts = { preflight: templates.preflight, ready, pacing, recorder, now, log };
  const intake = composeIntake(vcr, intakePorts);
  const { tryTemplate } = templates;

  const { journal, alerts, ...insight } = counting.answers(config, {
    httpClient: httpClients.platform,
    ...{ pacing, channels, catalogAt: templates.fetchedAt, eventsDropped: () => events?.dropped() ?? 0 },
  });
  const refusals = observed(createRefusalLog(log, runtime), {
    ...observations,
    refused(code, path) {
      observations.refused(code, path);
      counting.webhookRefused(path, code);
    },
  });
  const readiness = createReadiness({
    ask: {
      queue: () => vcr.queueStanding("reports"),
      state: () => vcr.state.read(markBucket("instance"), "ready"),
    },
    ...{ neighbours, watched: ["vonage", ...new Set(channels.map(({ platform }) => platform))], runtime },
  });
  const checkSignature = createSignatureCheck(config.signatureSecrets, config.account.id, now);
  const admission = createAdmission(runtime);
  const app = createApp({
    ...{ channels, ...intake, tryTemplate, receiveStatus, receiveInbound: inbound.receive },
    ...{ refusals, now, log },
    ready: readiness.ready,
    metrics: { contentType: CONTENT_TYPE, text: insight.metrics, tokens: config.metricsTokens },
    notAccepted: counting.notAccepted,
    ...{ timers: runtime, admission },
    readJob: (received) =>
      deadLetters.watch(readDelivery(() => vcr.verifyJob(received), pacing.reports.ackDelay, now)),
    dispatch: (job) => deadLetters.watch(dispatch(job)),
    verify(headers, rawBody) {
      checkSignature(headers, rawBody);
      observations.webhook();
    },
    console: composeConsole(config, {
      ...{ insight, vcr, deadLetters, templates, channels, suppression, observations },
      accept: intake.accept,
      ...{ state, httpClient, runtime, log },
    }),
    syncTemplates: templates.sync,
    publicUrl: config.instance.publicUrl,
  });
  const server = await network
    .listen(app, config.port, { runtime, refused: refusals.refused, connected: admission.connected })
    .catch((error) => {
      stopping.abort();
      throw error;
    });
  listening();
  log.info(
    {
      version: VERSION,
      port: server.port,
      channels: channels.map(({ platform, channel }) => `${platform} ${channel}`),
    },
    "Connector is listening",
  );
  for (const note of config.notes) log.warn({}, note);
  journal.start();
  alerts?.start();
  if (channels.length === 0)
    log.error({}, `No channel is on, so nothing can be sent. ${config.notes.join(". ")}`);
  const preparing = Promise.all([
    queuesReady.then(deadLetters.start),
    queuesReady.then(() => watchQueues(surroundings)),
    channelMarks.keep(channels.map(({ tag }) => tag)),
    prepareWebhooks(config, surroundings),
    prepareTemplates(channels, templates.sync, surroundings),
  ]);

  return {
    port: server.port,
    replica,
    stop: (drainMs = 0) =>
      shutDown({
        ...{ drain: readiness.drain, drainMs, alerts },
        ...{
          stopping,
          deadLetters,
          pacing,
          server,
          events,
          journal,
          state,
          refusals,
          httpClients,
          preparing,
        },
        ...{ runtime, log },
      }),
  };
}
