import type { Figures } from "../measure.ts";
import { type RemoteWorld, startWorld } from "../remote-world.ts";
import { type Subject, type SubjectName, startSubject } from "../subject.ts";
import type { AnswerTimes } from "../world/world.ts";

export interface Settings {
  times: AnswerTimes;
  /** Of each window that is measured. */
  seconds: number;
  /** For how long too much is offered. */
  overloadSeconds: number;
  /** Of Node, for the connector. */
  flags: readonly string[];
  /** The log of the connector, if somebody wants it. */
  log?: string | undefined;
}

/** A measurement: what is done to each subject, and what is compared. */
export interface Scenario {
  name: string;
  about: string;
  subjects: readonly SubjectName[];
  /** Left out unless it is asked for by name. */
  isLong?: boolean;
  /** Takes long or says little about speed: once is enough. */
  isOnce?: boolean;
  /** Figures by part of the scenario. */
  run(subject: SubjectName, settings: Settings): Promise<Record<string, Figures>>;
  ratios?: readonly Ratio[];
}

/** `of` divided by `by`, or the figure of `of` alone; `goal` is what it should be. */
export interface Ratio {
  words: string;
  part: string;
  figure: string;
  of: SubjectName;
  by?: SubjectName;
  goal: string;
}

export interface Stage {
  world: RemoteWorld;
  subject: Subject;
  /** The subject's environment. */
  env: Record<string, string>;
}

/** A world and a subject in it, for as long as `act` takes. */
export async function onStage<T>(
  name: SubjectName,
  settings: Settings,
  act: (stage: Stage) => Promise<T>,
  {
    connections = 64,
    webhookConnections = 256,
    callbacks = true,
  }: { connections?: number; webhookConnections?: number; callbacks?: boolean } = {},
): Promise<T> {
  const world = await startWorld({ times: settings.times, connections, webhookConnections });
  try {
    const env = { ...(await world.env()), ...(name === "plain" ? PLAIN_ENV : {}) };
    const subject = await startSubject(name, {
      env,
      flags: name === "connector" ? settings.flags : [],
      log: settings.log && `${settings.log}.${name}`,
    });
    try {
      await world.setApps([subject.url], { callbacks });
      return await act({ world, subject, env });
    } finally {
      await subject.stop();
    }
  } finally {
    world.stop();
  }
}

const { SKIP_LOGS_SUBMISSION } = process.env;
/** The SDK as it is shipped sends its log lines to VCR; whoever switches that off for the comparison says so. */
const PLAIN_ENV: Record<string, string> = SKIP_LOGS_SUBMISSION ? { SKIP_LOGS_SUBMISSION } : {};
