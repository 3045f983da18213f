import { expect } from "@jest/globals";
import { start } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { Runtime } from "../../src/lib/runtime.ts";
import type { Connector } from "../../src/sandbox/connector.ts";
import type { MoEngage } from "../../src/sandbox/moengage/index.ts";
import type { FakePlatform } from "../../src/sandbox/platform.ts";
import type { PlatformName, Platforms } from "../../src/sandbox/platforms.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import type { Traffic, Vonage } from "../../src/sandbox/vonage/index.ts";
import { createWorld, type Runner, type World } from "../../src/sandbox/world.ts";
import { type Acts, createActs, credentials, until } from "./acts.ts";
import { WABA_NUMBER } from "./builders.ts";
import { type ConnectorProcess, endProcesses, startBuilt } from "./process.ts";
import { createSkippableRuntime } from "./skippable-runtime.ts";
import { type Call, createTaps, type Neighbour } from "./taps.ts";

export { AUTH, credentials, until, type WebhookOptions } from "./acts.ts";
export { runMain } from "./process.ts";

export const SERVICE_NAME = "neru-journey-connector";
export interface LogLine {
  level: string;
  msg: string;
  msg_id?: string;
  [field: string]: unknown;
}

export interface JourneyOptions {
  env?: Record<string, string>;
  traffic?: Partial<Traffic>;
  /** `none` leaves starting to the test; `unprepared` does not wait for the queues. */
  start?: "ready" | "unprepared" | "none";
  /** Platforms beside MoEngage. */
  platforms?: PlatformName[];
  /** Credentials of the platform's Data API. */
  dataApi?: boolean;
  /** Violations of the platform's contract, by rule, that this journey provokes on purpose. */
  allow?: string[];
}

export interface Journey extends Acts {
  vcr: Vcr;
  vonage: Vonage;
  moengage: MoEngage;
  platforms: Partial<Platforms>;
  /** Of the first connector. */
  url: string;
  lines: LogLine[];
  calls: Call[];
  callsTo(neighbour: Neighbour, path: string | RegExp): Call[];
  /** Bodies of the Messages API requests, in order. */
  sends(): Record<string, unknown>[];
  /** Bodies of the callbacks that the platform got and took, in order. */
  reports(): unknown[];
  /** Texts of the log lines about a message, in order, with `…` for the address of a neighbour. */
  linesOf(id: string): string[];
  /** A whole environment of the connector. */
  env(more?: Record<string, string>): Record<string, string>;
  /** One more replica, in this process. */
  replica(env?: Record<string, string>): Promise<Connector>;
  /** A connector at `url` in a process of its own, from a fresh build. */
  spawn(env?: Record<string, string>): Promise<ConnectorProcess>;
  /**
   * Lets this much time pass at once for the connectors in this process: their waits and deadlines end so much
   * sooner. First every call must be answered, but those to paths that are `hanging`.
   */
  skip(ms: number, hanging?: RegExp): Promise<void>;
  /** The time for those connectors. */
  now(): number;
  end(): Promise<void>;
}

const open = new Set<Journey>();

/** For `afterEach`: stops and audits what the test started. */
export async function endJourneys(): Promise<void> {
  const ends = await Promise.allSettled([...open].map((journey) => journey.end()));
  endProcesses();
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

/** Numbers in the vendors' samples that are not reserved for fiction. */
const SAMPLE_NUMBERS = {
  "MoEngage's sample number": "919999999999",
  "WebEngage's sample number": "913341800001",
};

const NO_DATA_API = { MOENGAGE_DATA_API_URL: "", MOENGAGE_WORKSPACE_ID: "", MOENGAGE_DATA_API_KEY: "" };

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= act();
    return result;
  };
}

/** Runs connectors in this process. */
const inProcess = (lines: LogLine[], log: { write(line: string): void }, runtime: Runtime): Runner => ({
  lines: () => lines,
  async start(env) {
    const running = await start(parseConfig(env), log, runtime);
    return { url: `http://127.0.0.1:${running.port}`, stop: once(() => running.stop()) };
  },
});

/** What must not have happened on any journey. */
async function audit({ vcr, vonage, leaks, ...world }: World, allow: string[] = []): Promise<void> {
  const platforms = Object.values<FakePlatform>(world.platforms);
  expect({
    leaks: await leaks(),
    vcr: vcr.records().violations,
    logSubmissions: vcr.records().calls["logs-submission"],
    platforms: platforms.flatMap((fake) => fake.violations()).filter(({ rule }) => !allow.includes(rule)),
    sentTwice: vonage.records().sentTwice,
  }).toEqual({ leaks: [], vcr: [], logSubmissions: undefined, platforms: [], sentTwice: [] });
}

/** The fakes, and the real connector among them; every call it makes is recorded on its way. */
export async function startJourney(options: JourneyOptions = {}): Promise<Journey> {
  const lines: LogLine[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const runtime = createSkippableRuntime();
  const { calls, through, stop: stopTaps } = createTaps();
  const wanted = options.start ?? "ready";
  const world = await createWorld({
    run: inProcess(lines, log, runtime),
    platforms: ["moengage", ...(options.platforms ?? [])],
    replicas: wanted === "none" ? 0 : 1,
    ...{ credentials, serviceName: SERVICE_NAME, through, secrets: SAMPLE_NUMBERS },
    senders: { whatsapp: WABA_NUMBER, sms: "MyBrand" },
    vonage: { timeScale: 0.005, traffic: { statuses: false, ...options.traffic } },
    env: {
      INSTANCE_ID: "journey",
      DISPATCH_RATE_PER_SECOND: "1000",
      ...(options.dataApi ? {} : NO_DATA_API),
      ...options.env,
    },
  });
  const { vcr, vonage, platforms, url, port } = world;
  const { moengage } = platforms;

  const callsTo: Journey["callsTo"] = (neighbour, path) =>
    calls.filter(
      (call) =>
        call.to === neighbour && (typeof path === "string" ? call.path === path : path.test(call.path)),
    );

  const journey: Journey = {
    ...{ vcr, vonage, moengage, platforms, url, lines, calls, callsTo },
    ...createActs({ moengage, vonage, url }),
    sends: () => callsTo("vonage", "/v1/messages").map(({ body }) => body as Record<string, unknown>),
    reports: () =>
      callsTo("moengage", /./)
        .filter(({ status }) => status === 200)
        .map(({ body }) => body),
    linesOf: (id) =>
      lines.filter((line) => line.msg_id === id).map(({ msg }) => msg.replace(/http:\/\/[^/]+/, "…")),
    env: (more) => world.env(port, more),
    replica: (more) => world.start(more),
    async spawn(more) {
      const connector = await startBuilt(world.env(port, more), log);
      world.connectors.push(connector);
      return connector;
    },
    now: runtime.now,
    async skip(ms, hanging) {
      const isOver = ({ status, path }: Call) => status !== undefined || hanging?.test(path);
      await until("the neighbours have answered", () => calls.every(isOver));
      runtime.skip(ms);
    },
    end: once(async () => {
      open.delete(journey);
      await world.stop().finally(stopTaps);
      await audit(world, options.allow);
    }),
  };
  open.add(journey);
  if (wanted === "ready") {
    await until("the queues are ready", () => lines.some(({ msg }) => msg.startsWith("Queues are ready")));
  }
  return journey;
}
