import { watchBounds } from "./check/bounds.ts";
import { watchConsent } from "./check/consent.ts";
import { watchContent, watchDurability, watchLog, watchTime } from "./check/durable.ts";
import { watchReports } from "./check/reports.ts";
import { watchSends } from "./check/sends.ts";
import type { CheckedWorld, Finding, Watched, Watcher } from "./check/watch.ts";
import { isOk, parsed } from "./check/wire.ts";
import type { Exchange } from "./net.ts";

/** What crosses, for whoever wants to know; all that was found is asked for once, when the world is over. */
export interface Checker extends Required<Omit<Watcher, "log" | "atTheEnd">> {
  log(line: string): void;
  findings(): Finding[];
  /** Accepted messages that have no final report and must get one. */
  waiting(): string[];
  /** What a decision record admits, by what it is. */
  admitted(): Record<string, number>;
}

/**
 * What waits behind a call of State that takes longer, and then takes as long, has been given up: after 2.5 s in all a
 * report goes on without State (docs/decisions/0012).
 */
const SLOW_STATE_MS = 1_100;

/** Watches what crosses, from outside the product, and says what must not have been. */
export function createChecker(checked: CheckedWorld): Checker {
  const { now, losses } = checked;
  const found: Finding[] = [];
  const admitted: Record<string, number> = {};
  /** When somebody's call of State went wrong or was slow, by when it ended. */
  const away: { from: number; to: number }[] = [];
  /** When a job did not reach the queue for sure. */
  const notTaken: number[] = [];
  const watched: Watched = {
    ...checked,
    say: (invariant, detail) => void found.push({ invariant, detail, at: now() }),
    admit(what) {
      admitted[what] = (admitted[what] ?? 0) + 1;
    },
    wasStateAway: (from, to) => away.some((one) => one.from <= to && one.to >= from),
    wasQueueAway: (from, to) => notTaken.some((at) => at >= from && at <= to),
    wasLost: (key, from, to) =>
      losses.some(({ at, prefix }) => from <= at && at <= to && key.startsWith(prefix)),
  };
  const state: Watcher = {
    onEnd(exchange) {
      const { edge, leftAt, endedAt = leftAt, faults } = exchange;
      // A page in place of an answer has status 200 as well.
      const isTaken = isOk(exchange) && !faults.includes("lie");
      if (edge === "enqueue" && !isTaken) notTaken.push(endedAt);
      if (edge === "state" && (!isTaken || endedAt - leftAt > SLOW_STATE_MS))
        away.push({ from: leftAt, to: endedAt });
    },
  };
  const reports = watchReports(watched);
  const watchers: Watcher[] = [
    ...[state, reports, watchConsent(watched), watchSends(watched), watchDurability(watched)],
    ...[watchTime(watched), watchLog(watched), watchContent(watched), watchBounds(watched)],
  ];
  const tell =
    <K extends "onLeave" | "onArrive" | "onDone" | "onEnd">(hook: K) =>
    (exchange: Exchange) => {
      for (const one of watchers) one[hook]?.(exchange);
    };
  return {
    onLeave: tell("onLeave"),
    onArrive: tell("onArrive"),
    onDone: tell("onDone"),
    onEnd: tell("onEnd"),
    look() {
      for (const one of watchers) one.look?.();
    },
    log(text) {
      const line = parsed(text) ?? { msg: text };
      for (const one of watchers) one.log?.(line);
    },
    findings() {
      for (const one of watchers) one.atTheEnd?.();
      return found;
    },
    waiting: reports.waiting,
    admitted: () => admitted,
  };
}
