import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { findProblems, VIOLATIONS } from "../../src/sandbox/audit.ts";
import type { Channel, LedgerEntry } from "../../src/sandbox/ledger.ts";
import type { ChaosWorld } from "./world.ts";

/** What a run is held against; a rule that a fault makes unavoidable is named by the scenario. */
export interface Verdict {
  messages: number;
  /** Accepted, and either not settled or not reported with their last status. */
  lost: number;
  /** Sent to Vonage more than once. */
  doubled: number;
  failed: number;
  peakMegabytes: number;
  problems: string[];
}

const LOOK_MS = 200;

/** The connector answers a webhook within this, as it promises; what a loaded machine takes for it is added. */
const ANSWER_MS = 10_000;
const MACHINE_MS = 2_500;

/** True once nobody owes anything any more; false when that takes too long. */
export async function settled(world: ChaosWorld, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  const isQuiet = () =>
    world.moengage.funnel().waiting === 0 &&
    world.vonage.records().open === 0 &&
    Object.values(world.vcr.records().queues).every(({ waiting, inflight }) => waiting + inflight === 0);
  while (!isQuiet()) {
    if (Date.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

/** Messages whose last status by Vonage the platform never heard of. */
function unreported({ vonage, moengage }: ChaosWorld): string[] {
  const ENDS: Record<string, string> = {
    read: "read",
    delivered: "delivered",
    rejected: "failed",
    undeliverable: "failed",
  };
  const RANK = ["failed", "delivered", "read"];
  const last = new Map<string, string>();
  for (const { kind, body } of vonage.webhooks) {
    const end = ENDS[String(body["status"])];
    const reference = String(body["client_ref"] ?? "");
    if (kind !== "status" || end === undefined) continue;
    const id = reference.slice(reference.indexOf(".") + 1);
    if (RANK.indexOf(end) > RANK.indexOf(last.get(id) ?? "")) last.set(id, end);
  }
  const isReported = (entry: LedgerEntry | undefined, end: string) =>
    entry === undefined || entry.statuses.some(({ status }) => status === end);
  return [...last].filter(([id, end]) => !isReported(moengage.messages.get(id), end)).map(([id]) => id);
}

/** `allowed`: parts of the words for what may go wrong in this run; `refusing`: a channel whose reports the platform refuses. */
export async function judge(
  world: ChaosWorld,
  isSettled: boolean,
  { allowed = [], refusing }: { allowed?: string[]; refusing?: Channel },
): Promise<Verdict> {
  const { moengage, vonage } = world;
  const funnel = moengage.funnel();
  const missing = unreported(world).filter((id) => moengage.messages.get(id)?.channel !== refusing);
  const taking = (["whatsapp", "sms"] as const)
    .filter((channel) => channel !== refusing)
    .map((channel) => moengage.funnel(channel));
  const unsettled = taking.reduce((sum, { accepted, settled }) => sum + accepted - settled, 0);
  const lost = unsettled + missing.length;
  const { sentTwice } = vonage.records();
  const general = (await findProblems(world)).filter(
    (problem) => !problem.includes(`${VIOLATIONS} moengage`),
  );
  const rules = new Map<string, string[]>();
  for (const { rule, id, detail } of moengage.records().violations) {
    // A message given up as unknown may turn out to have arrived.
    if (rule === "both delivered and failed" && /^(delivered|read) after .*failed/.test(detail)) continue;
    rules.set(rule, [...(rules.get(rule) ?? []), `${detail} ${id ?? ""}`]);
  }
  const log = await readFile(world.logFile, "utf8");
  const unhandled = log.match(/Unhandled rejection|uncaughtException|heap out of memory/g)?.length ?? 0;
  const late = vonage.webhooks
    .flatMap(({ attempts }) => attempts)
    .filter(({ ms }) => ms > ANSWER_MS + MACHINE_MS)
    .map(({ ms, status, failure }) => `${status ?? failure} after ${ms} ms`);
  const peakMegabytes = await world.peakMegabytes();
  const problems = [
    ...(isSettled ? [] : [`not quiet in time: ${JSON.stringify(world.vcr.records().queues)}`]),
    ...general,
    ...[...rules].map(([rule, cases]) => `${rule}: ${cases.length}, such as ${cases.slice(0, 3).join("; ")}`),
    ...(missing.length > 0 ? [`reports lost: ${missing.length}, such as ${missing.slice(0, 3)}`] : []),
    ...(late.length > 0
      ? [`webhooks not answered in time: ${late.length}, such as ${late.slice(0, 3)}`]
      : []),
    ...(unhandled > 0 ? [`unhandled: ${unhandled}`] : []),
    ...(peakMegabytes > MOST_MEGABYTES ? [`memory: ${peakMegabytes} MB`] : []),
  ].filter((problem) => !allowed.some((part) => problem.includes(part)));
  const failed = Object.values(funnel.failed).reduce((sum, count) => sum + count, 0);
  return { messages: funnel.accepted, lost, doubled: sentTwice.length, failed, peakMegabytes, problems };
}

/** Well above what a healthy process has under this load, and far below what unbounded growth would reach. */
const MOST_MEGABYTES = 350;
