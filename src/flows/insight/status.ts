import type { ChannelState, StatusAnswer } from "../../core/insight.ts";
import type { QueuePurpose } from "../../core/job.ts";
import type { Channel } from "../../core/message.ts";
import { withDeadline } from "../../lib/deadline.ts";
import type { Neighbours } from "../../lib/neighbours.ts";
import type { PauseReason, SendingState } from "../dispatch/send-gate.ts";
import { ANSWER_MS } from "./asked.ts";
import type { LastTimes } from "./recorder.ts";
import { type ReplicaRecord, readReplicas } from "./replicas.ts";
import { inDoubt, type ResultsPorts } from "./results.ts";

/** What a process tells the others about sending. */
export interface Shown {
  sending: Record<Channel, SendingState>;
  /** By tag. */
  last: Record<string, LastTimes>;
  refused: RecentRefusals;
}

/** What was refused within the last ten minutes. */
export interface RecentRefusals {
  credentials: number;
  signatures: number;
}

export interface StatusPorts extends ResultsPorts {
  self(): ReplicaRecord & Shown;
  /** Every platform channel that there is, by tag; on or off. */
  channels: readonly ChannelSettings[];
  /** Messages a second that the queues deliver. */
  ratePerSecond: number;
  queueOf(purpose: QueuePurpose): Promise<{ waiting: number; isPaused: boolean }>;
  neighbours: Neighbours;
  deadLetters(): number;
}

export interface ChannelSettings {
  tag: string;
  platform: string;
  channel: Channel;
  on: boolean;
  /** Where it is off: which variables switch it on. */
  variables: string;
}

/** A process that was not heard of for so long is not shown any more. */
export const GONE_MS = 5 * 60_000;
/** What happened so lately is going on. */
const LATELY_MS = 60_000;

const QUEUES: Record<Channel, readonly QueuePurpose[]> = { whatsapp: ["whatsapp", "chat"], sms: ["sms"] };
const ALL_QUEUES: readonly QueuePurpose[] = ["whatsapp", "chat", "sms", "reports"];

const REASONS: Record<PauseReason, string> = {
  account: "Vonage refuses this account: check its balance, its key and secret, and the application's key",
  sender: "Vonage does not let this account use a sender: check that it is linked to the application",
  unanswered: "Vonage cannot be reached, fails or does not answer: one message is tried now and then",
  throttled: "Vonage asks to wait",
};
const QUEUE_PAUSED = "The queue is paused at VCR: nothing is sent until somebody resumes it";

/** How things stand now. Never rejects: what nobody knows in time is null. */
export async function status(ports: StatusPorts): Promise<StatusAnswer> {
  const { state, runtime, neighbours } = ports;
  const inTime = <T>(work: Promise<T>): Promise<T | null> =>
    withDeadline(work, ANSWER_MS, "", runtime).catch(() => null);
  const self = ports.self();
  const [others, doubts, queues] = await Promise.all([
    inTime(readReplicas<Shown>(state)),
    inTime(inDoubt(ports)),
    Promise.all(ALL_QUEUES.map(async (purpose) => [purpose, await inTime(ports.queueOf(purpose))] as const)),
  ]);
  const isThere = ({ id, seenAt, isClosed }: ReplicaRecord) =>
    id !== self.id && !isClosed && runtime.now() - seenAt < GONE_MS;
  const replicas = [self, ...(others ?? []).filter(isThere)].sort((a, b) => a.startedAt - b.startedAt);
  const figures = Object.fromEntries(queues) as Queues;
  const platforms = [...new Set(ports.channels.filter(({ on }) => on).map(({ platform }) => platform))];
  return {
    version: self.version,
    startedAt: new Date(self.startedAt).toISOString(),
    replicas: replicas.map(({ id, version, startedAt, seenAt }) => ({
      ...{
        id,
        version,
        startedAt: new Date(startedAt).toISOString(),
        seenAt: new Date(seenAt).toISOString(),
      },
    })),
    channels: ports.channels.map((channel) => stateOf(channel, replicas, figures, ports)),
    dependencies: ["queue", "state", "vonage", ...platforms].map((name) => {
      const { up, since, note } = neighbours.standingOf(name);
      return { name, up, since: iso(since), note: up === null ? "Nobody was asked yet" : note };
    }),
    deadLetters: ports.deadLetters(),
    inDoubt: doubts,
  };
}

type Queues = Record<QueuePurpose, { waiting: number; isPaused: boolean } | null>;

const iso = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());

function stateOf(
  { tag, platform, channel, on, variables }: ChannelSettings,
  replicas: readonly (ReplicaRecord & Partial<Shown>)[],
  queues: Queues,
  { ratePerSecond: most, runtime }: StatusPorts,
): ChannelState {
  const latest = (what: keyof LastTimes) =>
    replicas.reduce<number | undefined>((newest, { last }) => {
      const at = last?.[tag]?.[what];
      return at === undefined || (newest ?? 0) > at ? newest : at;
    }, undefined);
  const times = {
    ...{ lastAcceptedAt: iso(latest("accepted")), lastSentAt: iso(latest("sent")) },
    ...{ lastStatusAt: iso(latest("status")), lastReportAt: iso(latest("report")) },
  };
  if (!on) {
    const reason = `It is off: to switch it on, set ${variables}`;
    return { platform, channel, on, state: "off", reason, ...NOTHING_WAITS, ...times };
  }
  const sending = replicas.flatMap(({ sending }) => sending?.[channel] ?? []);
  const ratePerSecond = Math.min(
    most,
    sending.reduce((sum, { rate }) => sum + rate, 0),
  );
  const known = QUEUES[channel].map((purpose) => queues[purpose]);
  const waiting = known.includes(null) ? null : known.reduce((sum, queue) => sum + (queue?.waiting ?? 0), 0);
  const isQueuePaused = known.some((queue) => queue?.isPaused);
  const paused = [...new Set(sending.flatMap((one) => one.paused))];
  const stopping = paused.find((reason) => reason !== "sender");
  const isActive = (waiting ?? 0) > 0 || runtime.now() - (latest("sent") ?? 0) < LATELY_MS;
  const [state, reason]: [ChannelState["state"], string] = isQueuePaused
    ? ["paused", QUEUE_PAUSED]
    : stopping
      ? ["paused", REASONS[stopping]]
      : paused.includes("sender")
        ? ["slowed", REASONS.sender]
        : ratePerSecond < most && sending.some((one) => one.rate < one.most)
          ? ["slowed", `Vonage asked to send less: ${round(ratePerSecond)} of ${most} a second`]
          : isActive
            ? ["sending", ""]
            : ["idle", "Nothing waits"];
  const isPaused = state === "paused";
  return {
    ...{ platform, channel, on, state, reason, waiting, ratePerSecond: round(ratePerSecond) },
    secondsToEmpty: waiting === null || isPaused ? null : Math.ceil(waiting / ratePerSecond),
    ...times,
  };
}

const NOTHING_WAITS = { waiting: null, ratePerSecond: null, secondsToEmpty: null };
const round = (value: number) => Math.round(value * 10) / 10;
