import { type Events, failureEvent } from "../../core/event.ts";
import { nextRepeat, OUTBOX_MS } from "../../core/job.ts";
import { AUTO_REPLY_ORIGIN } from "../../core/message.ts";
import type { JobQueue } from "../../core/ports.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { messageField } from "../../core/state-keys.ts";
import { createBatcher } from "../../lib/batcher.ts";
import { asConnectorError, type ConnectorError, loggableError } from "../../lib/errors.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import type { TemplateMismatches } from "../templates/mismatches.ts";
import type { ChannelOff } from "./channel-off.ts";
import { createStatusLedger, type Heard, type LedgerPorts } from "./status-ledger.ts";

export interface ReportPorts extends LedgerPorts {
  channels: readonly PlatformChannel[];
  channelOff: ChannelOff;
  queue: JobQueue;
  /** What differed from its template, for reports of sends that were refused because of it. */
  mismatches: Pick<TemplateMismatches, "explain">;
  /** What came of telling the platform of it, once for each time. */
  reported?(report: DeliveryReport, outcome: ReportOutcome | "not_taken"): void;
  /** Who wants to know of final failures, beside the platform. */
  events?: Events | undefined;
}

/** `kept`: the platform may have it, and is asked again late, from the outbox. */
export type ReportOutcome = "posted" | "repeated" | "outdated" | "unwanted" | "refused" | "kept";

export interface Reporter {
  /**
   * For what the outbox has. Resolves once it has the report, or never needs or takes it; rejects, retryable, when it
   * could not be told now, also because its channel is off. `heard` is told, once, what was known of the message before.
   */
  report(report: DeliveryReport, heard?: Heard): Promise<ReportOutcome>;
  /** For what the vendor says, and says again soon when this rejects: what the platform may have goes to the outbox. */
  reportStatus(report: DeliveryReport, heard?: Heard): Promise<ReportOutcome>;
  /** For a report of the connector's own: what the platform cannot take now goes to the outbox, the reports queue. */
  reportEventually(report: DeliveryReport): Promise<void>;
  /** Whether the vendor has spoken of a message, which proves that it went out; rejects when State is down. */
  hasStatus(origin: string, id: string): Promise<boolean>;
}

/** Who says a report, and what becomes of one that the platform cannot take now. */
type Source = "vendor" | "connector" | "outbox";
const GOES_TO_OUTBOX: Record<Source, (failure: ConnectorError) => boolean> = {
  vendor: ({ code }) => code === "platform_unanswered",
  connector: ({ retryable }) => retryable,
  /** Whoever took it from there puts it back. */
  outbox: () => false,
};

const BATCH = { maxInflight: 16, partialInflight: 2, maxWaiting: 5_000, maxWaitMs: 4_000 };

export function createReporter(ports: ReportPorts): Reporter {
  const { channelOff, queue, mismatches, events, log, now, runtime } = ports;
  const channels = new Map(
    ports.channels.map((channel) => [
      channel.tag,
      { wants: channel.reports.wants, post: createPost(channel) },
    ]),
  );
  /** Per message, the report under way: the next one of the same message waits for it, so that order holds. */
  const underWay = new Map<string, Promise<unknown>>();
  const ledger = createStatusLedger(ports);

  /** Resolves to true when the platform refuses the report for good: posting it again would change nothing. */
  function createPost({ reports }: PlatformChannel): (report: DeliveryReport) => Promise<boolean> {
    async function post(batch: DeliveryReport[]): Promise<(boolean | Error)[]> {
      try {
        await reports.post(batch);
        return batch.map(() => false);
      } catch (error) {
        if (asConnectorError(error).retryable) throw error;
        // One report that is refused must not take the others of its call with it.
        if (batch.length > 1)
          return (await Promise.all(batch.map((one) => post([one]).catch((e) => [e])))).flat();
        const [refused] = batch;
        log.error(
          { msg_id: refused?.id, status: refused?.status, ...loggableError(error) },
          "Report refused by the platform",
        );
        return [true];
      }
    }
    return createBatcher(post, { ...BATCH, maxItems: reports.maxBatch }, runtime);
  }

  async function tell(report: DeliveryReport, from: Source, heard?: Heard): Promise<ReportOutcome> {
    if (report.origin === AUTO_REPLY_ORIGIN) return "unwanted";
    const channel = channels.get(report.origin);
    if (!channel) throw channelOff(report.origin);
    if (!channel.wants(report)) return ledger.unwanted(report, heard) ? "unwanted" : "repeated";
    const verdict = await ledger.admit(report, { heard, fromOutbox: from === "outbox" });
    if (verdict !== "go") return verdict;
    try {
      const refused = await channel.post(report);
      ledger.reported(report);
      if (report.status === "failed") events?.emit(failureEvent(report));
      return refused ? "refused" : "posted";
    } catch (error) {
      if (from === "outbox") ledger.kept(report);
      else ledger.notReported(report);
      throw error;
    }
  }

  /** What goes to the outbox is there before the next report of its message is looked at. */
  async function tellOrKeep(
    report: DeliveryReport,
    from: Source,
    started: number,
    heard?: Heard,
  ): Promise<ReportOutcome> {
    try {
      return await tell(report, from, heard);
    } catch (error) {
      ports.reported?.(report, "not_taken");
      log.warn(
        { msg_id: report.id, origin: report.origin, ms: now() - started, ...loggableError(error) },
        `Report ${report.status}: not taken`,
      );
      const failure = asConnectorError(error);
      if (!GOES_TO_OUTBOX[from](failure)) throw failure;
      await keep(report, failure);
      return "kept";
    }
  }

  async function deliver(report: DeliveryReport, from: Source, heard?: Heard): Promise<ReportOutcome> {
    const started = now();
    const field = messageField(report.origin, report.id);
    const before = underWay.get(field);
    const tellNow = () => tellOrKeep(report, from, started, heard);
    const telling = before ? before.then(tellNow, tellNow) : tellNow();
    underWay.set(field, telling);
    try {
      const outcome = await telling;
      if (outcome === "kept") return outcome;
      ports.reported?.(report, outcome);
      if (report.status === "failed" || log.follows(report.id))
        log.info(
          {
            msg_id: report.id,
            origin: report.origin,
            outcome,
            code: report.error?.code,
            ms: now() - started,
          },
          `Report ${report.status}: ${outcome}`,
        );
      return outcome;
    } finally {
      if (underWay.get(field) === telling) underWay.delete(field);
    }
  }

  async function keep(report: DeliveryReport, { code }: ConnectorError): Promise<void> {
    const isLate = code === "platform_unanswered";
    const repeat = isLate ? nextRepeat(undefined, now()) : undefined;
    await queue.put({ kind: "report", attempt: 1, report, expiresAt: now() + OUTBOX_MS, repeat });
    // Not before: while the queue may not have it, whoever comes with it again must be heard.
    if (isLate) ledger.kept(report);
  }

  return {
    hasStatus: ledger.hasStatus,
    report: async (report, heard) => deliver(await mismatches.explain(report), "outbox", heard),
    reportStatus: async (report, heard) => deliver(await mismatches.explain(report), "vendor", heard),
    async reportEventually(report) {
      await deliver(await mismatches.explain(report), "connector");
    },
  };
}
