import { ConnectorError } from "../lib/errors.ts";
import type { Runtime } from "../lib/runtime.ts";

/** What was promised before (callbacks of the queue, webhooks of Vonage) goes before what is new. */
export type Line = "job" | "webhook" | "send";

/** Who is served when there is more to do than the processor can. */
export interface Admission {
  /** Throws ConnectorError `overloaded` (503) when whoever comes now would not get a turn in time. */
  demandRoom(line: Line): void;
  /** Does the work now, or when it is its turn. Rejects as `demandRoom` throws. */
  inTurn<T>(line: Line, work: () => Promise<T>): Promise<T>;
  /** A connection was taken: there may be more. */
  connected(): void;
}

/** In one round of the event loop so much work of each rank is begun: everything under way goes on once a round. */
const SLICE_MS = 3;
/** Node takes one new connection a round. While they come, rounds are as short as can be. */
const SLICE_WHILE_CONNECTING_MS = 0.3;
/** After a rest nothing is begun for so long while they come: 1,500 at once would otherwise wait for all that each sets off. */
const CONNECTING_FIRST_MS = 400;
/** What is begun needs about so many rounds until it is answered. */
const ROUNDS_TO_ANSWER = 4;
/** Vonage comes again after a webhook is refused, and the platform of a send has five seconds. */
const LONGEST_WAIT_MS = { webhook: 3_000, send: 1_000 };
/** For so long somebody may always wait, and it is a burst; after that, what waits only makes every answer later. */
const BURST_MS = 750;
const LONGEST_WAIT_AFTER_BURST_MS = 500;

interface Entry {
  since: number;
  longestMs: number;
  begin(): void;
  refuse(error: ConnectorError): void;
}

/**
 * While the work of a round fits into a slice nobody waits, and nothing is counted. Past that requests stand in line:
 * promised work first, sends beside it in a burst and behind it in an overload. Who would wait for too long is refused
 * at once, judged by what stands in line before it and by the length of the event loop's rounds.
 */
export function createAdmission(runtime: Pick<Runtime, "monotonic" | "setImmediate">): Admission {
  const { monotonic } = runtime;
  const promised = createFifo<Entry>();
  const sends = createFifo<Entry>();
  /** When this round's slice began; undefined while there is nothing to do. */
  let sliceFrom: number | undefined;
  let roundFrom = 0;
  let roundMs = 0;
  let busySince = 0;
  let isConnecting = false;

  const lineOf = (line: Line) => (line === "send" ? sends : promised);
  const isBurst = (now: number) => now - busySince < BURST_MS;

  function longestWaitMs(line: Line, now: number): number {
    if (line === "job") return Number.POSITIVE_INFINITY;
    return line === "send" && !isBurst(now) ? LONGEST_WAIT_AFTER_BURST_MS : LONGEST_WAIT_MS[line];
  }

  /** The first in line has waited for so long, and whoever comes now will not wait for less. */
  function hasRoom(line: Line, now: number): boolean {
    const first = lineOf(line).first();
    return !first || now - first.since + ROUNDS_TO_ANSWER * roundMs <= longestWaitMs(line, now);
  }

  function sliceMs(now: number): number {
    if (!isConnecting) return SLICE_MS;
    return now - busySince < CONNECTING_FIRST_MS ? 0 : SLICE_WHILE_CONNECTING_MS;
  }

  const isLate = (first: Entry | undefined, now: number) =>
    first !== undefined && now - first.since > longestWaitMs("send", now);

  function startRound(now: number): void {
    roundFrom = now;
    sliceFrom = now;
    runtime.setImmediate(round);
  }

  /** Once everything that came in this round was looked at. */
  function round(): void {
    const now = monotonic();
    roundMs = now - roundFrom;
    while (isLate(sends.first(), now)) sends.take()?.refuse(overloaded());
    const wasBurst = isBurst(now);
    const most = sliceMs(now);
    isConnecting = false;
    begin(promised, now, most);
    if (promised.size() === 0 || wasBurst) begin(sends, monotonic(), most);
    if (promised.size() + sends.size() > 0) {
      startRound(now);
    } else {
      sliceFrom = undefined;
      roundMs = 0;
    }
  }

  /** A slice of it. */
  function begin(line: typeof sends, from: number, most: number): void {
    while (line.size() > 0 && monotonic() - from < most) {
      const entry = line.take() as Entry;
      if (from - entry.since > entry.longestMs) entry.refuse(overloaded());
      else entry.begin();
    }
  }

  return {
    connected() {
      isConnecting = sliceFrom !== undefined;
    },
    demandRoom(line) {
      if (sliceFrom !== undefined && !hasRoom(line, monotonic())) throw overloaded();
    },
    inTurn(line, work) {
      const now = monotonic();
      if (sliceFrom === undefined) {
        busySince = now;
        startRound(now);
      }
      const own = lineOf(line);
      const isFirst = own.size() === 0 && (line !== "send" || promised.size() === 0);
      if (isFirst && now - (sliceFrom as number) < sliceMs(now)) return work();
      if (!hasRoom(line, now)) return Promise.reject(overloaded());
      return new Promise((resolve, refuse) => {
        own.add({
          ...{ since: now, longestMs: longestWaitMs(line, now), refuse },
          begin: () => void work().then(resolve, refuse),
        });
      });
    },
  };
}

const overloaded = () =>
  new ConnectorError("overloaded", "The connector has more to do than it can", { retryable: true });

function createFifo<T>() {
  let items: T[] = [];
  let head = 0;
  return {
    size: () => items.length - head,
    first: () => items[head],
    add: (item: T) => void items.push(item),
    take(): T | undefined {
      const item = items[head++];
      if (head >= items.length || head > 1_000) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
