import { createHash } from "node:crypto";
import { edgeOf, nameOf } from "./edges.ts";
import { chance } from "./hash.ts";
import type { Event, Owner, Scheduler } from "./scheduler.ts";
import type { Edge, Fault } from "./world.ts";

export interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Infinite for a caller that gives up by itself. */
  deadlineMs: number;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** `refused`: no byte of it left. */
export type Result = Answer | { failure: "refused" | "timeout" | "broken" };

export interface Host {
  owner: Owner;
  /** Undefined where nobody will ever answer, `reset` where the connection is lost. */
  handle(request: Request): Promise<Answer | "hang" | "reset">;
}

/** One exchange as it was seen at both ends. */
export interface Exchange {
  number: number;
  from: Owner;
  to: string;
  edge: Edge;
  request: Request;
  leftAt: number;
  arrivedAt?: number;
  doneAt?: number;
  /** What the callee answered. */
  answer?: Answer;
  endedAt?: number;
  /** What the caller saw. */
  result?: Result;
  faults: string[];
}

export interface Net {
  host(name: string, host: Host): void;
  unhost(name: string, owner: Owner): void;
  /** Who answers under an address that several share. */
  route(name: string, pick: (request: Request) => string | undefined): void;
  /** `opened` is called once there is a connection, with what gives the exchange up. */
  exchange(from: Owner, request: Request, opened?: (giveUp: () => void) => void): Promise<Result>;
  /** Whatever it has in hand is lost. */
  kill(owner: Owner): void;
  /** A hash of everything that crossed so far, in order. */
  trace(): string;
  count(): number;
}

export interface NetOptions {
  seed: number;
  scheduler: Scheduler;
  faults(): readonly (Fault & { edge: Edge })[];
  /** Asked when an exchange leaves and when its work is done; true: its caller has died of it. */
  kills(from: Owner, isDone: boolean): boolean;
  onLeave(exchange: Exchange): void;
  onArrive(exchange: Exchange): void;
  onDone(exchange: Exchange): void;
  onEnd(exchange: Exchange): void;
  /** Nobody listens there. */
  missed(host: string): void;
  fakeFailed(error: unknown): void;
  traced?: ((line: string) => void) | undefined;
}

const LATENCY_MS = [1, 12] as const;
/** As long as anybody waits for a connection. */
const CONNECT_MS = 3_000;
/** Connections that a caller keeps, each of which is found to be dead once. */
const KEPT_CONNECTIONS = 8;

const PAGE: Answer = {
  status: 200,
  headers: { "content-type": "text/html" },
  text: "<html>It works!</html>",
};
const sha = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 12);

/** Everything that anybody says to anybody, with what may happen to it on its way. */
export function createNet(options: NetOptions): Net {
  const { seed, scheduler } = options;
  const hosts = new Map<string, Host>();
  const routes = new Map<string, (request: Request) => string | undefined>();
  const open = new Map<Owner, Set<(result: Result) => void>>();
  const times = new Map<string, number>();
  const dead = new Map<string, number>();
  const hashed = createHash("sha256");
  let count = 0;

  function trace(line: string): void {
    const whole = `${scheduler.now()} ${line}`;
    hashed.update(`${whole}\n`);
    options.traced?.(whole);
  }

  /** Whether the connection that is taken is one of those that were cut without a word. */
  function isDead(from: Owner, fault: (Fault & { edge: Edge }) | undefined): boolean {
    if (!fault) return false;
    const key = `${from.name} ${fault.edge} ${fault.at}`;
    const before = dead.get(key) ?? 0;
    dead.set(key, before + 1);
    return before < KEPT_CONNECTIONS;
  }

  function exchange(from: Owner, request: Request, opened?: (giveUp: () => void) => void): Promise<Result> {
    const url = new URL(request.url);
    const edge = edgeOf(url, request.method);
    const short = nameOf(edge, request, url);
    const nth = (times.get(short) ?? 0) + 1;
    times.set(short, nth);
    const name = `${short} ${nth}`;
    const number = ++count;
    const seen: Exchange = {
      ...{ number, from, edge, request, to: url.hostname, faults: [] },
      leftAt: scheduler.now(),
    };
    const between = (what: string, least: number, most: number) =>
      least + Math.floor(chance(seed, name, what) * (most - least + 1));
    const striking = new Map(
      options
        .faults()
        .filter((fault) => fault.edge === edge && "share" in fault)
        .filter((fault) => "share" in fault && chance(seed, name, fault.kind, fault.at) < fault.share)
        .map((fault) => [fault.kind as string, fault as Extract<Fault, { edge: Edge }>]),
    );
    const strikes = (kind: string) => {
      const fault = striking.get(kind);
      if (fault) seen.faults.push(kind);
      return fault;
    };

    return new Promise((resolve) => {
      if (!from.isAlive || options.kills(from, false)) return;
      options.onLeave(seen);
      trace(
        `${number} ${from.name} > ${url.hostname}${url.pathname} ${edge} ${request.method} ${sha(request.body)}`,
      );
      let isOver = false;
      let deadline: Event | undefined;
      const mine = open.get(from) ?? new Set();
      open.set(from, mine);
      const end = (result: Result) => {
        if (isOver) return;
        isOver = true;
        if (deadline) scheduler.cancel(deadline);
        seen.endedAt = scheduler.now();
        seen.result = result;
        trace(`${number} = ${"failure" in result ? result.failure : `${result.status} ${sha(result.text)}`}`);
        options.onEnd(seen);
        resolve(result);
      };
      const endLater = (ms: number, result: Result) => void scheduler.after(ms, from, () => end(result));
      const isUnreachable = strikes("unreachable") !== undefined;
      const isRefused = strikes("refused") !== undefined || isUnreachable;
      if (Number.isFinite(request.deadlineMs))
        deadline = scheduler.after(request.deadlineMs, from, () =>
          end({ failure: isRefused ? "refused" : "timeout" }),
        );
      if (isRefused)
        return endLater(isUnreachable ? CONNECT_MS : between("there", ...LATENCY_MS), { failure: "refused" });
      opened?.(() => end({ failure: "timeout" }));
      if (isDead(from, striking.get("half-open"))) {
        seen.faults.push("half-open");
        return endLater(striking.get("half-open")?.ms ?? 0, { failure: "broken" });
      }
      const error = strikes("error");
      const there = between("there", ...LATENCY_MS) + (strikes("slow")?.ms ?? 0);
      const back = between("back", ...LATENCY_MS) + (strikes("late")?.ms ?? 0);
      if (strikes("hang")) return;
      if (strikes("broken")) return endLater(there, { failure: "broken" });
      if (error) {
        const text = '{"message":"out of order"}';
        const headers = { "content-type": "application/json" };
        return endLater(there + back, { status: error.status ?? 503, headers, text });
      }
      if (strikes("lie")) return endLater(there + back, PAGE);
      const isLost = strikes("lost") !== undefined;
      arrive(there, (result) => {
        if (isLost) return;
        endLater(back, result);
      });
      const double = strikes("double");
      if (double) arrive(there + (double.ms ?? 5), () => undefined, true);
    });

    function arrive(ms: number, then: (result: Result) => void, isSecond = false): void {
      scheduler.after(ms, WORLD, () => {
        const target = routes.has(url.hostname) ? routes.get(url.hostname)?.(request) : url.hostname;
        const host = target === undefined ? undefined : hosts.get(target);
        if (!host?.owner.isAlive) {
          options.missed(target ?? url.hostname);
          return then({ failure: "refused" });
        }
        scheduler.after(0, host.owner, () => {
          if (!isSecond) [seen.arrivedAt, seen.to] = [scheduler.now(), target as string];
          trace(`${number}${isSecond ? "b" : ""} @ ${target}`);
          if (!isSecond) options.onArrive(seen);
          const callees = open.get(host.owner) ?? new Set();
          open.set(host.owner, callees);
          let isAnswered = false;
          const answer = (result: Result) => {
            if (isAnswered) return;
            isAnswered = true;
            callees.delete(answer);
            if (!isSecond) {
              seen.doneAt = scheduler.now();
              if ("status" in result) seen.answer = result;
              options.onDone(seen);
              if (options.kills(from, true)) return;
            }
            then(result);
          };
          callees.add(answer);
          host.handle(request).then(
            (reply) => {
              if (reply !== "hang") answer(reply === "reset" ? { failure: "broken" } : reply);
            },
            (thrown) => {
              options.fakeFailed(thrown);
              answer({ failure: "broken" });
            },
          );
        });
      });
    }
  }

  return {
    host: (name, host) => void hosts.set(name, host),
    unhost(name, owner) {
      if (hosts.get(name)?.owner === owner) hosts.delete(name);
    },
    route: (name, pick) => void routes.set(name, pick),
    exchange,
    kill(owner) {
      owner.isAlive = false;
      owner.diedAt = scheduler.now();
      for (const answer of open.get(owner) ?? []) answer({ failure: "broken" });
      open.delete(owner);
    },
    trace: () => hashed.copy().digest("hex").slice(0, 32),
    count: () => count,
  };
}

/** Whatever belongs to nobody. */
export const WORLD: Owner = { name: "world", isAlive: true, pausedUntil: 0 };
