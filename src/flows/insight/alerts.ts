import type { State } from "../../core/ports.ts";
import { ALERTS } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Runtime, Timer } from "../../lib/runtime.ts";
import type { Condition } from "./conditions.ts";
import { parsedJson } from "./sums.ts";

export interface AlertPorts {
  /** What is wrong now. */
  look(): Promise<Condition[]>;
  /** Posts one alert; rejects when nobody took it. */
  post(alert: Alert): Promise<void>;
  state: State;
  self: string;
  /** Where the console is; undefined where nobody knows. */
  consoleUrl: string | undefined;
  /** What the instance is called. */
  instance: string;
  runtime: Runtime;
  log: Log;
}

/** What is posted; `text` is what chats show. */
export interface Alert {
  text: string;
  state: "firing" | "over";
  alert: string;
  instance: string;
  since: string;
  remedy: string;
  link: string | undefined;
}

export interface Alerts {
  start(): void;
  /** One look, by whoever has the lease. */
  look(): Promise<void>;
  stop(): void;
}

const PERIOD_MS = 60_000;
/** A replica that died leaves the looking to another one after this long. */
const LEASE_MS = 150_000;
/** Gone for so many looks, it is over. */
const LOOKS_UNTIL_OVER = 2;

interface Known extends Pick<Condition, "what" | "remedy" | "page"> {
  since: number;
  isTold: boolean;
  missed: number;
}

/** A template may have any name, and a chat would take some for commands of its own. */
const plain = (words: string) => words.replace(/[<>&@\p{C}]/gu, " ").slice(0, MOST_TEXT);
const MOST_TEXT = 1_000;

/**
 * Tells of each condition once, and once when it is over. One replica looks at a time, by a lease which is read and
 * then written; what was told stands in State, for the one that goes on. Where two ask for the lease in one moment, or
 * while State is away, a condition may be told by each of them.
 */
export function createAlerts({ look, post, state, self, ...ports }: AlertPorts): Alerts {
  const { consoleUrl, instance, runtime, log } = ports;
  const { now } = runtime;
  let known = new Map<string, Known>();
  let wasMine = false;
  let timer: Timer | undefined;
  let isStopped = false;
  let current: Promise<void> | undefined;

  /** With State away everybody looks for himself: it is what there is to tell. */
  async function isMine(): Promise<boolean> {
    try {
      const lease = parsedJson(await state.read(ALERTS, "lease")) as
        | { by?: string; until?: number }
        | undefined;
      if (lease?.by !== self && Number(lease?.until ?? 0) > now()) return false;
      await state.write(ALERTS, "lease", JSON.stringify({ by: self, until: now() + LEASE_MS }));
      if (!wasMine || known.size === 0) {
        const told = parsedJson(await state.read(ALERTS, "known"));
        known = new Map([...(Array.isArray(told) ? (told as [string, Known][]) : []), ...known]);
      }
      return true;
    } catch {
      return true;
    }
  }

  async function tell(
    key: string,
    { what, remedy, page, since }: Known,
    is: Alert["state"],
  ): Promise<boolean> {
    const link = consoleUrl === undefined ? undefined : `${consoleUrl}/${page}`;
    const words = is === "over" ? `Over: ${what}` : `${what}. What to do: ${remedy}`;
    const text = [`[${instance}] ${plain(words)}`, ...(link ? [link] : [])].join("\n");
    try {
      const at = new Date(since).toISOString();
      await post({ text, state: is, alert: key, instance, since: at, remedy, link });
      log.info({ alert: key, state: is }, "Alert told");
      return true;
    } catch (error) {
      log.warn(
        { alert: key, state: is, ...loggableError(error) },
        "An alert could not be told: trying again",
      );
      return false;
    }
  }

  async function once(): Promise<void> {
    const mine = await isMine();
    if (!mine) known.clear();
    wasMine = mine;
    if (!mine) return;
    const before = JSON.stringify([...known]);
    const found = await look();
    for (const { key, what, remedy, page, afterMs } of found) {
      const one = known.get(key) ?? { what, remedy, page, since: now(), isTold: false, missed: 0 };
      known.set(key, Object.assign(one, { missed: 0 }));
      if (!one.isTold && now() - one.since >= afterMs)
        one.isTold = await tell(key, { ...one, what }, "firing");
    }
    const keys = new Set(found.map(({ key }) => key));
    for (const [key, one] of known) {
      if (keys.has(key) || ++one.missed < LOOKS_UNTIL_OVER) continue;
      if (!one.isTold || (await tell(key, one, "over"))) known.delete(key);
    }
    const after = JSON.stringify([...known]);
    if (after !== before) await state.write(ALERTS, "known", after).catch(() => undefined);
  }

  function lookNow(): Promise<void> {
    current ??= once()
      .catch((error) => log.debug(loggableError(error), "Nobody can say now what is wrong"))
      .finally(() => {
        current = undefined;
      });
    return current;
  }

  function lookLater(): void {
    timer = runtime.setTimeout(() => void lookNow().then(lookLater), PERIOD_MS);
    timer.unref();
    if (isStopped) runtime.clearTimeout(timer);
  }

  return {
    look: lookNow,
    start: lookLater,
    stop() {
      isStopped = true;
      runtime.clearTimeout(timer);
    },
  };
}
