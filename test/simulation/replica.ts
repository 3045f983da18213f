import type { Express } from "express";
import { type Connector, type Network, start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { createHttpClient } from "../../src/lib/http-client.ts";
import type { Runtime, Timer } from "../../src/lib/runtime.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { call } from "./express.ts";
import { uuidOf } from "./globals.ts";
import { hash } from "./hash.ts";
import { type Net, WORLD } from "./net.ts";
import { translated, VERSIONS } from "./releases.ts";
import type { Event, Owner, Scheduler } from "./scheduler.ts";
import { createSockets } from "./sockets.ts";

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
  /** Of the next release. */
  isNext: boolean;
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

const toHere = (text: string) => translated(text, VERSIONS.next, VERSIONS.here);

/** What it writes has the next release's format, and it reads both. */
function withOtherJobs(net: Net): Net {
  return {
    ...net,
    async exchange(from, request, opened) {
      const body = translated(request.body, VERSIONS.here, VERSIONS.next);
      const result = await net.exchange(from, { ...request, body }, opened);
      return "text" in result ? { ...result, text: toHere(result.text) } : result;
    },
  };
}

/** What the platform gives a process before it ends it. */
const STOP_MS = 12_000;

export function startReplica(options: ReplicaOptions): Replica {
  const { slot, scheduler, env } = options;
  const net = options.isNext ? withOtherJobs(options.net) : options.net;
  const owner: Owner = { name: `r${slot}.${options.life}`, isAlive: true, pausedUntil: 0 };
  const host = `r${slot}.sim`;
  const runtime = createRuntime(owner, options);
  let isListening = false;

  const openClient: Network["createHttpClient"] = (connections) =>
    createHttpClient(connections, { runtime, sockets: createSockets(owner, net, options.seed) });

  const listen: Network["listen"] = async (app: Express) => {
    const inHand = new Set<Promise<unknown>>();
    isListening = true;
    net.host(host, {
      owner,
      handle(request) {
        const { pathname, search } = new URL(request.url);
        const body = options.isNext ? toHere(request.body) : request.body;
        const work = call(app, { ...request, body, url: pathname + search });
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
  const started = start(parseConfig(env), log, runtime, { createHttpClient: openClient, listen }).then(
    (running) => {
      connector = running;
    },
  );
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
