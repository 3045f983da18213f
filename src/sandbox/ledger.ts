export type Channel = "whatsapp" | "sms";
export type ReportedStatus = "sent" | "delivered" | "read" | "failed";

export interface Violation {
  rule: string;
  id?: string;
  detail: string;
}

export interface Reported {
  status: ReportedStatus;
  /** When the report came in, epoch milliseconds. */
  at: number;
  /** Epoch seconds of the event; SMS reports have none. */
  timestamp?: string;
  reason?: string;
}

export interface LedgerEntry {
  id: string;
  channel: Channel;
  to: string;
  offeredAt: number;
  accepted: boolean;
  statuses: Reported[];
}

export interface Funnel {
  accepted: number;
  sent: number;
  delivered: number;
  read: number;
  failed: Record<string, number>;
  /** Accepted messages that were neither delivered, read nor failed so far. */
  waiting: number;
  settled: number;
}

export interface Ledger {
  entries: Map<string, LedgerEntry>;
  offer(channel: Channel, id: string, to: string): LedgerEntry;
  /** Books a report; call the result when the caller hung up before it was answered. */
  report(channel: Channel, id: string, reported: Omit<Reported, "at">): () => void;
  violate(violation: Violation): void;
  violations(): Violation[];
  /** An SMS whose answer never came: its reports carry an id that the platform does not have. */
  missAnswer(): void;
  /** Of one channel or of all; of the messages offered at such a time. */
  funnel(channel?: Channel, isOfferedAt?: (at: number) => boolean): Funnel;
}

const RANK: Record<ReportedStatus, number> = { sent: 1, delivered: 2, read: 3, failed: 4 };
const REACHED: ReportedStatus[] = ["delivered", "read"];

function judge(entry: LedgerEntry, next: ReportedStatus): Omit<Violation, "id"> | undefined {
  const before = entry.statuses.map(({ status }) => status);
  if (before.includes(next)) return { rule: "repeated status", detail: next };
  if (next === "failed" ? before.some((status) => REACHED.includes(status)) : before.includes("failed")) {
    return { rule: "both delivered and failed", detail: `${next} after ${before.join(", ")}` };
  }
  const highest = Math.max(0, ...before.map((status) => RANK[status]));
  if (RANK[next] < highest) return { rule: "backward step", detail: `${next} after ${before.join(", ")}` };
  if (entry.channel === "sms" && next === "sent") {
    return { rule: "sent for SMS", detail: "any value but the success value counts as a failure" };
  }
  return undefined;
}

/** What the platform knows of each message, and what it was told wrongly. */
export function createLedger(): Ledger {
  const entries = new Map<string, LedgerEntry>();
  const orphans = new Map<string, { channel: Channel; reports: Reported[] }>();
  const unanswered = new Set<string>();
  const found: Violation[] = [];
  let missedAnswers = 0;

  const book = (entry: LedgerEntry, reported: Reported) => {
    const violation = judge(entry, reported.status);
    const key = `${entry.id} ${reported.status}`;
    // The platform's answer to the first one was lost, so telling it again is right.
    if (violation?.rule === "repeated status" && unanswered.delete(key)) return;
    if (violation !== undefined) found.push({ ...violation, id: entry.id });
    entry.statuses.push(reported);
  };

  return {
    entries,
    offer(channel, id, to) {
      const entry: LedgerEntry = { id, channel, to, offeredAt: Date.now(), accepted: false, statuses: [] };
      entries.set(id, entry);
      // A report can overtake the answer that tells an SMS's id.
      for (const reported of orphans.get(id)?.reports ?? []) book(entry, reported);
      orphans.delete(id);
      return entry;
    },
    report(channel, id, reported) {
      const dated = { ...reported, at: Date.now() };
      const entry = entries.get(id);
      if (entry !== undefined) book(entry, dated);
      else orphans.set(id, { channel, reports: [...(orphans.get(id)?.reports ?? []), dated] });
      return () => unanswered.add(`${id} ${reported.status}`);
    },
    violate: (violation) => void found.push(violation),
    missAnswer() {
      missedAnswers += 1;
    },
    violations() {
      const unknown = [...orphans].filter(([, { channel }]) => channel === "whatsapp");
      const unknownSms = [...orphans].filter(([, { channel }]) => channel === "sms").slice(missedAnswers);
      const detail = "a report for a message that was never sent";
      return [...found, ...[...unknown, ...unknownSms].map(([id]) => ({ rule: "unknown id", id, detail }))];
    },
    funnel(channel, isOfferedAt = () => true) {
      const funnel: Funnel = {
        accepted: 0,
        sent: 0,
        delivered: 0,
        read: 0,
        failed: {},
        waiting: 0,
        settled: 0,
      };
      for (const entry of entries.values()) {
        if (!entry.accepted || (channel !== undefined && entry.channel !== channel)) continue;
        if (!isOfferedAt(entry.offeredAt)) continue;
        const statuses = new Set(entry.statuses.map(({ status }) => status));
        const failure = entry.statuses.find(({ status }) => status === "failed");
        const isReached = statuses.has("delivered") || statuses.has("read");
        funnel.accepted += 1;
        if (isReached || statuses.has("sent")) funnel.sent += 1;
        if (isReached) funnel.delivered += 1;
        if (statuses.has("read")) funnel.read += 1;
        if (failure !== undefined) {
          const reason = failure.reason ?? "no reason";
          funnel.failed[reason] = (funnel.failed[reason] ?? 0) + 1;
        }
        if (isReached || failure !== undefined) funnel.settled += 1;
        else funnel.waiting += 1;
      }
      return funnel;
    },
  };
}
