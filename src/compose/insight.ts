import type { ResultsQuery } from "../core/insight.ts";
import type { State } from "../core/ports.ts";
import { createEndLog } from "../flows/insight/end-log.ts";
import { type FailuresQuery, failures } from "../flows/insight/failures.ts";
import { createJournal } from "../flows/insight/journal.ts";
import { createRecorder } from "../flows/insight/recorder.ts";
import type { ReplicaRecord } from "../flows/insight/replicas.ts";
import { results } from "../flows/insight/results.ts";
import { type StoryPorts, story } from "../flows/insight/story.ts";
import { TEST_CHANNELS } from "../flows/intake/test-send.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { ownerOf, SWITCHES } from "../platforms/registry.ts";
import { VERSION } from "../version.ts";
import { dictionary } from "./dictionary.ts";

interface InsightPorts {
  /** This process's id. */
  replica: string;
  state: State;
  runtime: Runtime;
  log: Log;
}

/** What is counted, and what is made of it for whoever asks. */
export function composeInsight({ replica, state, runtime, log }: InsightPorts) {
  const { now } = runtime;
  const startedAt = now();
  const platformOf = (tag: string) => ownerOfAny(tag)?.platform;
  const recorder = createRecorder(now, createEndLog({ platformOf, dictionary, log }));
  const describe = (isClosed: boolean): string => {
    const record: ReplicaRecord = { id: replica, version: VERSION, startedAt, seenAt: now(), isClosed };
    return JSON.stringify(record);
  };
  const journal = createJournal({
    ...{ counted: recorder.counted, state, describe, self: replica, runtime, log },
  });
  const ports: StoryPorts = {
    ...{ state, journal, dictionary, runtime },
    ownerOf: ownerOfAny,
    tags: [...Object.keys(SWITCHES), ...TEST_CHANNELS.map(({ tag }) => tag)],
  };
  return {
    recorder,
    journal,
    results: (query: ResultsQuery) => results(query, ports),
    failures: (query: FailuresQuery) => failures(query, ports),
    story: (id: string) => story(id, ports),
  };
}

/** A platform's, or an operator's own. */
const ownerOfAny = (tag: string) => TEST_CHANNELS.find((channel) => channel.tag === tag) ?? ownerOf(tag);
