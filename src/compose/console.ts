import type { Config } from "../config/schema.ts";
import type { ConsolePorts } from "../console/ports.ts";
import type { State } from "../core/ports.ts";
import { createLetterDesk } from "../flows/dispatch/replay-letters.ts";
import { createOptOuts } from "../flows/inbound/opt-outs.ts";
import type { Suppression } from "../flows/inbound/suppression.ts";
import type { Accept } from "../flows/intake/accept.ts";
import { sendTest, TEST_CHANNELS } from "../flows/intake/test-send.ts";
import { createSetupCheck } from "../flows/setup/check.ts";
import type { Observations } from "../flows/setup/observations.ts";
import { setupProbes } from "../flows/setup/probes.ts";
import { HERE } from "../http/app.ts";
import type { ConsoleSecrets } from "../http/auth/console-access.ts";
import { type RefusalLog, shownPath } from "../http/refusals.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import { CONNECTED_SOURCE_MAPPER, platformAdvice, SWITCHES } from "../platforms/registry.ts";
import { lookAtQueues } from "../vcr/create-queues.ts";
import { fits, readApplication } from "../vonage/application.ts";
import type { composeDeadLetters } from "./dead-letters.ts";
import { dictionary } from "./dictionary.ts";
import type { composeTemplates } from "./templates.ts";
import type { Vcr } from "./vcr.ts";

type Insight = Pick<ConsolePorts, "status" | "results" | "failures" | "story">;

interface ConsoleParts {
  insight: Insight;
  vcr: Pick<Vcr, "session" | "queueSettings" | "stateMarks">;
  deadLetters: Pick<ReturnType<typeof composeDeadLetters>, "held">;
  templates: Pick<ReturnType<typeof composeTemplates>, "catalog" | "overview" | "sync">;
  channels: readonly PlatformChannel[];
  suppression: Suppression;
  observations: Observations;
  accept: Accept;
  state: State;
  httpClient: HttpClient;
  runtime: Runtime;
  log: Log;
}

/** Whose messages an operator's own are, where their channel is on. */
export const testChannels = (config: Config): PlatformChannel[] =>
  TEST_CHANNELS.filter(({ channel }) => config[channel]);

/** The operator's pages, and what they can do. Nothing here is asked by itself. */
export function composeConsole(config: Config, parts: ConsoleParts) {
  const { deadLetters, templates, suppression, accept, state, runtime, log } = parts;
  const { now } = runtime;
  const { whatsapp, sms } = config;
  const testPorts = {
    ...{ accept, now, newId: runtime.uuid, messageTtlSeconds: config.messageTtlSeconds },
    senders: { whatsapp: whatsapp?.numbers ?? [], sms: sms?.senderId ? [sms.senderId] : [] },
  };
  const console: ConsolePorts = {
    ...parts.insight,
    words: dictionary,
    setup: createSetupCheck(setupProbes(setupPorts(config, parts)), runtime),
    letters: createLetterDesk(deadLetters.held, log),
    optOuts: createOptOuts(suppression, state, now),
    templates: {
      list: templates.overview,
      async sync() {
        await templates.sync();
        return templates.overview();
      },
    },
    testSend: (request) => sendTest(request, testPorts),
    connectedSourceMapper: CONNECTED_SOURCE_MAPPER,
    settings: config.settings,
    notes: config.notes,
    platformNames: Object.fromEntries(
      Object.values(SWITCHES).map(({ name }) => [platformOf(name).toLowerCase(), platformOf(name)]),
    ),
  };
  const secrets: ConsoleSecrets = {
    passwords: config.consolePasswords,
    account: config.account,
    publicUrl: config.instance.publicUrl,
  };
  return { console, secrets, runtime };
}

/** The refusal log, by which Setup learns what callers do wrong. */
export const observed = (refusals: RefusalLog, { refused }: Observations): RefusalLog => ({
  ...refusals,
  refused(request, refusal) {
    refused(refusal.error.code, shownPath(request.path));
    refusals.refused(request, refusal);
  },
});

/** A switch is called after the platform and its channel. */
const platformOf = (name: string) => name.split(" ")[0] ?? name;

const TOLD = [HERE, "www-authenticate"];
const OURS = /^connector$|Vonage connector/;
const REACH_MS = 5_000;
/** A list younger than this is as good as a new one. */
const LIST_MS = 24 * 3_600_000;

function setupPorts(
  config: Config,
  { insight, vcr, templates, channels, observations, httpClient, runtime }: ConsoleParts,
): Parameters<typeof setupProbes>[0] {
  const { account, application, instance } = config;
  const publicUrl = instance.publicUrl ?? "";
  const settings = {
    ...{ apiHost: config.vonageApiHost, applicationId: application.id, publicUrl },
    ...{ accountId: account.id, accountSecret: account.secret },
  };
  return {
    facts: {
      publicUrl: instance.publicUrl,
      listeners: config.listeners,
      hasConsolePassword: config.consolePasswords !== undefined,
      hasOwnCredentials: config.settings.some(
        ({ name, value }) => name === "CONNECTOR_API_KEY" && value !== "",
      ),
      whatsappNumbers: config.whatsapp?.numbers ?? [],
      smsSender: config.sms?.senderId,
      ratePerSecond: config.dispatch.ratePerSecond,
      messageTtlSeconds: config.messageTtlSeconds,
      channels: channels.map(({ tag, channel, intake: { path } }) => ({
        ...{ tag, channel, path, name: SWITCHES[tag]?.name ?? tag },
      })),
      notes: config.notes,
      ofPlatforms: platformAdvice(config),
    },
    async application() {
      const { publicKey, ...look } = await readApplication(settings, httpClient);
      return {
        ...look,
        keyFits: publicKey === undefined ? undefined : fits(application.privateKey, publicKey),
      };
    },
    async reach(path) {
      const url = `${publicUrl}${path}`;
      const { status, headers } = await httpClient.request({ method: "OPTIONS", url, deadlineMs: REACH_MS });
      // Told by whoever serves the path; a gateway that keeps it closed has other words.
      return { status, isOurs: TOLD.some((name) => OURS.test(String(headers[name]))) };
    },
    templates: (number) => templates.catalog.fetchSince(number, runtime.now() - LIST_MS),
    queues: () => lookAtQueues(vcr.session, vcr.queueSettings.serviceName),
    status: insight.status,
    emptiedAt: (scope) => vcr.stateMarks.emptiedAt(scope) * 1_000,
    seen: observations,
    now: runtime.now,
  };
}
