import { createBatcher } from "../core/batch.ts";
import { messageField, reportedBucket } from "../core/keys.ts";
import type { Clock, JobQueue, Log, State } from "../core/ports.ts";
import type { DeliveryReport, DeliveryStatus } from "../core/report.ts";
import { asConnectorError, type ConnectorError, loggableError } from "../errors.ts";
import type { PlatformChannel } from "../platforms/platform.ts";

export interface ReportPorts {
  channels: readonly PlatformChannel[];
  queue: JobQueue;
  state: State;
  log: Log;
  now: Clock;
}

export type ReportOutcome = "posted" | "repeated" | "outdated" | "unwanted" | "refused" | "no_such_channel";

export interface Reporter {
  /**
   * Tells the platform. Resolves once it has the report, or never needs or takes it; rejects, retryable, when it
   * could not be told now.
   */
  report(report: DeliveryReport): Promise<ReportOutcome>;
  /** For a report of the connector's own: what the platform cannot take now goes to the reports queue. */
  owe(report: DeliveryReport): Promise<void>;
  /** The letters of the statuses known of a message; rejects when State is down. */
  known(origin: string, id: string): Promise<string>;
}

/** Owed reports are given up after a week. */
const OWED_MS = 7 * 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

const BATCH = { maxInflight: 16, partialInflight: 2, maxWaiting: 5_000, maxWaitMs: 4_000 };

/** Each status with the statuses that make it old news. A late `delivered` after `failed` is let through. */
const LETTER: Record<DeliveryStatus, string> = { sent: "s", delivered: "d", read: "r", failed: "f" };
const OUTDATED_BY: Record<DeliveryStatus, string> = { sent: "drf", delivered: "r", read: "", failed: "dr" };

export function createReporter({ channels, queue, state, log, now }: ReportPorts): Reporter {
  const lanes = new Map(channels.map((channel) => [channel.tag, { channel, post: createLane(channel) }]));
  /** Per message, the report under way: the next one of the same message waits for it, so that order holds. */
  const underWay = new Map<string, Promise<unknown>>();

  function createLane({ reports }: PlatformChannel): (report: DeliveryReport) => Promise<void> {
    return createBatcher<DeliveryReport, void>(
      async (batch) => {
        await reports.post(batch);
        return batch.map(() => undefined);
      },
      { ...BATCH, maxItems: reports.maxBatch, now },
    );
  }

  async function known(origin: string, id: string): Promise<string> {
    const field = messageField(origin, id);
    const [today, yesterday] = await Promise.all([
      state.read(reportedBucket(now()), field),
      state.read(reportedBucket(now() - DAY_MS), field),
    ]);
    return `${yesterday ?? ""}${today ?? ""}`;
  }

  async function tell(report: DeliveryReport): Promise<ReportOutcome> {
    const lane = lanes.get(report.origin);
    if (!lane) return "no_such_channel";
    // Without State, order and repeats are best effort: a report must not wait for it.
    const before = await known(report.origin, report.id).catch(() => "");
    const letter = LETTER[report.status];
    if (before.includes(letter)) return "repeated";
    if ([...OUTDATED_BY[report.status]].some((later) => before.includes(later))) return "outdated";
    const wanted = lane.channel.reports.wants(report);
    const refused = wanted ? await postOnce(lane.post, report) : false;
    state
      .write(reportedBucket(now()), messageField(report.origin, report.id), `${before}${letter}`)
      .catch((error) => log.warn({ msg_id: report.id, ...loggableError(error) }, "Report not remembered"));
    return refused ? "refused" : wanted ? "posted" : "unwanted";
  }

  /** True when the platform refused the report for good: posting it again would change nothing. */
  async function postOnce(
    post: (report: DeliveryReport) => Promise<void>,
    report: DeliveryReport,
  ): Promise<boolean> {
    try {
      await post(report);
      return false;
    } catch (error) {
      if (asConnectorError(error).retryable) throw error;
      log.error(
        { msg_id: report.id, status: report.status, ...loggableError(error) },
        "Report refused by the platform",
      );
      return true;
    }
  }

  async function report(report: DeliveryReport): Promise<ReportOutcome> {
    const started = now();
    const field = messageField(report.origin, report.id);
    const before = underWay.get(field) ?? Promise.resolve();
    const turn = before.then(
      () => tell(report),
      () => tell(report),
    );
    underWay.set(field, turn);
    try {
      const outcome = await turn;
      log.info(
        { msg_id: report.id, origin: report.origin, outcome, code: report.error?.code, ms: now() - started },
        `Report ${report.status}: ${outcome}`,
      );
      return outcome;
    } catch (error) {
      log.warn(
        { msg_id: report.id, origin: report.origin, ms: now() - started, ...loggableError(error) },
        `Report ${report.status}: not taken`,
      );
      throw error;
    } finally {
      if (underWay.get(field) === turn) underWay.delete(field);
    }
  }

  return {
    known,
    report,
    async owe(owed) {
      try {
        await report(owed);
      } catch (error) {
        const failure: ConnectorError = asConnectorError(error);
        if (!failure.retryable) throw failure;
        await queue.put({ kind: "report", attempt: 1, report: owed, expiresAt: now() + OWED_MS });
      }
    },
  };
}
