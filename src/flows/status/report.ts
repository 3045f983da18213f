import { type Events, failureEvent } from "../../core/event.ts";
import { OUTBOX_MS } from "../../core/job.ts";
import type { JobQueue, State } from "../../core/ports.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { messageField } from "../../core/state-keys.ts";
import { createBatcher } from "../../lib/batcher.ts";
import { asConnectorError, type ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { PlatformChannel } from "../../platforms/platform.ts";
import { createTold } from "./status-ledger.ts";
import { TURN_TAKEN, type Turns } from "./turns.ts";

export interface ReportPorts {
  channels: readonly PlatformChannel[];
  queue: JobQueue;
  state: State;
  turns: Turns;
  /** Who wants to know of final failures, beside the platform. */
  events?: Events;
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
  /** For a report of the connector's own: what the platform cannot take now goes to the outbox, the reports queue. */
  reportEventually(report: DeliveryReport): Promise<void>;
  /** The letters of the statuses known of a message; rejects when State is down. */
  known(origin: string, id: string): Promise<string>;
}

const BATCH = { maxInflight: 16, partialInflight: 2, maxWaiting: 5_000, maxWaitMs: 4_000 };

export function createReporter({ channels, queue, state, turns, events, log, now }: ReportPorts): Reporter {
  const lanes = new Map(channels.map((channel) => [channel.tag, { channel, post: createLane(channel) }]));
  /** Per message, the report under way: the next one of the same message waits for it, so that order holds. */
  const underWay = new Map<string, Promise<unknown>>();
  const told = createTold(state, log, now);

  /** Resolves to true when the platform refuses the report for good: posting it again would change nothing. */
  function createLane({ reports }: PlatformChannel): (report: DeliveryReport) => Promise<boolean> {
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
    return createBatcher(post, { ...BATCH, maxItems: reports.maxBatch, now });
  }

  /** Replicas tell the reports of one message one after the other, each knowing what was told before. */
  async function takeTurn({ origin, id }: DeliveryReport): Promise<() => void> {
    if (told.isStateAway()) return () => undefined;
    try {
      return await turns.take(messageField(origin, id));
    } catch (error) {
      if (asConnectorError(error).code === TURN_TAKEN) throw error;
      told.stateIsAway();
      return () => undefined;
    }
  }

  async function tell(report: DeliveryReport): Promise<ReportOutcome> {
    const lane = lanes.get(report.origin);
    if (!lane) return "no_such_channel";
    const endTurn = await takeTurn(report);
    let noted: Promise<void> | undefined;
    try {
      const wanted = lane.channel.reports.wants(report);
      const oldNews = await told.asOldNews(report);
      // Not told, and yet a proof that the message went out: whoever is in doubt about it has to know.
      if (oldNews === "outdated") noted = told.noteOver(report);
      if (oldNews) return oldNews;
      if (wanted) await told.announce(report);
      const refused = wanted ? await lane.post(report) : false;
      told.remember(report);
      noted = told.noteOver(report);
      if (report.status === "failed") events?.emit(failureEvent(report));
      return refused ? "refused" : wanted ? "posted" : "unwanted";
    } catch (error) {
      noted = told.noteArrived(report);
      throw error;
    } finally {
      // Whoever is next looks at that note; the answer need not wait for it.
      void Promise.resolve(noted).then(endTurn);
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
    known: told.known,
    report,
    async reportEventually(own) {
      try {
        await report(own);
      } catch (error) {
        const failure: ConnectorError = asConnectorError(error);
        if (!failure.retryable) throw failure;
        await queue.put({ kind: "report", attempt: 1, report: own, expiresAt: now() + OUTBOX_MS });
      }
    },
  };
}
