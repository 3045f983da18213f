import { createBatcher } from "../core/batch.ts";
import { type Events, failureEvent } from "../core/event.ts";
import { messageField, reportedBucket, reportedBuckets } from "../core/keys.ts";
import type { Clock, JobQueue, Log, State } from "../core/ports.ts";
import type { DeliveryReport, DeliveryStatus } from "../core/report.ts";
import { asConnectorError, type ConnectorError, loggableError } from "../errors.ts";
import type { PlatformChannel } from "../platforms/platform.ts";
import { OWED_MS } from "./owed.ts";

export interface ReportPorts {
  channels: readonly PlatformChannel[];
  queue: JobQueue;
  state: State;
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
  /** For a report of the connector's own: what the platform cannot take now goes to the reports queue. */
  owe(report: DeliveryReport): Promise<void>;
  /** The letters of the statuses known of a message; rejects when State is down. */
  known(origin: string, id: string): Promise<string>;
}

const BATCH = { maxInflight: 16, partialInflight: 2, maxWaiting: 5_000, maxWaitMs: 4_000 };

const STATUSES = ["sent", "delivered", "read", "failed"] as const;
const LETTER: Record<DeliveryStatus, string> = { sent: "s", delivered: "d", read: "r", failed: "f" };

/** Each status with the statuses that make it old news. A late `delivered` after `failed` is let through. */
const OUTDATED_BY: Record<DeliveryStatus, readonly DeliveryStatus[]> = {
  sent: ["delivered", "read", "failed"],
  delivered: ["read"],
  read: [],
  failed: ["delivered", "read"],
};
const OUTDATING = new Set(Object.values(OUTDATED_BY).flat());

/** What State holds for a status: a field of its own, so that two replicas do not undo each other's notes. */
const TOLD = "told";
const COMING = "coming";

/** After State did not answer, reports go without it for so long. */
const STATE_AWAY_MS = 1_000;

/** Messages of which this process remembers what it told: enough for the repeats of a State that is away. */
const REMEMBERED = 20_000;

export function createReporter({ channels, queue, state, events, log, now }: ReportPorts): Reporter {
  const lanes = new Map(channels.map((channel) => [channel.tag, { channel, post: createLane(channel) }]));
  /** Per message, the report under way: the next one of the same message waits for it, so that order holds. */
  const underWay = new Map<string, Promise<unknown>>();
  const recent = createRecent(REMEMBERED);
  let stateAwayUntil = 0;

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

  const statusField = (origin: string, id: string, status: DeliveryStatus) =>
    `${messageField(origin, id)}#${LETTER[status]}`;

  /** What is known of these statuses of a message, by their letter. */
  async function lookUp(
    { origin, id }: Pick<DeliveryReport, "origin" | "id">,
    statuses: readonly DeliveryStatus[],
  ): Promise<Map<DeliveryStatus, string | null>> {
    const entries = statuses.map(async (status): Promise<[DeliveryStatus, string | null]> => {
      const field = statusField(origin, id, status);
      const found = await Promise.all(reportedBuckets(now()).map((bucket) => state.read(bucket, field)));
      return [status, found.includes(TOLD) ? TOLD : (found.find((value) => value !== null) ?? null)];
    });
    return new Map(await Promise.all(entries));
  }

  async function known(origin: string, id: string): Promise<string> {
    const found = await lookUp({ origin, id }, STATUSES);
    const told = recent.of(messageField(origin, id));
    // A failure under way may be one of the connector's own, which nobody would tell again.
    const isKnown = (status: DeliveryStatus) =>
      found.get(status) === TOLD ||
      (found.get(status) === COMING && status !== "failed") ||
      told.includes(LETTER[status]);
    return STATUSES.filter(isKnown)
      .map((status) => LETTER[status])
      .join("");
  }

  /** `repeated` or `outdated`, as far as State and this process know; undefined for news. */
  async function asOldNews(report: DeliveryReport): Promise<ReportOutcome | undefined> {
    const { status } = report;
    const later = OUTDATED_BY[status];
    const found = await lookUpIfThere(report, [status, ...later]);
    const told = recent.of(messageField(report.origin, report.id));
    if (found.get(status) === TOLD || told.includes(LETTER[status])) return "repeated";
    return later.some((other) => found.get(other) || told.includes(LETTER[other])) ? "outdated" : undefined;
  }

  /** Without State, order and repeats are best effort: a report must not wait for it, and not for long to find out. */
  async function lookUpIfThere(report: DeliveryReport, statuses: readonly DeliveryStatus[]) {
    if (now() < stateAwayUntil) return new Map<DeliveryStatus, string>();
    try {
      return await lookUp(report, statuses);
    } catch {
      stateAwayUntil = now() + STATE_AWAY_MS;
      return new Map<DeliveryStatus, string>();
    }
  }

  async function note(report: DeliveryReport, value: string): Promise<void> {
    const field = statusField(report.origin, report.id, report.status);
    try {
      await state.write(reportedBucket(now()), field, value);
    } catch (error) {
      log.warn({ msg_id: report.id, ...loggableError(error) }, "Report not remembered");
    }
  }

  /** Notes that it is about to be told: should this process die, nothing earlier is told after it. */
  async function announce(report: DeliveryReport): Promise<ReportOutcome | undefined> {
    if (!OUTDATING.has(report.status) || now() < stateAwayUntil) return undefined;
    await note(report, COMING);
    // Another replica may have announced a later one meanwhile.
    return asOldNews(report);
  }

  async function tell(report: DeliveryReport): Promise<ReportOutcome> {
    const lane = lanes.get(report.origin);
    if (!lane) return "no_such_channel";
    const wanted = lane.channel.reports.wants(report);
    const oldNews = (await asOldNews(report)) ?? (wanted ? await announce(report) : undefined);
    // Not told, and yet a proof that the message went out: whoever is in doubt about it has to know.
    if (oldNews === "outdated") void note(report, TOLD);
    if (oldNews) return oldNews;
    const refused = wanted ? await post(report, lane.post) : false;
    recent.add(messageField(report.origin, report.id), LETTER[report.status]);
    void note(report, TOLD);
    if (report.status === "failed") events?.emit(failureEvent(report));
    return refused ? "refused" : wanted ? "posted" : "unwanted";
  }

  /** Whoever is in doubt about the message has to know of its status, also while the platform cannot. */
  async function post(report: DeliveryReport, lane: (report: DeliveryReport) => Promise<boolean>) {
    try {
      return await lane(report);
    } catch (error) {
      // A failure may be one of the connector's own, which proves nothing.
      if (report.status !== "failed") void note(report, COMING);
      throw error;
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

/** The letters told of the last `most` messages. */
function createRecent(most: number) {
  const letters = new Map<string, string>();
  return {
    of: (field: string) => letters.get(field) ?? "",
    add(field: string, letter: string): void {
      const before = letters.get(field) ?? "";
      // Taken out first, so that the map stays in the order of use.
      letters.delete(field);
      letters.set(field, before + letter);
      const [oldest] = letters.keys();
      if (letters.size > most && oldest !== undefined) letters.delete(oldest);
    },
  };
}
