import { z } from "zod";
import { control } from "../control.ts";
import type { Credentials } from "../credentials.ts";
import { createFaults, Fault } from "../faults.ts";
import { type SandboxNetwork, SOCKETS } from "../network.ts";
import { createRandom } from "../random.ts";
import { type Reply, type SandboxRequest, saysJson } from "../server.ts";
import { createAuthCheck } from "./auth.ts";
import { CALLBACK_TIMEOUT_MS, PROVIDERS, type Provider } from "./contract.ts";
import { createDelivery } from "./delivery.ts";
import { createMessaging, type Subscribed } from "./messaging.ts";
import type { QueueRecord } from "./queue.ts";
import { createQueueService } from "./queue-service.ts";
import { createState, type StateStore } from "./state.ts";

export interface VcrOptions {
  credentials: Credentials;
  /** 0, the default, takes any free port. */
  port?: number;
  /** Base URLs of the instance's replicas, served in turn. */
  apps?: string[];
  /** When given, the tokens must name this instance service. */
  serviceName?: string;
  seed?: number;
  callbackTimeoutMs?: number;
  /** How long a delivery waits while no replica is reachable before it counts as failed. */
  unreachableMs?: number;
  /** How long each provider takes for an answer, in milliseconds; 0 by default. */
  delays?: Partial<Record<Provider, number | undefined>>;
  /** Takes what the SDK sends to the log service unless told otherwise, as the real one does; else it is held against the connector. */
  takesLogs?: boolean;
  /** Clock of the State's expiry, epoch milliseconds. */
  now?: () => number;
  /** Sockets by default. */
  network?: SandboxNetwork;
}

export interface VcrRecords {
  /** Calls by provider and operation, refused ones included. */
  calls: Record<string, Record<string, number>>;
  queues: Record<string, QueueRecord>;
  subscriptions: Subscribed[];
  /** What a well-behaved connector never does, in words. */
  violations: string[];
}

export interface Vcr {
  url: string;
  stop(): Promise<void>;
  /** Replaces the replicas that queue callbacks go to. */
  setApps(urls: string[]): void;
  setFault(provider: Provider, fault: Fault | null): void;
  /** Share of acknowledged jobs that are delivered a second time. */
  setRedeliverShare(share: number): void;
  records(): VcrRecords;
  /** Runs a State operation without HTTP, to look at or prepare what is stored. */
  state: StateStore["run"];
  /** State loses the keys that begin so; everything by default. */
  emptyState(prefix?: string): void;
  stored: StateStore["all"];
  /** Bodies of the jobs that were given up. */
  deadLetters(queue: string): string[];
  /** Bodies of the jobs that wait or are being delivered. */
  jobs(queue: string): string[];
}

const Providers = z.enum(PROVIDERS);

/** The provider a request is for: `func=` in the debug form, else the host name. */
function providerOf(request: SandboxRequest): Provider | undefined {
  const target = request.query.get("func") ?? absoluteHost(request) ?? request.headers.host ?? "";
  return Providers.safeParse(target.replace(/\.[^.]+$/, "")).data;
}

function absoluteHost(request: SandboxRequest): string | undefined {
  const url = request.raw.url ?? "";
  return url.startsWith("http") ? new URL(url).hostname : undefined;
}

/** A local Vonage Cloud Runtime: the providers on the wire, as the unmodified SDK calls them. */
export async function startVcr(options: VcrOptions): Promise<Vcr> {
  const { credentials, callbackTimeoutMs = CALLBACK_TIMEOUT_MS, unreachableMs = 60_000 } = options;
  const { network = SOCKETS } = options;
  const random = createRandom(options.seed);
  const faults = createFaults<Provider>(random, options.delays);
  const checkAuth = createAuthCheck(credentials, options.serviceName);
  const calls: VcrRecords["calls"] = {};
  const violations: string[] = [];
  let redeliverShare = 0;

  const delivery = createDelivery({
    credentials,
    apps: options.apps ?? [],
    timeoutMs: callbackTimeoutMs,
    unreachableMs,
    network,
  });
  const queues = createQueueService({
    deliver: (definition, body) => delivery.deliver(definition.name, definition.callback, body),
    redeliver: () => random.chance(redeliverShare),
  });
  const state = createState(options.now ?? Date.now);
  const messaging = createMessaging();

  const count = (provider: string, operation: string) => {
    calls[provider] ??= {};
    calls[provider][operation] = (calls[provider][operation] ?? 0) + 1;
  };

  const complain = async (provider: Provider): Promise<Reply> => {
    if (options.takesLogs) return { status: 200, body: { status: "ok" } };
    const violation = `a call to ${provider}: it would copy payloads, phone numbers included, to the platform's logs`;
    violations.push(violation);
    console.error(`sandbox: VIOLATION ${violation}`);
    return { status: 200, body: { status: "ok" } };
  };

  const providers: Record<Provider, (request: SandboxRequest) => Promise<Reply>> = {
    "queue-service": (request) => queues.handle(request),
    "client-persistence-api": async (request) => {
      if (request.method !== "POST" || request.path !== "/") return { status: 404 };
      const { operation, reply } = state.handle(await request.read());
      count("client-persistence-api", operation);
      return reply;
    },
    "vonage-messaging": (request) => messaging.handle(request),
    "logs-submission": () => complain("logs-submission"),
    "events-submission": () => complain("events-submission"),
  };

  const records = (): VcrRecords => ({
    calls,
    queues: queues.records(),
    subscriptions: messaging.subscriptions(),
    violations,
  });

  const setApps = (urls: string[]) => delivery.setApps(urls);
  const setRedeliverShare = (share: number) => {
    redeliverShare = share;
  };
  const controls = {
    "GET /records": records,
    "GET /faults": () => faults.all(),
    "PUT /faults": (body: unknown) => {
      const wanted = z.partialRecord(Providers, Fault.nullable()).parse(body);
      for (const [name, fault] of Object.entries(wanted)) faults.set(name as Provider, fault ?? null);
    },
    "PUT /apps": (body: unknown) => setApps(z.array(z.url()).parse(body)),
    "PUT /redeliver-share": (body: unknown) => setRedeliverShare(z.number().min(0).max(1).parse(body)),
  };

  const server = await network.serve(options.port ?? 0, async (request) => {
    const controlled = await control(request, controls);
    if (controlled !== undefined) return controlled;
    const provider = providerOf(request);
    if (provider === undefined) return { status: 404, body: { error: "no such provider" } };
    if (provider !== "client-persistence-api") {
      count(provider, `${request.method} ${request.path.replace(/^\/queue\/[^/]+/, "/queue/{name}")}`);
    }
    const fault = await faults.apply(provider);
    if (fault !== undefined) return fault;
    const refusal = checkAuth(request);
    if (refusal !== undefined) return { status: 401, body: { error: refusal } };
    if (!saysJson(request)) return { status: 415, body: { error: "Content-Type is not application/json" } };
    return providers[provider](request);
  });

  return {
    url: server.url,
    async stop() {
      queues.stop();
      await Promise.all([delivery.stop(), server.stop()]);
    },
    setApps,
    setFault: (provider, fault) => faults.set(provider, fault),
    setRedeliverShare,
    records,
    state: state.run,
    emptyState: state.forget,
    stored: state.all,
    deadLetters: (queue) => queues.get(queue)?.deadLetters() ?? [],
    jobs: (queue) => queues.get(queue)?.jobs() ?? [],
  };
}
