import type { Express } from "express";
import { type Connector, type Network, start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ConnectorError } from "../../src/lib/errors.ts";
import type { Runtime, Timer } from "../../src/lib/runtime.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { call } from "./express.ts";
import { uuidOf } from "./globals.ts";
import { hash } from "./hash.ts";
import { type Net, WORLD } from "./net.ts";
import type { Event, Owner, Scheduler } from "./scheduler.ts";

/** One life of a connector's process. */
export interface Replica {
  owner: Owner;
  slot: number;
  /** Resolves once it listens. */
  started: Promise<unknown>;
  isListening(): boolean;
  stop(): Promise<void>;
}

export interface ReplicaOptions {
  seed: number;
  slot: number;
  /** How often there was one in this place before. */
  life: number;
  skewMs(): number;
  scheduler: Scheduler;
  net: Net;
  env: Record<string, string>;
  log(line: string, owner: Owner): void;
}

type RuntimeTimer = Timer & { event: Event | undefined };

function createRuntime(owner: Owner, { seed, scheduler, skewMs }: ReplicaOptions): Runtime {
  const random = createRandom(hash(seed, owner.name));
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random.between(0, 255)));
  const timer = (): RuntimeTimer => ({ event: undefined, unref: () => undefined });
  const clear = (given: Timer | undefined) => {
    const { event } = (given ?? {}) as Partial<RuntimeTimer>;
    if (event) scheduler.cancel(event);
  };
  return {
    now: () => scheduler.now() + skewMs(),
    monotonic: () => scheduler.now(),
    setTimeout(work, ms) {
      const made = timer();
      made.event = scheduler.after(ms, owner, work);
      return made;
    },
    clearTimeout: clear,
    setInterval(work, ms) {
      const made = timer();
      const arm = () => {
        made.event = scheduler.after(ms, owner, () => {
          arm();
          work();
        });
      };
      arm();
      return made;
    },
    clearInterval: clear,
    setImmediate: (work) => void setImmediate(() => owner.isAlive && work()),
    random: random.next,
    randomBytes: bytes,
    uuid: () => uuidOf(bytes(16)),
  };
}

const CLOSE_GRACE_MS = 500;
/** What the platform gives a process before it ends it. */
const STOP_MS = 12_000;

export function startReplica(options: ReplicaOptions): Replica {
  const { slot, net, scheduler, env } = options;
  const owner: Owner = { name: `r${slot}.${options.life}`, isAlive: true, pausedUntil: 0 };
  const host = `r${slot}.sim`;
  const runtime = createRuntime(owner, options);
  let isListening = false;

  const createHttpClient: Network["createHttpClient"] = () => {
    const inFlight = new Set<Promise<unknown>>();
    let isClosed = false;
    return {
      request({ method, url, headers = {}, body = "", deadlineMs }) {
        const work = (async () => {
          const fail = (code: "not_sent" | "no_answer", reason: string) =>
            new ConnectorError(
              code,
              code === "not_sent" ? "The request did not leave" : "No answer arrived in time",
              {
                retryable: true,
                detail: { reason },
              },
            );
          if (isClosed) throw fail("not_sent", "UND_ERR_DESTROYED");
          const result = await net.exchange(owner, { method, url, headers, body, deadlineMs });
          if ("failure" in result) {
            if (result.failure === "refused") throw fail("not_sent", "ECONNREFUSED");
            throw fail("no_answer", result.failure === "timeout" ? "TimeoutError" : "ECONNRESET");
          }
          return result;
        })();
        inFlight.add(work);
        const end = () => inFlight.delete(work);
        work.then(end, end);
        return work;
      },
      async close() {
        const grace = new Promise<void>((resolve) => runtime.setTimeout(resolve, CLOSE_GRACE_MS));
        await Promise.race([Promise.allSettled(inFlight), grace]);
        isClosed = true;
      },
    };
  };

  const listen: Network["listen"] = async (app: Express) => {
    const inHand = new Set<Promise<unknown>>();
    isListening = true;
    net.host(host, {
      owner,
      handle(request) {
        const { pathname, search } = new URL(request.url);
        const work = call(app, { ...request, url: pathname + search });
        inHand.add(work);
        const end = () => inHand.delete(work);
        work.then(end, end);
        return work;
      },
    });
    return {
      port: 80,
      async stop(graceMs) {
        isListening = false;
        net.unhost(host, owner);
        const grace = new Promise<void>((resolve) => runtime.setTimeout(resolve, graceMs));
        await Promise.race([Promise.allSettled(inHand), grace]);
      },
    };
  };

  let connector: Connector | undefined;
  const log = { write: (line: string) => options.log(line, owner) };
  const started = start(parseConfig(env), log, runtime, { createHttpClient, listen }).then((running) => {
    connector = running;
  });
  return {
    owner,
    slot,
    started,
    isListening: () => isListening && owner.isAlive,
    async stop() {
      if (!owner.isAlive) return;
      const late = new Promise<void>((resolve) => {
        // The world's own: one that is killed meanwhile does not come to an end by itself.
        scheduler.after(STOP_MS, WORLD, resolve);
      });
      await Promise.race([started.then(() => connector?.stop()), late]);
      net.kill(owner);
    },
  };
}
