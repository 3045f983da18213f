import { setTimeout as sleep } from "node:timers/promises";
import { cpuMs, residentMegabytes } from "./processes.ts";
import type { RemoteWorld } from "./remote-world.ts";
import { timesOf } from "./stats.ts";
import type { Counts } from "./world/world.ts";

/** What was measured, by name; the unit is part of the name. */
export type Figures = Record<string, number>;

/** What happened in so many seconds. */
export interface Window {
  seconds: number;
  /** Of the subject, all threads; of all replicas together. */
  cpuMs: number;
  /** Of the world: near one second a second it is what limits. */
  worldCpuMs: number;
  counted: Counts;
  sends: number[];
  webhooks: number[];
}

/** Looks at the counters before and after so many seconds, or something that is done. */
export async function watch(
  pids: readonly number[],
  world: RemoteWorld,
  during: number | (() => Promise<unknown>),
): Promise<Window> {
  await world.takeLatencies();
  const cpu = async () => (await Promise.all(pids.map(cpuMs))).reduce((sum, ms) => sum + ms, 0);
  const [counts, worldCpu, own, at] = [
    ...[await world.counts(), await cpuMs(world.pid), await cpu(), performance.now()],
  ] as [Counts, number, number, number];
  await (typeof during === "number" ? sleep(during * 1_000) : during());
  const [ownAfter, worldAfter, countsAfter] = [await cpu(), await cpuMs(world.pid), await world.counts()];
  const latencies = await world.takeLatencies();
  return {
    seconds: (performance.now() - at) / 1_000,
    cpuMs: ownAfter - own,
    worldCpuMs: worldAfter - worldCpu,
    counted: difference(countsAfter, counts),
    ...latencies,
  };
}

/** Until the subject has done enough to be compiled, and all its stages are full. */
export async function warmedUp(world: RemoteWorld): Promise<void> {
  const lives = async () => (await world.counts()).reports / 3;
  const enough = (await lives()) + WARM_LIVES;
  while ((await lives()) < enough) await sleep(100);
}

const WARM_LIVES = 500;

/** Of every number what it has grown by, below it too. */
export function difference<T extends object>(after: T, before: T): T {
  const was = before as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [
      name,
      typeof value === "number"
        ? value - ((was[name] as number | undefined) ?? 0)
        : difference(value, (was[name] as object | undefined) ?? {}),
    ]),
  ) as T;
}

/** Per message that went all the way: accepted, sent and told three times. */
export function lifeFigures(window: Window): Figures {
  const { seconds, counted, sends, webhooks } = window;
  const lives = counted.reports / 3;
  const [send, webhook] = [timesOf(sends), timesOf(webhooks)];
  return {
    "CPU ms a message": window.cpuMs / lives,
    "messages/s": lives / seconds,
    "CPU share of one core": window.cpuMs / seconds / 1_000,
    "enqueue calls a message": counted.enqueueCalls / counted.accepted,
    "State calls a message": counted.stateCalls / counted.sent,
    "report calls a status": counted.reportCalls / counted.reports,
    "send p50 ms": send.p50,
    "send p99 ms": send.p99,
    "webhook p50 ms": webhook.p50,
    "webhook p99 ms": webhook.p99,
    "world's CPU share": window.worldCpuMs / seconds / 1_000,
    ...faultsOf(counted),
  };
}

/** Of a request that is answered, whatever becomes of it later. */
export function intakeFigures({ seconds, cpuMs, worldCpuMs, counted, sends }: Window): Figures {
  const answered = Object.values(counted.answers).reduce((sum, count) => sum + count, 0);
  const { p50, p99 } = timesOf(sends);
  return {
    "CPU ms a request": cpuMs / answered,
    "requests/s": answered / seconds,
    "requests per CPU second": (answered / cpuMs) * 1_000,
    "CPU share of one core": cpuMs / seconds / 1_000,
    "not accepted": answered - counted.accepted,
    "p50 ms": p50,
    "p99 ms": p99,
    "world's CPU share": worldCpuMs / seconds / 1_000,
  };
}

/** Of a status. */
export function statusFigures({ seconds, cpuMs, worldCpuMs, counted, webhooks }: Window): Figures {
  const { p50, p99 } = timesOf(webhooks);
  return {
    "CPU ms a status": cpuMs / counted.reports,
    "statuses/s": counted.reports / seconds,
    "report calls a status": counted.reportCalls / counted.reports,
    "State calls a status": counted.stateCalls / counted.reports,
    "p50 ms": p50,
    "p99 ms": p99,
    "world's CPU share": worldCpuMs / seconds / 1_000,
    ...faultsOf(counted),
  };
}

/** What must be nothing. */
export const faultsOf = ({ sentTwice, toldTwice, toldBackwards, wrong, dead }: Counts): Figures => ({
  faults: sentTwice + toldTwice + toldBackwards + wrong + dead,
});

export const residentFigures = async (pid: number): Promise<Figures> => ({
  "resident MB": (await residentMegabytes(pid)).now,
});

/** Resolves once nothing is under way, or after so many seconds; how long it took. */
export async function drained(world: RemoteWorld, mostSeconds = 60): Promise<number> {
  const from = performance.now();
  const seconds = () => (performance.now() - from) / 1_000;
  for (let last = ""; seconds() < mostSeconds; ) {
    const { waiting, openStatuses, reports } = await world.counts();
    const now = `${waiting} ${openStatuses} ${reports}`;
    // The last status comes 1.2 s after its send.
    if (waiting + openStatuses === 0 && now === last) break;
    last = now;
    await sleep(1_300);
  }
  return seconds();
}
