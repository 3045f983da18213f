import type { State } from "../../core/ports.ts";
import type { DeliveryReport, DeliveryStatus } from "../../core/report.ts";
import { messageField, reportedBucket, reportedBuckets } from "../../core/state-keys.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { twice } from "../../lib/retry.ts";
import type { Clock, Runtime } from "../../lib/runtime.ts";
import { createRecent } from "../insight/recent.ts";

export interface LedgerPorts {
  state: State;
  /** Not cut short by a stop: State is asked again after it. */
  pause(ms: number): Promise<unknown>;
  now: Clock;
  log: Log;
  runtime: Runtime;
}

/** Takes the statuses that were known of a message when another one came. */
export type Heard = (known: readonly DeliveryStatus[]) => void;

/** What replicas know of the statuses of each message, so that a platform hears them in order (docs/decisions/0012). */
export interface StatusLedger {
  /**
   * Whether the platform may be told now; with `go` every replica knows that this one is about to. One report of a
   * message at a time in a process. Waits for another replica that is telling the platform, and rejects, retryable
   * (`status_under_way`), when that takes too long. `heard` is told which statuses of the message were known before.
   * What the outbox has is for the outbox alone: `repeated` to whoever else comes with it.
   */
  admit(
    report: DeliveryReport,
    options?: { heard?: Heard | undefined; fromOutbox?: boolean },
  ): Promise<"go" | "repeated" | "outdated">;
  /** The platform has it, or has refused it for good. */
  reported(report: DeliveryReport): void;
  /** The platform could not take it. */
  notReported(report: DeliveryReport): void;
  /** The platform could not take it, and the outbox has it, which tells it again. */
  kept(report: DeliveryReport): void;
  /** The platform never wants it, but it proves that its message went out. False when this process knows it already. */
  unwanted(report: DeliveryReport, heard?: Heard): boolean;
  /** Whether the vendor has spoken of a message, which proves that it went out; rejects when State is down. */
  hasStatus(origin: string, id: string): Promise<boolean>;
}

/** Each status with those after which it must not be told. A late `delivered` after `failed` is let through. */
const OUTDATED_BY: Record<DeliveryStatus, readonly DeliveryStatus[]> = {
  sent: ["delivered", "read", "failed"],
  delivered: ["read"],
  read: [],
  failed: ["delivered", "read"],
};
const STATUSES = Object.keys(OUTDATED_BY) as DeliveryStatus[];

/**
 * What is known of one status of a message. `announced`: a process is about to tell it. `seen`: the vendor has said
 * it, and the platform was not told; `at`, when it was announced, if it was. `kept`: the same, and the outbox tells
 * it. `unwanted`: the platform does not want to hear of it.
 */
export type Entry =
  | { kind: "announced"; at: number; by: string }
  | { kind: "reported" }
  | { kind: "seen" | "kept"; at: number | undefined }
  | { kind: "unwanted" };
export type Entries = Partial<Record<DeliveryStatus, Entry>>;

/** Whoever announced a status has told it by then, or has died. */
const ANNOUNCED_MS = 15_000;
/** An announcement that was withdrawn may have been written over another replica's, which is telling it. */
const WITHDRAWN_MS = 1_000;
const POLL_MS = 100;
/** A webhook has nine seconds, and is repeated after five. */
const MOST_WAIT_MS = 3_000;
const STATE_ANSWER_MS = 2_500;
const STATE_AWAY_MS = 1_000;
/** Messages whose statuses this process remembers by itself: enough for the repeats of a State that is away. */
const REMEMBERED = 8_000;

/** What becomes of a status when this much is known of its message by the process `self`. */
export function judge(
  status: DeliveryStatus,
  entries: Entries,
  self: string,
  now: number,
): "repeated" | "outdated" | "wait" | "go" {
  const isKnown = (other: DeliveryStatus) => entries[other] && entries[other].kind !== "unwanted";
  const isAnnounced = (other: DeliveryStatus) => {
    const entry = entries[other];
    return entry?.kind === "announced" && entry.by !== self && now - entry.at < ANNOUNCED_MS;
  };
  const isWithdrawn = (other: DeliveryStatus) => {
    const entry = entries[other];
    const isOver = entry?.kind === "seen" || entry?.kind === "kept";
    return isOver && entry.at !== undefined && now - entry.at < WITHDRAWN_MS;
  };
  const outdates = (other: DeliveryStatus) => OUTDATED_BY[other].includes(status);
  if (entries[status]?.kind === "reported") return "repeated";
  if (OUTDATED_BY[status].some(isKnown)) return "outdated";
  const isUnderWay = (other: DeliveryStatus) =>
    isAnnounced(other) || (other !== status && isWithdrawn(other));
  return STATUSES.some((other) => (other === status || outdates(other)) && isUnderWay(other)) ? "wait" : "go";
}

/**
 * In State each status of a message has a field of its own, so that replicas do not undo each other's entries. Who
 * is about to tell one announces it first and looks for the others' after State has acknowledged that: of two
 * replicas, whoever looks last sees the other.
 */
export function createStatusLedger({ state, pause, now, log, runtime }: LedgerPorts): StatusLedger {
  const self = runtime.randomBytes(6).toString("base64url");
  /** By message. */
  const here = createRecent<Entries>(REMEMBERED);
  let stateAwayUntil = 0;

  const ownAnnouncement = (entry: Entry | undefined) =>
    entry?.kind === "announced" && entry.by === self ? entry.at : undefined;

  /** A report must not wait for a State that is away, and not for long to find out: undefined then. */
  async function ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (now() < stateAwayUntil) return undefined;
    try {
      return await withDeadline(twice(call, now), STATE_ANSWER_MS, "State did not answer in time", runtime);
    } catch {
      stateAwayUntil = now() + STATE_AWAY_MS;
      return undefined;
    }
  }

  /** What State says, and where that is nothing, this process. */
  async function read(message: Message): Promise<Entries> {
    const fields = STATUSES.map((status) => fieldOf(message, status));
    const buckets = await Promise.all(reportedBuckets(now()).map((bucket) => state.readAll(bucket, fields)));
    const entries: Entries = {};
    // The newest bucket's first, unless an older one has the last word.
    for (const values of buckets) {
      for (const [index, status] of STATUSES.entries()) {
        const entry = parseEntry(values[index] ?? null);
        if (entry && (!entries[status] || entry.kind === "reported")) entries[status] = entry;
      }
    }
    return withOwn(message, entries);
  }

  function withOwn({ origin, id }: Message, entries: Entries): Entries {
    const known = here.get(messageField(origin, id));
    if (!known) return entries;
    for (const status of STATUSES) {
      const own = known[status];
      if (own && (own.kind === "reported" || !entries[status])) entries[status] = own;
    }
    return entries;
  }

  function remember({ origin, id, status }: DeliveryReport, entry: Entry): void {
    const field = messageField(origin, id);
    here.set(field, { ...here.get(field), [status]: entry });
  }

  /** Nobody waits for it: it leaves with others, and the next read of this process sees it. */
  function note(report: DeliveryReport, entry: Entry): void {
    const field = fieldOf(report, report.status);
    remember(report, entry);
    const text = formatEntry(entry, now(), report);
    twice(() => state.write(reportedBucket(now()), field, text), now).catch((error) =>
      log.warn({ msg_id: report.id, ...loggableError(error) }, "Report not remembered"),
    );
  }

  /** False when State does not answer. */
  async function announce(report: DeliveryReport, entry: Entry): Promise<boolean> {
    const field = fieldOf(report, report.status);
    remember(report, entry);
    const written = await ask(async () => {
      await state.write(reportedBucket(now()), field, formatEntry(entry, now(), report));
      return true;
    });
    return written ?? false;
  }

  const admit: StatusLedger["admit"] = async (report, { heard, fromOutbox = false } = {}) => {
    const { status } = report;
    const giveUpAt = now() + MOST_WAIT_MS;
    let announcedAt: number | undefined;
    for (let looks = 0; ; looks++) {
      const entries = (await ask(() => read(report))) ?? withOwn(report, {});
      if (looks === 0) heard?.(STATUSES.filter((known) => entries[known]));
      const own = entries[status];
      const ownAt = ownAnnouncement(own);
      const verdict = judge(status, entries, self, now());
      if (own?.kind === "kept" && !fromOutbox) return "repeated";
      if (verdict === "repeated") return verdict;
      if (verdict === "outdated") {
        // Not told, and yet a proof that the message went out. Another replica's announcement stays.
        if (!own || ownAt !== undefined) note(report, { kind: "seen", at: ownAt });
        return verdict;
      }
      // Another replica may have written its own announcement over this one's.
      if (verdict === "go" && ownAt !== undefined && ownAt === announcedAt) return verdict;
      if (now() >= giveUpAt) {
        // Left as it is, it would keep those waiting that come after it.
        if (ownAt !== undefined) note(report, { kind: "seen", at: ownAt });
        throw underWay();
      }
      if (verdict === "wait" || announcedAt !== undefined) await pause(POLL_MS);
      if (verdict === "wait") continue;
      announcedAt = now();
      if (!(await announce(report, { kind: "announced", at: announcedAt, by: self }))) return verdict;
    }
  };

  /** What was announced is over, and the platform was not told. */
  function withdraw(report: DeliveryReport, kind: "seen" | "kept"): void {
    const own = withOwn(report, {})[report.status];
    note(report, { kind, at: own?.kind === "seen" ? own.at : ownAnnouncement(own) });
  }

  return {
    admit,
    reported: (report) => note(report, { kind: "reported" }),
    notReported: (report) => withdraw(report, "seen"),
    kept: (report) => withdraw(report, "kept"),
    unwanted(report, heard) {
      const known = withOwn(report, {});
      const isNew = !known[report.status];
      if (isNew) heard?.(STATUSES.filter((status) => known[status]));
      if (isNew) note(report, { kind: "unwanted" });
      return isNew;
    },
    async hasStatus(origin, id) {
      const entries = await read({ origin, id });
      // A failure that was not told may be one of the connector's own, which proves nothing.
      return STATUSES.some(
        (status) => entries[status] && (status !== "failed" || entries[status].kind === "reported"),
      );
    },
  };
}

type Message = Pick<DeliveryReport, "origin" | "id">;

/**
 * `announced <when> <process>`; `reported <when>`, `seen` or `kept <when it was announced, or ->` or `unwanted <when>`,
 * each with when it happened and a failure's code, for the message's story. Times are milliseconds since the epoch.
 */
function formatEntry(entry: Entry, now: number, report: DeliveryReport): string {
  const happened = `${report.at} ${report.error?.code.replace(/\s/g, "_") ?? ""}`.trimEnd();
  switch (entry.kind) {
    case "announced":
      return `announced ${entry.at} ${entry.by}`;
    case "seen":
    case "kept":
      return `${entry.kind} ${entry.at ?? "-"} ${happened}`;
    case "reported":
    case "unwanted":
      return `${entry.kind} ${now} ${happened}`;
  }
}

/** What is remembered of one status, for the message's story. Undefined where nothing is, or it is only announced. */
export interface ToldStatus {
  kind: "reported" | "seen" | "unwanted";
  /** When the platform was told. */
  toldAt: number | undefined;
  happenedAt: number | undefined;
  code: string | undefined;
}

export function parseTold(text: string | null): ToldStatus | undefined {
  const [written, at, happenedAt, code] = text?.split(" ") ?? [];
  const kind = written === "kept" ? "seen" : written;
  if (kind !== "reported" && kind !== "seen" && kind !== "unwanted") return undefined;
  const toldAt = kind === "reported" ? time(at) : undefined;
  return { kind, toldAt, happenedAt: time(happenedAt), code };
}

const time = (text: string | undefined) =>
  text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);

function parseEntry(text: string | null): Entry | undefined {
  if (text === null) return undefined;
  const [kind, at, by = ""] = text.split(" ");
  if (kind === "announced") return { kind, at: Number(at), by };
  if (kind === "seen" || kind === "kept") return { kind, at: time(at) };
  return kind === "reported" || kind === "unwanted" ? { kind } : undefined;
}

/** A status's field in the buckets of what is known of them. */
export const fieldOf = ({ origin, id }: Message, status: DeliveryStatus) =>
  `${messageField(origin, id)}#${status[0]}`;

const underWay = () =>
  new ConnectorError("status_under_way", "Another replica is telling the platform of this message", {
    retryable: true,
  });
