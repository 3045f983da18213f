import type { State } from "../../core/ports.ts";
import type { DeliveryReport, DeliveryStatus } from "../../core/report.ts";
import { messageField, reportedBucket, reportedBuckets } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { twice } from "../../lib/retry.ts";
import type { Clock } from "../../lib/runtime.ts";

/** What is remembered of the statuses that platforms were told, in State and, of the latest, in this process too. */
export interface Told {
  /** True while State is known not to answer; order and repeats are then as far as this process knows. */
  isStateAway(): boolean;
  /** State did not answer: for a moment nobody asks it. */
  stateIsAway(): void;
  /** `repeated` or `outdated`, as far as State and this process know; undefined for news. */
  asOldNews(report: DeliveryReport): Promise<"repeated" | "outdated" | undefined>;
  /** Notes that it is about to be told: should this process die, nothing earlier is told after it. */
  announce(report: DeliveryReport): Promise<void>;
  /** Notes that the vendor has reported it, though the platform could not be told; resolves however that ends. */
  noteArrived(report: DeliveryReport): Promise<void>;
  /** Notes that it is over; resolves however that ends. */
  noteOver(report: DeliveryReport): Promise<void>;
  /** This process remembers having told it. */
  remember(report: DeliveryReport): void;
  /** The letters of the statuses known of a message; rejects when State is down. */
  known(origin: string, id: string): Promise<string>;
}

const STATUSES = ["sent", "delivered", "read", "failed"] as const;
const LETTER: Record<DeliveryStatus, string> = { sent: "s", delivered: "d", read: "r", failed: "f" };

/** About to be told, or told with no answer that counts. */
const COMING_LETTER: Record<DeliveryStatus, string> = { sent: "S", delivered: "D", read: "R", failed: "F" };

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

const STATE_AWAY_MS = 1_000;

/** Messages of which this process remembers what it told: enough for the repeats of a State that is away. */
const REMEMBERED = 20_000;

export function createTold(state: State, log: Log, now: Clock): Told {
  const recent = createRecent(REMEMBERED);
  let stateAwayUntil = 0;

  const isStateAway = () => now() < stateAwayUntil;
  const statusField = (origin: string, id: string, status: DeliveryStatus) =>
    `${messageField(origin, id)}#${LETTER[status]}`;

  function stateIsAway(): void {
    stateAwayUntil = now() + STATE_AWAY_MS;
  }

  /** What is known of these statuses of a message. */
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

  /** A report must not wait for a State that is away, and not for long to find out. */
  async function lookUpIfThere(report: DeliveryReport, statuses: readonly DeliveryStatus[]) {
    if (isStateAway()) return new Map<DeliveryStatus, string>();
    try {
      return await twice(() => lookUp(report, statuses), now);
    } catch {
      stateIsAway();
      return new Map<DeliveryStatus, string>();
    }
  }

  async function note(report: DeliveryReport, value: string): Promise<void> {
    const field = statusField(report.origin, report.id, report.status);
    try {
      await twice(() => state.write(reportedBucket(now()), field, value), now);
    } catch (error) {
      log.warn({ msg_id: report.id, ...loggableError(error) }, "Report not remembered");
    }
  }

  return {
    isStateAway,
    stateIsAway,
    noteOver: (report) => note(report, TOLD),
    remember: ({ origin, id, status }) => recent.add(messageField(origin, id), LETTER[status]),

    async asOldNews(report) {
      const { status } = report;
      const later = OUTDATED_BY[status];
      const found = await lookUpIfThere(report, [status, ...later]);
      const here = recent.of(messageField(report.origin, report.id));
      if (found.get(status) === TOLD || here.includes(LETTER[status])) return "repeated";
      const isKnown = (other: DeliveryStatus) =>
        Boolean(found.get(other)) || here.includes(LETTER[other]) || here.includes(COMING_LETTER[other]);
      return later.some(isKnown) ? "outdated" : undefined;
    },

    async announce(report) {
      const { origin, id, status } = report;
      if (!OUTDATING.has(status)) return;
      recent.add(messageField(origin, id), COMING_LETTER[status]);
      if (!isStateAway()) await note(report, COMING);
    },

    async noteArrived(report) {
      // A failure may be one of the connector's own, which proves nothing.
      if (report.status !== "failed") await note(report, COMING);
    },

    async known(origin, id) {
      const found = await lookUp({ origin, id }, STATUSES);
      const here = recent.of(messageField(origin, id));
      // A failure under way may be one of the connector's own, which nobody would tell again.
      const isKnown = (status: DeliveryStatus) =>
        found.get(status) === TOLD ||
        (found.get(status) === COMING && status !== "failed") ||
        here.includes(LETTER[status]);
      return STATUSES.filter(isKnown)
        .map((status) => LETTER[status])
        .join("");
    },
  };
}

/** The letters told of the last `most` messages. */
function createRecent(most: number) {
  const letters = new Map<string, string>();
  return {
    of: (field: string) => letters.get(field) ?? "",
    add(field: string, letter: string): void {
      const before = (letters.get(field) ?? "").replace(letter, "");
      // Taken out first, so that the map stays in the order of use.
      letters.delete(field);
      letters.set(field, before + letter);
      const [oldest] = letters.keys();
      if (letters.size > most && oldest !== undefined) letters.delete(oldest);
    },
  };
}
