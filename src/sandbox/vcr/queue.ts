import { type CreateQueue, type Rate, RETRIES } from "./contract.ts";

export interface QueueRecord {
  /** Jobs enqueued, callbacks made (retries included), jobs acknowledged, jobs given up. */
  accepted: number;
  delivered: number;
  acked: number;
  dead: number;
  /** Acknowledged jobs that were put in line once more by `redeliverShare`. */
  redelivered: number;
  waiting: number;
  inflight: number;
  /** Deliveries in flight at the same time, at most, so far. */
  maxInflight: number;
}

export interface Queue {
  definition: CreateQueue;
  enqueue(jobs: unknown[]): void;
  setRate(rate: Rate): void;
  setActive(active: boolean): void;
  popDead(count: number): string[];
  deadLetters(): string[];
  /** Those that wait or are being delivered. */
  jobs(): string[];
  /** Deliveries started in the last whole second. */
  currentRate(): number;
  record(): QueueRecord;
  close(): void;
}

interface Job {
  body: string;
  repeat: boolean;
}

/** A queue promises the value, not the text: keys come out in another order than they went in. */
function reencode(job: unknown): string {
  return JSON.stringify(job, (_key, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A late timer owes the deliveries of this long; an idle queue owes none, but for the rounding of the clock. */
const TIMER_LATE_MS = 50;
const CLOCK_ROUNDING_MS = 2;

/**
 * One queue: `deliver` is called at `msgPerSecond`, at most `maxInflight` at a time, and says whether it was
 * acknowledged. A refused job keeps its place in flight for its retries, as documented for `maxInflight: 1`.
 */
export function openQueue(
  definition: CreateQueue,
  deps: { deliver(body: string): Promise<boolean>; redeliver(): boolean },
): Queue {
  let { rate, active } = definition;
  let line: Job[] = [];
  let head = 0;
  let nextAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let second = { at: 0, count: 0, previous: 0 };
  const dead: string[] = [];
  const current = new Set<Job>();
  const counts = {
    accepted: 0,
    delivered: 0,
    acked: 0,
    dead: 0,
    redelivered: 0,
    inflight: 0,
    maxInflight: 0,
  };

  const take = (): Job => {
    const job = line[head] as Job;
    head += 1;
    if (head > 1000 && head * 2 > line.length) {
      line = line.slice(head);
      head = 0;
    }
    return job;
  };

  const tick = () => {
    const at = Math.floor(Date.now() / 1000);
    if (at !== second.at) second = { at, count: 0, previous: at - second.at === 1 ? second.count : 0 };
    return second;
  };

  const run = async (job: Job) => {
    for (let attempt = 0; attempt <= RETRIES && !closed; attempt += 1) {
      counts.delivered += 1;
      tick().count += 1;
      if (!(await deps.deliver(job.body))) continue;
      if (job.repeat) return;
      counts.acked += 1;
      if (deps.redeliver()) {
        counts.redelivered += 1;
        line.push({ ...job, repeat: true });
      }
      return;
    }
    if (closed || job.repeat) return;
    counts.dead += 1;
    dead.push(job.body);
  };

  const pump = (owedMs = CLOCK_ROUNDING_MS): void => {
    clearTimeout(timer);
    timer = undefined;
    while (active && !closed && head < line.length && counts.inflight < rate.maxInflight) {
      const now = Date.now();
      if (nextAt > now) {
        timer = setTimeout(pump, nextAt - now, TIMER_LATE_MS);
        return;
      }
      nextAt = Math.max(nextAt, now - owedMs) + 1000 / rate.msgPerSecond;
      counts.inflight += 1;
      counts.maxInflight = Math.max(counts.maxInflight, counts.inflight);
      const job = take();
      current.add(job);
      run(job)
        .catch((error: unknown) => console.error("sandbox: a delivery failed:", error))
        .finally(() => {
          current.delete(job);
          counts.inflight -= 1;
          pump();
        });
    }
  };

  return {
    definition,
    enqueue(jobs) {
      counts.accepted += jobs.length;
      for (const job of jobs) line.push({ body: reencode(job), repeat: false });
      pump();
    },
    setRate(wanted) {
      rate = wanted;
      definition.rate = wanted;
      nextAt = 0;
      pump();
    },
    setActive(wanted) {
      active = wanted;
      definition.active = wanted;
      pump();
    },
    popDead: (count) => dead.splice(0, count),
    deadLetters: () => [...dead],
    jobs: () => [...current, ...line.slice(head)].map(({ body }) => body),
    currentRate: () => tick().previous,
    record: () => ({ ...counts, waiting: line.length - head }),
    close() {
      closed = true;
      line = [];
      head = 0;
      clearTimeout(timer);
    },
  };
}
