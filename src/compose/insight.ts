import type { State } from "../core/ports.ts";
import { createJournal } from "../flows/insight/journal.ts";
import { createRecorder } from "../flows/insight/recorder.ts";
import type { ReplicaRecord } from "../flows/insight/replicas.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { VERSION } from "../version.ts";

interface InsightPorts {
  state: State;
  runtime: Runtime;
  log: Log;
}

/** What is counted, and what is made of it for whoever asks. */
export function composeInsight({ state, runtime, log }: InsightPorts) {
  const { now } = runtime;
  const startedAt = now();
  const self = runtime.randomBytes(6).toString("hex");
  const recorder = createRecorder(now);
  const describe = (isClosed: boolean): string => {
    const record: ReplicaRecord = { id: self, version: VERSION, startedAt, seenAt: now(), isClosed };
    return JSON.stringify(record);
  };
  const journal = createJournal({ counted: recorder.counted, state, describe, self, runtime, log });
  return { recorder, journal };
}
