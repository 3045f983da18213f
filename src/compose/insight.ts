import type { Config } from "../config/schema.ts";
import type { ResultsQuery } from "../core/insight.ts";
import { createEndLog } from "../flows/insight/end-log.ts";
import { type FailuresQuery, failures } from "../flows/insight/failures.ts";
import { createJournal } from "../flows/insight/journal.ts";
import { createRecorder } from "../flows/insight/recorder.ts";
import { results } from "../flows/insight/results.ts";
import { type StatusPorts, status } from "../flows/insight/status.ts";
import { type StoryPorts, story } from "../flows/insight/story.ts";
import { TEST_CHANNELS } from "../flows/intake/test-send.ts";
import type { ReportOutcome } from "../flows/setup/observations.ts";
import type { Log } from "../lib/log.ts";
import type { Neighbours } from "../lib/neighbours.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import { ownerOf, SWITCHES } from "../platforms/registry.ts";
import { VERSION } from "../version.ts";
import { dictionary } from "./dictionary.ts";
import type { Pacing } from "./dispatch.ts";
import type { Vcr } from "./vcr.ts";

interface InsightPorts {
  /** This process's id. */
  replica: string;
  vcr: Pick<Vcr, "state" | "queueStanding">;
  deadLetters: { waiting(): number };
  neighbours: Neighbours;
  /** Wired later. */
  pacing(): Pacing;
  channels(): readonly PlatformChannel[];
  runtime: Runtime;
  log: Log;
}

/** What is counted, and what is made of it for whoever asks. */
export function composeInsight(config: Config, ports: InsightPorts) {
  const { replica, vcr, deadLetters, neighbours, runtime, log } = ports;
  const { state } = vcr;
  const { now } = runtime;
  const startedAt = now();
  const platformOf = (tag: string) => ownerOfAny(tag)?.platform;
  const recorder = createRecorder(now, createEndLog({ platformOf, dictionary, log }));
  const self: StatusPorts["self"] = () => ({
    ...{ id: replica, version: VERSION, startedAt, seenAt: now(), isClosed: false },
    sending: {
      whatsapp: ports.pacing().whatsapp.gate.standing(),
      sms: ports.pacing().sms.gate.standing(),
    },
    last: Object.fromEntries(recorder.counted.last),
  });
  const journal = createJournal({
    ...{ counted: recorder.counted, state, self: replica, runtime, log },
    describe: (isClosed) => JSON.stringify({ ...self(), isClosed }),
  });
  const answers: StoryPorts = {
    ...{ state, journal, dictionary, runtime },
    ownerOf: ownerOfAny,
    tags: [...Object.keys(SWITCHES), ...TEST_CHANNELS.map(({ tag }) => tag)],
  };
  const statusPorts = (): StatusPorts => ({
    ...{ ...answers, self, neighbours, queueOf: vcr.queueStanding, deadLetters: deadLetters.waiting },
    ratePerSecond: config.dispatch.ratePerSecond,
    channels: Object.entries(SWITCHES).flatMap(([tag, { variables }]) => {
      const owner = ownerOf(tag);
      return owner ? [{ tag, variables, ...owner, on: ports.channels().some((one) => one.tag === tag) }] : [];
    }),
  });
  return {
    recorder,
    journal,
    /** What came of posting reports; whoever refuses them is there. */
    reportPosted(tag: string, error?: ReportOutcome["error"]): void {
      const platform = ownerOf(tag)?.platform;
      if (!error) recorder.reported(tag);
      if (platform === undefined) return;
      if (error && error.code !== "platform_refused")
        neighbours.failed(platform, "it does not take its reports");
      else neighbours.answered(platform);
    },
    status: () => status(statusPorts()),
    results: (query: ResultsQuery) => results(query, answers),
    failures: (query: FailuresQuery) => failures(query, answers),
    story: (id: string) => story(id, answers),
  };
}

/** A platform's, or an operator's own. */
const ownerOfAny = (tag: string) => TEST_CHANNELS.find((channel) => channel.tag === tag) ?? ownerOf(tag);
