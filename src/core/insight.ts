import type { Channel } from "./message.ts";

/**
 * What the console, its JSON and the command line show. Field names are a contract with whoever reads the JSON;
 * times are ISO 8601 in UTC, `null` where there is none yet.
 */
export interface StatusAnswer {
  version: string;
  startedAt: string;
  replicas: { id: string; version: string; startedAt: string; seenAt: string }[];
  channels: ChannelState[];
  dependencies: { name: string; up: boolean | null; since: string | null; note: string }[];
  deadLetters: number | null;
  inDoubt: number | null;
}

export interface ChannelState {
  platform: string;
  channel: Channel;
  on: boolean;
  state: "sending" | "slowed" | "paused" | "idle" | "off";
  reason: string;
  waiting: number | null;
  ratePerSecond: number | null;
  secondsToEmpty: number | null;
  lastAcceptedAt: string | null;
  lastSentAt: string | null;
  lastStatusAt: string | null;
  lastReportAt: string | null;
}

export interface ResultsQuery {
  /** Milliseconds since the epoch; `from` is rounded down to the hour by whoever answers. */
  from: number;
  to: number;
  platform?: string;
  channel?: Channel;
  template?: string;
}

/** A message counts once in every stage that it reached, in the hour in which it was accepted. */
export interface ResultsAnswer {
  from: string;
  to: string;
  rows: ResultRow[];
}

export interface ResultRow {
  platform: string;
  channel: Channel;
  sender: string;
  /** Empty for what has none (SMS). */
  template: string;
  language: string;
  accepted: number;
  refused: number;
  optedOut: number;
  sent: number;
  delivered: number;
  read: number;
  failed: number;
  waiting: number;
  reasons: Reason[];
}

export interface Reason extends CodeWords {
  code: string;
  count: number;
  /** Ids of at most three messages. */
  samples: string[];
}

/** What the dictionary has for a code: what it means and what to do next, in words a marketer can act on. */
export interface CodeWords {
  description: string;
  nextStep: string;
}

/** Always answers; for a code that nobody knows, in general words. */
export type Dictionary = (code: string) => CodeWords;

export interface FailuresAnswer {
  failures: FailureEntry[];
}

export interface FailureEntry extends CodeWords {
  at: string;
  id: string;
  platform: string;
  channel: Channel;
  template: string;
  code: string;
}

export type MessageStory =
  | {
      found: true;
      id: string;
      platform: string;
      channel: Channel;
      template: string;
      messageUuid: string | null;
      state: "waiting" | "sent" | "delivered" | "read" | "failed" | "in doubt";
      steps: StoryStep[];
    }
  | { found: false; message: string };

export interface StoryStep {
  at: string | null;
  step: "accepted" | "attempt" | "sent" | "refused" | "in doubt" | "status" | "report";
  status?: string;
  code?: string;
  description?: string;
  attempt?: number;
  outcome?: string;
}

export interface SetupAnswer {
  checkedAt: string;
  checks: SetupCheck[];
}

export interface SetupCheck {
  id: string;
  title: string;
  /** null: could not be checked, and `found` says why. */
  ok: boolean | null;
  found: string;
  remedy: string;
}

export interface DeadLettersAnswer {
  letters: {
    key: string;
    queue: string;
    kind: string;
    id: string | null;
    attempt: number | null;
    at: string | null;
    reason: string;
  }[];
}

export interface TemplatesAnswer {
  syncedAt: string | null;
  templates: {
    name: string;
    language: string;
    status: string;
    parameters: string[];
    lastMismatch: string | null;
  }[];
}
