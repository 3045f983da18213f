import { startCleverTap } from "../../src/sandbox/clevertap/index.ts";
import { credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startMoEngage } from "../../src/sandbox/moengage/index.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import { startVonage, type Traffic } from "../../src/sandbox/vonage/index.ts";
import { startWebEngage } from "../../src/sandbox/webengage/index.ts";
import type { Finding, Loss } from "./check/watch.ts";
import { type Checker, createChecker } from "./check.ts";
import { createCoverage } from "./coverage.ts";
import { CREDENTIALS } from "./credentials.ts";
import { networkOf } from "./fakes.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { setSource } from "./globals.ts";
import { hash } from "./hash.ts";
import { createNet, WORLD } from "./net.ts";
import { createPeople, SENDERS } from "./people.ts";
import { createScheduler } from "./scheduler.ts";
import { describeExchange, shortened } from "./timeline.ts";
import type { Edge, Fault, World } from "./world.ts";

export interface Outcome {
  findings: Finding[];
  admitted: Record<string, number>;
  trace: string;
  exchanges: number;
  messages: number;
  /** Virtual milliseconds. */
  ms: number;
  /** How often each fault struck what, as `kind edge`. */
  struck: Record<string, number>;
  /** How often each fault met a message in which phase, as `kind phase`. */
  met: Record<string, number>;
  /** What crossed, and what was logged, when asked for. */
  timeline: { text: string; about: string | undefined }[];
}

const SERVICE = "neru-simulated-connector";
const REPLIES = {
  OPT_OUT_REPLY: "You get no more messages. Reply START to get them again.",
  OPT_IN_REPLY: "Welcome back. Reply STOP to end.",
};

const TRAFFIC: Partial<Traffic> = {
  delayMs: [50, 4_000],
  failureShare: 0.1,
  throttledShare: 0.02,
  readShare: 0.5,
  doubleShare: 0.05,
  shuffleShare: 0.1,
  beforeAnswerShare: 0.15,
  unsignedShare: 0.02,
};

/** In peace everything must settle within this: the longest retry of a webhook, dead letters put back, doubts decided. */
export const PEACE_MS = 6 * 3_600_000;
const LOOK_MS = 5_000;
/** At what waits, which is counted. */
const COUNT_MS = 30_000;
const MOST_COUNTS = 100;

export interface RunOptions {
  withTimeline?: boolean;
}

/** Runs one world from its beginning until everything in it has settled, or could not. */
export async function run(world: World, options: RunOptions = {}): Promise<Outcome> {
  const scheduler = createScheduler(world.seed, world.start);
  const chance = createRandom(hash(world.seed, "chance"));
  setSource({
    now: scheduler.now,
    setTimeout: (work, ms) => scheduler.after(ms, WORLD, work),
    clearTimeout: (event) => scheduler.cancel(event as never),
    draw: () => Math.floor(chance.next() * 2 ** 32),
  });
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  try {
    return await runIn(world, scheduler, options, unhandled);
  } finally {
    setSource(undefined);
    process.off("unhandledRejection", onUnhandled);
  }
}

async function runIn(
  world: World,
  scheduler: ReturnType<typeof createScheduler>,
  { withTimeline }: RunOptions,
  unhandled: unknown[],
): Promise<Outcome> {
  const struck: Record<string, number> = {};
  const timeline: Outcome["timeline"] = [];
  const since = () => scheduler.now() - world.start;
  /** `about`: all that was said, of a line that does not concern everybody. */
  const tell = (line: string, about?: string) => {
    if (withTimeline) timeline.push({ text: `${(since() / 1_000).toFixed(3).padStart(10)}  ${line}`, about });
  };
  const strike = (what: string) => {
    struck[what] = (struck[what] ?? 0) + 1;
  };
  let isPeace = false;
  let checker: Checker | undefined;
  let fleet: Fleet | undefined;
  const fakeErrors: unknown[] = [];
  const losses: Loss[] = [];

  const coverage = createCoverage();
  const isActive = (fault: Fault) => !isPeace && fault.at <= since() && since() < fault.at + fault.for;
  const onEdge = world.faults.filter((fault): fault is Fault & { edge: Edge } => "edge" in fault);

  const net = createNet({
    ...{ seed: world.seed, scheduler },
    faults: () => onEdge.filter(isActive),
    kills: (from, isDone) => fleet?.kills(from, isDone) ?? false,
    missed: (host) => void (/^(r\d|connector)/.test(host) && fleet?.missed()),
    onLeave(exchange) {
      coverage.onLeave(exchange);
      checker?.onLeave(exchange);
    },
    onArrive: (exchange) => checker?.onArrive(exchange),
    onDone: (exchange) => checker?.onDone(exchange),
    onEnd(exchange) {
      for (const kind of exchange.faults) strike(`${kind} ${exchange.edge}`);
      coverage.onEnd(exchange);
      checker?.onEnd(exchange);
      if (withTimeline) tell(describeExchange(exchange), `${exchange.request.body} ${exchange.answer?.text}`);
    },
    fakeFailed: (error) => void fakeErrors.push(error),
  });

  const credentials = CREDENTIALS;
  const url = "https://connector.sim";
  const fake = (name: string) =>
    networkOf(net, scheduler, { name, isAlive: true, pausedUntil: 0 }, `${name}.sim`);
  const vcr = await startVcr({
    ...{ credentials, seed: world.seed, serviceName: SERVICE, unreachableMs: 20_000 },
    apps: Array.from({ length: world.replicas }, (_, slot) => `https://r${slot}.sim`),
    network: fake("vcr"),
  });
  const vonage = await startVonage({
    ...{ credentials, seed: world.seed, network: fake("vonage"), traffic: TRAFFIC, timeScale: 1 },
    ...{ statusUrl: `${url}/webhooks/status`, inboundUrl: `${url}/webhooks/inbound` },
  });
  const given = { credentials, connectorUrl: url, senders: SENDERS, seed: world.seed };
  const moengage = await startMoEngage({ ...given, network: fake("moengage") });
  const webengage = await startWebEngage({ ...given, network: fake("webengage") });
  const clevertap = await startCleverTap({ ...given, network: fake("clevertap") });
  const secrets = { ...moengage.secrets, ...webengage.secrets };
  checker = createChecker({
    platforms: { moengage, webengage, clevertap },
    ...{ world, vcr, vonage, moengage, secrets, losses, now: scheduler.now },
    autoReplies: Object.values(REPLIES),
    hasStoodStill: (host, since) => fleet?.hasStoodStill(host, since) ?? false,
  });
  const env = {
    ...credentialsEnv(credentials),
    ...{ VCR_PORT: "80", VCR_PROVIDERS_URL: vcr.url, VCR_INSTANCE_PUBLIC_URL: url },
    ...{ VCR_INSTANCE_SERVICE_NAME: SERVICE, INSTANCE_ID: "simulated", VONAGE_API_HOST: vonage.url },
    ...{ WHATSAPP_NUMBER: SENDERS.whatsapp, SMS_SENDER_ID: SENDERS.sms },
    ...{
      IN_DOUBT_WAIT_SECONDS: "60",
      ...REPLIES,
      ...moengage.env,
      ...webengage.env,
      ...clevertap.env,
      ...world.env,
    },
  };

  fleet = createFleet({
    ...{ world, scheduler, net, env, isActive, tell },
    log(line, owner) {
      checker?.log(line);
      if (withTimeline) tell(`${owner.name} | ${shortened(line)}`, line);
    },
    strike(what) {
      strike(what);
      coverage.befell(what);
    },
    failed: (error) => void fakeErrors.push(error),
  });
  net.route("connector.sim", fleet.next);
  const people = createPeople({ world, scheduler, vonage, moengage, webengage, clevertap, tell, strike });

  const begin: Partial<Record<Fault["kind"], (fault: never) => void>> = {
    ...fleet.begin,
    empty({ prefix = "" }: Extract<Fault, { kind: "empty" }>) {
      const what = prefix === "" ? "empty" : "evict";
      strike(what);
      coverage.befell(what);
      tell(`State loses ${prefix || "everything"}`);
      losses.push({ at: scheduler.now(), prefix });
      vcr.emptyState(prefix);
    },
  };

  fleet.start();
  for (const message of world.messages) scheduler.after(message.at, WORLD, () => void people.offer(message));
  for (const word of world.words) scheduler.after(word.at, WORLD, () => people.hear(word));
  for (const at of world.syncs ?? []) scheduler.after(at, WORLD, () => void people.sync());
  for (const fault of world.faults)
    scheduler.after(fault.at, WORLD, () => {
      if (!isPeace) begin[fault.kind]?.(fault as never);
    });

  let looks = 0;
  const look = () => {
    checker?.look();
    if (looks++ < MOST_COUNTS) scheduler.after(COUNT_MS, WORLD, look);
  };
  look();
  await scheduler.run(world.start + world.trouble);
  isPeace = true;
  tell("peace");
  fleet.makePeace();
  /** Why the world has not settled; empty when it has. */
  const pending = () => {
    const queues = Object.entries(vcr.records().queues);
    const busy = queues.filter(([, { waiting, inflight }]) => waiting + inflight > 0);
    const dead = queues.filter(([name]) => vcr.deadLetters(name).length > 0);
    const open = vonage.records().open;
    const waiting = checker.waiting().length;
    return [
      people.underWay() > 0 ? `${people.underWay()} requests of platforms under way` : [],
      open > 0 ? `${open} statuses and webhooks under way` : [],
      waiting > 0 ? `${waiting} messages without a final report` : [],
      busy.map(([name, { waiting, inflight }]) => `${waiting + inflight} jobs in ${name}`),
      dead.map(([name]) => `${vcr.deadLetters(name).length} dead letters in ${name}`),
      fleet?.isWhole() ? [] : "a replica does not listen",
    ].flat();
  };
  const settle = async () => {
    const until = scheduler.now() + PEACE_MS;
    let nextLook = 0;
    await scheduler.run(until, () => {
      if (scheduler.now() < nextLook) return false;
      nextLook = scheduler.now() + LOOK_MS;
      return pending().length === 0;
    });
  };
  await settle();
  // Whoever said something last gets what it means, and nothing else.
  const consents = world.words.filter(({ said }) => said === "STOP" || said === "START");
  const last = new Map(consents.map((word) => [`${word.channel} ${word.person}`, word]));
  let probes = world.messages.length;
  for (const { channel, person } of last.values())
    void people.offer({ id: 1_000 + probes++, at: 0, platform: channel, person, repeats: [] });
  if (last.size > 0) await settle();
  const why = pending();
  const findings: Finding[] = why.map((detail) => ({ invariant: "liveness", detail, at: scheduler.now() }));
  findings.push(...checker.findings());
  for (const error of [...fakeErrors, ...unhandled]) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
    findings.push({ invariant: "errors", detail, at: scheduler.now() });
  }
  const outcome: Outcome = {
    ...{ findings, admitted: checker.admitted(), trace: net.trace(), exchanges: net.count() },
    ...{ messages: vonage.messages.length, ms: since(), struck, met: coverage.met, timeline },
  };
  fleet.end();
  return outcome;
}
