import { QUEUE_PURPOSES, type QueuePurpose } from "../core/job.ts";
import { type Channel, channel } from "../core/message.ts";
import { PAUSE_REASONS, type SendGate } from "../flows/dispatch/send-gate.ts";
import type { LastTimes } from "../flows/insight/recorder.ts";
import { createRegistry, type Registry } from "../lib/metrics.ts";
import type { Neighbours } from "../lib/neighbours.ts";
import type { Clock } from "../lib/runtime.ts";
import { VERSION } from "../version.ts";

const OUTCOMES = ["accepted", "refused", "throttled", "transient", "account", "unknown"];
const STATUSES = ["sent", "delivered", "read", "failed"];
const OWN_FAILURES = ["expired", "outcome_unknown", "content_lost"];
const WEBHOOKS = ["status", "inbound"];
const REFUSALS = [
  "unsigned",
  "signature_mismatch",
  "forged_webhook",
  "other_account",
  "wrong_time",
  "channel_off",
];

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LONG_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400];

/** What is counted as it happens. Everything whose labels are known is there from the first scrape. */
export function createMetrics(registry: Registry = createRegistry()) {
  const { counter, histogram } = registry;
  const metrics = {
    registry,
    requests: counter(
      "connector_requests_total",
      "Sends of platforms by what they were answered; of a request refused by transport the code is its HTTP status",
      ["platform", "channel", "outcome", "code"],
    ),
    accepted: counter(
      "connector_messages_accepted_total",
      "Messages taken from a platform and put on a queue",
      [...["platform", "channel"]],
    ),
    suppressed: counter(
      "connector_messages_suppressed_total",
      "Messages to people who have opted out, not sent",
      [...["platform", "channel"]],
    ),
    sends: counter("connector_sends_total", "Requests to the Messages API by outcome", [
      "channel",
      "outcome",
    ]),
    sendDuration: histogram("connector_send_duration_seconds", "How long the Messages API took", [], SECONDS),
    queueWait: histogram(
      "connector_queue_wait_seconds",
      "From a message's acceptance until Vonage took it",
      ["channel"],
      LONG_SECONDS,
    ),
    statuses: counter("connector_statuses_total", "Statuses of messages that Vonage told", [
      "channel",
      "status",
    ]),
    failures: counter("connector_failures_total", "Messages that ended as failed", ["channel", "code"]),
    reports: counter("connector_reports_total", "Reports to platforms by what came of them", [
      ...["platform", "channel", "status", "outcome"],
    ]),
    reportDelay: histogram(
      "connector_report_delay_seconds",
      "From what happened to a message until its platform had the report",
      [],
      LONG_SECONDS,
    ),
    webhooksRefused: counter("connector_webhooks_refused_total", "Webhooks that were refused", [
      ...["route", "reason"],
    ]),
  };
  metrics.sendDuration.preset();
  metrics.reportDelay.preset();
  for (const one of channel.options) {
    metrics.queueWait.preset(one);
    for (const outcome of OUTCOMES) metrics.sends.preset(one, outcome);
    for (const status of STATUSES) metrics.statuses.preset(one, status);
    for (const code of OWN_FAILURES) metrics.failures.preset(one, code);
  }
  for (const route of WEBHOOKS) for (const reason of REFUSALS) metrics.webhooksRefused.preset(route, reason);
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The series of a platform's channel that is on. */
export function presetChannel(metrics: Metrics, platform: string, one: Channel): void {
  metrics.requests.preset(platform, one, "accepted", "");
  metrics.requests.preset(platform, one, "refused", "401");
  metrics.accepted.preset(platform, one);
  metrics.suppressed.preset(platform, one);
  for (const status of STATUSES) metrics.reports.preset(platform, one, status, "posted");
}

export interface Gauged {
  pacing: Record<QueuePurpose, { gate: Pick<SendGate, "rate" | "standing"> }>;
  neighbours: Neighbours;
  /** Those that the connector needs. */
  neighbourNames: readonly string[];
  waitingLetters(purpose: QueuePurpose): number;
  /** As last asked for; undefined before. */
  jobs(purpose: QueuePurpose): number | undefined;
  inDoubt(): number | undefined;
  /** By tag. */
  last: ReadonlyMap<string, LastTimes>;
  channelOf(tag: string): Channel | undefined;
  /** When the oldest list of templates in use was fetched, milliseconds since the epoch. */
  catalogAt(): number | undefined;
  eventsDropped(): number;
  now: Clock;
}

/** What is read when somebody asks. */
export function registerGauges({ gauge, counted }: Registry, from: Gauged): void {
  const { pacing, neighbours, now } = from;
  const perQueue = (read: (purpose: QueuePurpose) => number | undefined) => () =>
    QUEUE_PURPOSES.flatMap((purpose) => {
      const value = read(purpose);
      return value === undefined ? [] : [[[purpose], value] as const];
    });
  gauge("connector_build_info", "The release that runs", ["version"], () => [[[VERSION], 1]]);
  gauge("connector_queue_jobs", "Jobs that wait on a queue", ["queue"], perQueue(from.jobs));
  gauge(
    "connector_dead_letters",
    "Jobs that a queue gave up on and that wait",
    ["queue"],
    perQueue(from.waitingLetters),
  );
  gauge(
    "connector_sending_rate",
    "Messages a second that this replica may send now",
    ["queue"],
    perQueue((purpose) => pacing[purpose].gate.rate()),
  );
  gauge("connector_sending_paused", "1 while nothing is sent, by the reason", ["queue", "reason"], () =>
    QUEUE_PURPOSES.flatMap((purpose) => {
      const { paused } = pacing[purpose].gate.standing();
      return PAUSE_REASONS.map((reason) => [[purpose, reason], paused.includes(reason) ? 1 : 0] as const);
    }),
  );
  gauge("connector_dependency_up", "0 while a neighbour is away; 1 also before it was asked", ["name"], () =>
    from.neighbourNames.map((name) => [[name], neighbours.standingOf(name).up === false ? 0 : 1] as const),
  );
  gauge("connector_in_doubt_messages", "Messages of which nobody knows whether they were sent", [], () => [
    [[], from.inDoubt() ?? 0],
  ]);
  gauge(
    "connector_last_status_timestamp_seconds",
    "When the last status came; 0 before one did",
    ["channel"],
    () => channel.options.map((one) => [[one], lastStatusOf(one) / 1_000] as const),
  );
  gauge(
    "connector_template_catalog_age_seconds",
    "Age of the list of templates; 0 before there is one",
    [],
    () => {
      const at = from.catalogAt();
      return [[[], at === undefined ? 0 : (now() - at) / 1_000]];
    },
  );
  counted("connector_events_dropped_total", "Events that nobody could be told", from.eventsDropped);

  function lastStatusOf(one: Channel): number {
    const times = [...from.last]
      .filter(([tag]) => from.channelOf(tag) === one)
      .map(([, { status = 0 }]) => status);
    return Math.max(0, ...times);
  }
}
