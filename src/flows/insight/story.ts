import type { Dictionary, MessageStory, StoryStep } from "../../core/insight.ts";
import type { State } from "../../core/ports.ts";
import type { DeliveryStatus } from "../../core/report.ts";
import {
  claimBuckets,
  DAY_MS,
  failuresDays,
  messageField,
  replyDays,
  reportedBucket,
  sentBucket,
} from "../../core/state-keys.ts";
import { shownId } from "../../lib/log.ts";
import { type Phase, parsePhase, phaseTime } from "../dispatch/phase.ts";
import { fieldOf, parseTold, type ToldStatus } from "../status/status-ledger.ts";
import { asked } from "./asked.ts";
import { readFailures } from "./failures.ts";
import type { Failure } from "./latest-failures.ts";
import { type ResultsPorts, readSums } from "./results.ts";
import { parseSent, type SentRecord } from "./sent-record.ts";
import { namesOf } from "./sums.ts";

export interface StoryPorts extends ResultsPorts {
  /** The tags of every platform channel that there is. */
  tags: readonly string[];
}

/** Claims are kept for so long. */
const CLAIM_DAYS = 3;
const WEEK_MS = 7 * DAY_MS;
const STATUSES: DeliveryStatus[] = ["sent", "delivered", "read", "failed"];

/** All that State has of one message. */
interface Traces {
  tag: string;
  id: string;
  record: SentRecord | undefined;
  phase: { phase: Phase; at: number | undefined } | undefined;
  told: Partial<Record<DeliveryStatus, ToldStatus>>;
  /** The latest of its failures and refusals that is remembered. */
  failure: Failure | undefined;
}

/**
 * What became of one message, by the platform's id, the tracking id or Vonage's message_uuid: put together from what
 * is stored anyway, up to a week back. Rejects with ConnectorError `state_away` when nobody knows.
 */
export function story(id: string, ports: StoryPorts): Promise<MessageStory> {
  return asked(
    ports.journal.flush().then(() => findStory(id, ports)),
    ports.runtime,
  );
}

const UNKNOWN =
  "No message with this id is known: it may still wait in the queue, it may be older than a week, or the id may belong to another instance";

async function findStory(asked: string, ports: StoryPorts): Promise<MessageStory> {
  const { state, tags, runtime } = ports;
  const named = await byVendorId(asked, state, runtime.now());
  const failures = await readFailures(state, failuresDays(runtime.now()));
  const whole = named ?? (asked.startsWith(SHORTENED) ? await wholeOf(asked, failures, ports) : undefined);
  const candidates = whole ? [whole] : tags.map((tag) => ({ tag, id: asked }));
  const traces = await Promise.all(
    candidates.map((candidate) => readTraces(candidate, failures, state, runtime.now())),
  );
  const found = traces.find(isKnown);
  return found ? tell(found, ports) : { found: false, message: UNKNOWN };
}

const SHORTENED = "…";

/** Whoever follows an id that is shown by the last digits of a number has no other: it is among what failed. */
async function wholeOf(
  shown: string,
  failures: readonly Failure[],
  ports: StoryPorts,
): Promise<{ tag: string; id: string } | undefined> {
  const failed = failures.find(([, id]) => shownId(id) === shown);
  if (failed) return { id: failed[1], tag: failed[2] };
  const to = ports.runtime.now();
  for (const [key, { codes }] of await readSums(to - WEEK_MS, to, ports)) {
    const id = [...codes.values()].flatMap(({ ids }) => ids).find((one) => shownId(one) === shown);
    if (id !== undefined) return { id, tag: namesOf(key).tag };
  }
  return undefined;
}

const isKnown = ({ record, phase, told, failure }: Traces) =>
  record !== undefined || phase !== undefined || failure !== undefined || Object.values(told).some(Boolean);

async function byVendorId(
  vendorId: string,
  state: State,
  now: number,
): Promise<{ tag: string; id: string } | undefined> {
  const entries = await Promise.all(replyDays(now).map((day) => state.read(sentBucket(day), vendorId)));
  for (const entry of entries) {
    // As conversations and journals write it: the tag, whom it was sent to, the id.
    const [, tag, id] = entry?.match(/^(\S+) \S+ (.+)$/s) ?? [];
    if (tag !== undefined && id !== undefined) return { tag, id };
  }
  return undefined;
}

async function readTraces(
  { tag, id }: { tag: string; id: string },
  failures: readonly Failure[],
  state: State,
  now: number,
): Promise<Traces> {
  const field = messageField(tag, id);
  const records = replyDays(now).map(async (day) => parseSent(await state.read(sentBucket(day), field)));
  const statuses = STATUSES.map(async (status) => [status, await readTold(status)] as const);
  const [record] = (await Promise.all(records)).filter((found) => found !== undefined);
  const phase = await readPhase(record?.acceptedAt);
  const told = Object.fromEntries(await Promise.all(statuses));
  const ofMessage = failures.filter(([, failed, failedTag]) => failed === id && failedTag === tag);
  const [failure] = ofMessage.sort(([a], [b]) => b - a);
  return { tag, id, record, phase, told, failure };

  async function readTold(status: DeliveryStatus): Promise<ToldStatus | undefined> {
    const buckets = unique(replyDays(now).map(reportedBucket));
    const texts = await Promise.all(
      buckets.map((bucket) => state.read(bucket, fieldOf({ origin: tag, id }, status))),
    );
    const found = texts.map(parseTold).filter((entry) => entry !== undefined);
    return found.find(({ kind }) => kind === "reported") ?? found[0];
  }

  async function readPhase(acceptedAt: number | undefined): Promise<Traces["phase"]> {
    const halfDays = Array.from({ length: 2 * CLAIM_DAYS }, (_, index) => now - (index * DAY_MS) / 2);
    const times = acceptedAt === undefined ? halfDays : [acceptedAt];
    const buckets = unique(times.flatMap(claimBuckets));
    const texts = await Promise.all(buckets.map((bucket) => state.read(bucket, field)));
    const found = texts.flatMap((text) => {
      const phase = parsePhase(text);
      return phase && text !== null ? [{ phase, at: phaseTime(text) }] : [];
    });
    return found.sort((a, b) => (b.at ?? 0) - (a.at ?? 0))[0];
  }
}

const unique = <T extends { key: string }>(buckets: readonly T[]): T[] => [
  ...new Map(buckets.map((bucket) => [bucket.key, bucket])).values(),
];

const iso = (at: number | undefined) => (at === undefined ? null : new Date(Math.round(at)).toISOString());

function tell(traces: Traces, { ownerOf, dictionary }: StoryPorts): MessageStory {
  const { tag, id, record, failure } = traces;
  const { platform, channel } = ownerOf(tag) ?? { platform: tag, channel: "whatsapp" };
  const steps = stepsOf(traces, dictionary)
    .map((step, index) => ({ step, index }))
    .sort((a, b) => time(a.step, record) - time(b.step, record) || a.index - b.index)
    .map(({ step }) => step);
  return {
    ...{ found: true, id: shownId(id), platform, channel, template: record?.template ?? failure?.[3] ?? "" },
    ...{ messageUuid: record?.vendorId ?? null, state: stateOf(traces), steps },
  };
}

/** What has no time stays where it was. Vonage tells whole seconds: its word cannot come before the send. */
function time({ at, step }: StoryStep, record: SentRecord | undefined): number {
  const told = at === null ? 0 : Date.parse(at);
  return record && (step === "status" || step === "report") ? Math.max(told, record.at) : told;
}

/** What the platform was told, or would have been. */
const OUTCOMES: Record<ToldStatus["kind"], string> = {
  reported: "told",
  seen: "not told: outdated, or the platform could not take it yet",
  unwanted: "not told: the platform does not ask for it",
};

function stepsOf({ record, phase, told, failure }: Traces, dictionary: Dictionary): StoryStep[] {
  const steps: StoryStep[] = [];
  if (record) steps.push({ at: iso(record.acceptedAt), step: "accepted" });
  if (phase?.phase.is === "released")
    steps.push({ at: iso(phase.at), step: "attempt", attempt: phase.phase.attempt, outcome: "put back" });
  if (record?.vendorId !== undefined)
    steps.push({ at: iso(record.at), step: "sent", attempt: record.attempt });
  else if (record) steps.push({ at: iso(record.at), step: "in doubt", attempt: record.attempt });
  // Its own failures have no status of Vonage behind them.
  const isOwn = record?.vendorId === undefined && !told.sent && !told.delivered && !told.read;
  const code = told.failed?.code ?? failure?.[4];
  if (failure && !told.failed)
    steps.push({
      at: iso(failure[0]),
      step: "refused",
      code: failure[4],
      description: dictionary(failure[4]).description,
    });
  for (const status of STATUSES) {
    const entry = told[status];
    if (!entry) continue;
    const words = status === "failed" && code ? { code, description: dictionary(code).description } : {};
    const step = status === "failed" && isOwn ? "refused" : "status";
    steps.push({ at: iso(entry.happenedAt), step, ...(step === "status" ? { status } : {}), ...words });
    steps.push({
      at: iso(entry.toldAt ?? entry.happenedAt),
      step: "report",
      status,
      outcome: OUTCOMES[entry.kind],
    });
  }
  return steps;
}

function stateOf({ record, phase, told, failure }: Traces): (MessageStory & { found: true })["state"] {
  if (told.read) return "read";
  if (told.delivered) return "delivered";
  if (told.failed || phase?.phase.is === "refused") return "failed";
  if (record?.vendorId !== undefined || told.sent || phase?.phase.is === "sent") return "sent";
  if (phase?.phase.is === "unknown" || record) return "in doubt";
  return failure ? "failed" : "waiting";
}
