import type { Config } from "../config/schema.ts";
import type { ResultsQuery } from "../core/insight.ts";
import { QUEUE_PURPOSES, type QueuePurpose } from "../core/job.ts";
import { createEndLog } from "../flows/insight/end-log.ts";
import { exposition } from "../flows/insight/exposition.ts";
import { type FailuresQuery, failures } from "../flows/insight/failures.ts";
import { createJournal } from "../flows/insight/journal.ts";
import { createRecorder } from "../flows/insight/recorder.ts";
import { inDoubt, results } from "../flows/insight/results.ts";
import { type StatusPorts, status } from "../flows/insight/status.ts";
import { type StoryPorts, story } from "../flows/insight/story.ts";
import { TEST_CHANNELS } from "../flows/intake/test-send.ts";
import type { ReportOutcome } from "../flows/setup/observations.ts";
import { SCOPES } from "../flows/state-marks/state-marks.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Neighbours } from "../lib/neighbours.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import { ownerOf, SWITCHES } from "../platforms/registry.ts";
import { VERSION } from "../version.ts";
import { composeAlerts } from "./alerts.ts";
import { createCounting } from "./counting.ts";
import type { composeDeadLetters } from "./dead-letters.ts";
import { dictionary } from "./dictionary.ts";
import type { Pacing } from "./dispatch.ts";
import { type Metrics, presetChannel, registerGauges } from "./metrics.ts";
import type { Vcr } from "./vcr.ts";

interface InsightPorts {
  /** This process's id. */
  replica: string;
  vcr: Pick<Vcr, "state" | "stateMarks" | "queueStanding">;
  deadLetters: Pick<ReturnType<typeof composeDeadLetters>, "waiting">;
  neighbours: Neighbours;
  metrics: Metrics;
  /** What the process says of itself, in Prometheus' format. */
  processMetrics(): Promise<string>;
  runtime: Runtime;
  log: Log;
}

/** What is there only once everything is wired. */
interface Wired {
  pacing: Pacing;
  channels: readonly PlatformChannel[];
  catalogAt(): number | undefined;
  eventsDropped(): number;
  /** For alerts: it has the address rules of what is called back. */
  httpClient: HttpClient;
}

const LATELY_S = 10 * 60;

/** A platform's, or an operator's own. */
const ownerOfAny = (tag: string) => TEST_CHANNELS.find((channel) => channel.tag === tag) ?? ownerOf(tag);

/** What is counted: by the flows from the beginning on. */
export function composeRecorder({ replica, vcr, neighbours, metrics, runtime, log, ...ports }: InsightPorts) {
  const { now } = runtime;
  const counting = createCounting(metrics, ownerOfAny, now);
  const platformOf = (tag: string) => ownerOfAny(tag)?.platform;
  const logEnd = createEndLog({ platformOf, dictionary, log });
  const recorder = createRecorder(now, (end) => {
    logEnd(end);
    counting.ended(end);
  });

  return {
    ...counting,
    recorder: counting.recorder(recorder),
    notAccepted: counting.notAccepted(recorder),
    /** What came of posting reports; whoever refuses them is there. */
    reportPosted(tag: string, error?: ReportOutcome["error"]): void {
      const platform = ownerOf(tag)?.platform;
      if (!error) recorder.reported(tag);
      if (platform === undefined) return;
      if (!error || error.code === "platform_refused") neighbours.answered(platform);
      else neighbours.failed(platform, "it does not take its reports");
    },
    /** What is made of it for whoever asks. */
    answers: (config: Config, wired: Wired) => composeAnswers(config, wired),
  };

  function composeAnswers(config: Config, { pacing, channels, catalogAt, eventsDropped, httpClient }: Wired) {
    const { state } = vcr;
    const startedAt = now();
    const self: StatusPorts["self"] = () => ({
      ...{ id: replica, version: VERSION, startedAt, seenAt: now(), isClosed: false },
      sending: { whatsapp: pacing.whatsapp.gate.standing(), sms: pacing.sms.gate.standing() },
      last: Object.fromEntries(recorder.counted.last),
      refused: counting.refusedLately(),
    });
    const ownMetrics = async () => metrics.registry.text() + (await ports.processMetrics());
    const journal = createJournal({
      ...{ counted: recorder.counted, state, self: replica, metrics: ownMetrics, runtime, log },
      describe: (isClosed) => JSON.stringify({ ...self(), isClosed }),
    });
    const answers: StoryPorts = {
      ...{ state, journal, dictionary, runtime, ownerOf: ownerOfAny },
      tags: [...Object.keys(SWITCHES), ...TEST_CHANNELS.map(({ tag }) => tag)],
    };
    const { waiting } = ports.deadLetters;
    const statusPorts: StatusPorts = {
      ...{ ...answers, self, neighbours, queueOf: vcr.queueStanding },
      deadLetters: () => QUEUE_PURPOSES.reduce((sum, purpose) => sum + waiting(purpose), 0),
      ratePerSecond: config.dispatch.ratePerSecond,
      channels: Object.entries(SWITCHES).flatMap(([tag, { variables }]) => {
        const owner = ownerOf(tag);
        return owner ? [{ tag, variables, ...owner, on: channels.some((one) => one.tag === tag) }] : [];
      }),
    };
    const asked = createAsked({
      jobs: async (purpose) => (await vcr.queueStanding(purpose)).waiting,
      inDoubt: () => inDoubt(answers),
      now,
    });
    registerGauges(metrics.registry, {
      ...{ pacing, neighbours, waitingLetters: waiting, catalogAt, eventsDropped, now },
      ...{ jobs: asked.jobs, inDoubt: asked.inDoubt, last: recorder.counted.last },
      neighbourNames: ["queue", "state", "vonage", ...new Set(channels.map(({ platform }) => platform))],
      channelOf: (tag) => ownerOfAny(tag)?.channel,
    });
    for (const { platform, channel } of channels) presetChannel(metrics, platform, channel);
    const isEmptied = () =>
      SCOPES.some((scope) => now() / 1_000 - vcr.stateMarks.emptiedAt(scope) < LATELY_S);
    const parts = { answers, statusPorts, httpClient, isEmptied, self: replica, state, runtime, log };
    return {
      journal,
      alerts: composeAlerts(config, parts),
      status: () => status(statusPorts),
      results: (query: ResultsQuery) => results(query, answers),
      failures: (query: FailuresQuery) => failures(query, answers),
      story: (id: string) => story(id, answers),
      metrics: () => exposition({ self: replica, own: ownMetrics, refresh: asked.refresh, state, runtime }),
    };
  }
}

export type Insight = ReturnType<ReturnType<typeof composeRecorder>["answers"]>;

interface AskedPorts {
  jobs(purpose: QueuePurpose): Promise<number>;
  inDoubt(): Promise<number>;
  now: Runtime["now"];
}

const ASKED_MS = 10_000;

/** Figures that cost a call: asked for when somebody scrapes, and not more often than every ten seconds. */
function createAsked({ jobs, inDoubt, now }: AskedPorts) {
  const known = new Map<QueuePurpose, number>();
  let doubts: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let current: Promise<void> = Promise.resolve();

  async function ask(): Promise<void> {
    const queues = QUEUE_PURPOSES.map(async (purpose) => void known.set(purpose, await jobs(purpose)));
    const doubt = inDoubt().then((count) => {
      doubts = count;
    });
    await Promise.allSettled([...queues, doubt]);
  }

  return {
    jobs: (purpose: QueuePurpose) => known.get(purpose),
    inDoubt: () => doubts,
    refresh(): Promise<void> {
      if (now() - askedAt < ASKED_MS) return current;
      askedAt = now();
      current = ask();
      return current;
    },
  };
}
