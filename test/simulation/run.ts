import { credentialsEnv } from "../../src/sandbox/credentials.ts";
import { startMoEngage } from "../../src/sandbox/moengage/index.ts";
import { recipient, smsSend, whatsappSend } from "../../src/sandbox/moengage/messages.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { startVcr } from "../../src/sandbox/vcr/index.ts";
import type { Traffic } from "../../src/sandbox/vonage/index.ts";
import { smsInbound, startVonage, userIdOf, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { startWebEngage, webengageSend } from "../../src/sandbox/webengage/index.ts";
import { type Checker, createChecker, type Finding } from "./check.ts";
import { CREDENTIALS } from "./credentials.ts";
import { setSource } from "./globals.ts";
import { hash } from "./hash.ts";
import { createNet, type Exchange, WORLD } from "./net.ts";
import { type Replica, startReplica } from "./replica.ts";
import { createScheduler, type Owner } from "./scheduler.ts";
import type { Edge, Fault, Message, Word, World } from "./world.ts";

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
  /** What crossed, and what was logged, when asked for. */
  timeline: { text: string; about: string | undefined }[];
}

const SENDERS = { whatsapp: "447700900000", sms: "447700900001" };
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
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const TRIES = 10;

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
  const fakeErrors: unknown[] = [];

  const isActive = (fault: Fault) => !isPeace && fault.at <= since() && since() < fault.at + fault.for;
  const onEdge = world.faults.filter((fault): fault is Fault & { edge: Edge } => "edge" in fault);
  const armed = new Map<Fault, number>();
  const slots: { replica?: Replica; lives: number }[] = Array.from({ length: world.replicas }, () => ({
    lives: 0,
  }));

  const net = createNet({
    ...{ seed: world.seed, scheduler },
    faults: () => onEdge.filter(isActive),
    kills,
    onLeave: (exchange) => checker?.onLeave(exchange),
    onArrive: (exchange) => checker?.onArrive(exchange),
    onDone: (exchange) => checker?.onDone(exchange),
    onEnd(exchange) {
      for (const kind of exchange.faults) strike(`${kind} ${exchange.edge}`);
      checker?.onEnd(exchange);
      if (withTimeline) tell(describe(exchange), `${exchange.request.body} ${exchange.answer?.text}`);
    },
    fakeFailed: (error) => void fakeErrors.push(error),
  });

  const credentials = CREDENTIALS;
  const url = "https://connector.sim";
  const fake = (name: string) => net.network({ name, isAlive: true, pausedUntil: 0 }, `${name}.sim`);
  const vcr = await startVcr({
    ...{ credentials, seed: world.seed, serviceName: SERVICE, unreachableMs: 20_000 },
    ...{ apps: slots.map((_, slot) => `https://r${slot}.sim`), network: fake("vcr") },
  });
  const vonage = await startVonage({
    ...{ credentials, seed: world.seed, network: fake("vonage"), traffic: TRAFFIC, timeScale: 1 },
    ...{ statusUrl: `${url}/webhooks/status`, inboundUrl: `${url}/webhooks/inbound` },
  });
  const given = { credentials, connectorUrl: url, senders: SENDERS, seed: world.seed };
  const moengage = await startMoEngage({ ...given, network: fake("moengage") });
  const webengage = await startWebEngage({ ...given, network: fake("webengage") });
  const secrets = { ...moengage.secrets, ...webengage.secrets };
  checker = createChecker({
    ...{ world, vonage, moengage, webengage, secrets, now: scheduler.now },
    autoReplies: Object.values(REPLIES),
    hasStoodStill: (host, since) =>
      slots.some(({ replica }, slot) => host === `r${slot}.sim` && (replica?.owner.pausedUntil ?? 0) > since),
  });
  const env = {
    ...credentialsEnv(credentials),
    ...{ VCR_PORT: "80", VCR_PROVIDERS_URL: vcr.url, VCR_INSTANCE_PUBLIC_URL: url },
    ...{ VCR_INSTANCE_SERVICE_NAME: SERVICE, INSTANCE_ID: "simulated", VONAGE_API_HOST: vonage.url },
    ...{ WHATSAPP_NUMBER: SENDERS.whatsapp, SMS_SENDER_ID: SENDERS.sms },
    ...{ IN_DOUBT_WAIT_SECONDS: "60", ...REPLIES, ...moengage.env, ...webengage.env, ...world.env },
  };

  let lost: string | undefined;
  function startSlot(slot: number): void {
    const place = slots[slot] as (typeof slots)[number];
    const skews = world.faults.filter((fault) => fault.kind === "skew" && fault.replica === slot);
    place.replica = startReplica({
      ...{
        seed: world.seed,
        slot,
        life: place.lives++,
        scheduler,
        net,
        env: lost ? { ...env, [lost]: "" } : env,
      },
      skewMs: () =>
        skews.filter(isActive).reduce((sum, fault) => sum + (fault.kind === "skew" ? fault.ms : 0), 0),
      log(line, owner) {
        checker?.log(line);
        if (withTimeline) tell(`${owner.name} | ${shortened(line)}`, line);
      },
    });
    place.replica.started.catch((error) => fakeErrors.push(error));
  }

  function killSlot(slot: number, why: string): void {
    const { replica } = slots[slot] ?? {};
    if (!replica?.owner.isAlive) return;
    tell(`${replica.owner.name} is killed ${why}`);
    net.kill(replica.owner);
  }

  /** Counts what a replica does from a kill's moment on; the replica is dead when it comes to its number. */
  function kills(from: Owner, isDone: boolean): boolean {
    for (const [fault, left] of armed) {
      if (fault.kind !== "kill" || fault.isDone !== isDone) continue;
      const { replica } = slots[fault.replica] ?? {};
      if (replica?.owner !== from) continue;
      if (left > 0) {
        armed.set(fault, left - 1);
        continue;
      }
      armed.delete(fault);
      killSlot(fault.replica, isDone ? "as its call was done" : "before a call");
      strike("kill");
      scheduler.after(fault.for, WORLD, () => revive(fault.replica));
      return true;
    }
    return false;
  }

  function revive(slot: number): void {
    if (!slots[slot]?.replica?.owner.isAlive) startSlot(slot);
  }

  let deploys = Promise.resolve();
  /** One after another, each replica after the one before it. */
  function deploy(without?: string): void {
    deploys = deploys.then(() => {
      lost = isPeace ? undefined : without;
      tell(lost ? `a deploy begins, without ${lost}` : "a deploy begins");
      return renewSlots();
    });
  }

  async function renewSlots(): Promise<void> {
    for (const [slot, place] of slots.entries()) {
      await place.replica?.stop();
      if (!place.replica?.owner.isAlive) startSlot(slot);
      await new Promise<void>((resolve) => void scheduler.after(2_000, WORLD, resolve));
    }
  }

  let routed = 0;
  net.route("connector.sim", () => {
    const open = slots.filter(({ replica }) => replica?.isListening());
    return open.length === 0 ? undefined : `r${open[routed++ % open.length]?.replica?.slot}.sim`;
  });

  let offers = 0;
  async function offer(message: Message): Promise<void> {
    offers++;
    const random = createRandom(hash(world.seed, "message", message.id));
    const to = recipient(message.person);
    const send = composed(message, to, random);
    const again = async (tries: number) => {
      for (let tried = 1; tried <= tries; tried++) {
        const { result, id, outcome } = await send();
        tell(
          `message ${message.id} to ${to}: ${result} (${outcome.status ?? outcome.failure}) ${id ?? ""}`,
          "",
        );
        if (result !== "again") return;
        await wait(Math.min(FIRST_RETRY_MS * 2 ** (tried - 1), LAST_RETRY_MS));
      }
    };
    for (const ms of message.repeats)
      scheduler.after(ms, WORLD, () => {
        strike("repeat");
        offers++;
        void again(1).finally(() => offers--);
      });
    await again(TRIES);
    offers--;
  }

  function composed(message: Message, to: string, random: ReturnType<typeof createRandom>) {
    if (message.platform === "sms") {
      const asked = smsSend(random, to);
      return () => moengage.sendSms(asked);
    }
    if (message.platform === "webengage") {
      const asked = webengageSend(random, { from: SENDERS.whatsapp, to }).message;
      return () => webengage.send(asked);
    }
    const asked = whatsappSend(random, { from: SENDERS.whatsapp, to });
    return () => moengage.send(asked);
  }

  const wait = (ms: number) => new Promise<void>((resolve) => void scheduler.after(ms, WORLD, resolve));

  function hear({ person, channel, said, isHidden }: Word): void {
    const to = recipient(person);
    tell(`${to} says ${said} on ${channel}${isHidden ? " under another name" : ""}`);
    if (channel === "sms") return void vonage.sendInbound(smsInbound({ from: to, to: SENDERS.sms }, said));
    const user_id = userIdOf(to);
    const party = { from: isHidden ? user_id : to, to: SENDERS.whatsapp };
    const content = isHidden ? { text: said, whatsapp: { sender: { user_id } } } : { text: said };
    vonage.sendInbound(whatsappInbound("text", party, content));
  }

  const begin: Partial<Record<Fault["kind"], (fault: never) => void>> = {
    kill: (fault: Extract<Fault, { kind: "kill" }>) => void armed.set(fault, fault.after),
    pause(fault: Extract<Fault, { kind: "pause" }>) {
      const { replica } = slots[fault.replica] ?? {};
      if (!replica) return;
      strike("pause");
      tell(`${replica.owner.name} stands still for ${fault.for} ms`);
      replica.owner.pausedUntil = scheduler.now() + fault.for;
    },
    empty() {
      strike("empty");
      tell("State is emptied");
      vcr.emptyState();
    },
    deploy(fault: Extract<Fault, { kind: "deploy" }>) {
      strike(fault.without ? "variable" : "deploy");
      deploy(fault.without);
      if (fault.without) scheduler.after(fault.for, WORLD, () => !isPeace && deploy());
    },
  };

  for (let slot = 0; slot < world.replicas; slot++) startSlot(slot);
  for (const message of world.messages) scheduler.after(message.at, WORLD, () => void offer(message));
  for (const word of world.words) scheduler.after(word.at, WORLD, () => hear(word));
  for (const fault of world.faults)
    scheduler.after(fault.at, WORLD, () => {
      if (!isPeace) begin[fault.kind]?.(fault as never);
    });

  await scheduler.run(world.start + world.trouble);
  isPeace = true;
  armed.clear();
  tell("peace");
  for (const [slot, { replica }] of slots.entries()) {
    if (replica) replica.owner.pausedUntil = 0;
    revive(slot);
  }
  if (world.faults.some((fault) => fault.kind === "deploy" && fault.without)) deploy();
  /** Why the world has not settled; empty when it has. */
  const pending = () => {
    const queues = Object.entries(vcr.records().queues);
    const busy = queues.filter(([, { waiting, inflight }]) => waiting + inflight > 0);
    const dead = queues.filter(([name]) => vcr.deadLetters(name).length > 0);
    const open = vonage.records().open;
    const waiting = checker.waiting().length;
    return [
      offers > 0 ? `${offers} requests of platforms under way` : [],
      open > 0 ? `${open} statuses and webhooks under way` : [],
      waiting > 0 ? `${waiting} messages without a final report` : [],
      busy.map(([name, { waiting, inflight }]) => `${waiting + inflight} jobs in ${name}`),
      dead.map(([name]) => `${vcr.deadLetters(name).length} dead letters in ${name}`),
      slots.some(({ replica }) => !replica?.isListening()) ? "a replica does not listen" : [],
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
  const last = new Map(world.words.map((word) => [`${word.channel} ${word.person}`, word]));
  let probes = world.messages.length;
  for (const { channel, person } of last.values())
    void offer({ id: 1_000 + probes++, at: 0, platform: channel, person, repeats: [] });
  if (last.size > 0) await settle();
  const why = pending();
  const findings: Finding[] = why.map((detail) => ({ invariant: "liveness", detail, at: scheduler.now() }));
  findings.push(...checker.findings(true));
  for (const error of [...fakeErrors, ...unhandled]) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
    findings.push({ invariant: "errors", detail, at: scheduler.now() });
  }
  const outcome: Outcome = {
    ...{ findings, admitted: checker.admitted(), trace: net.trace(), exchanges: net.count() },
    ...{ messages: vonage.messages.length, ms: since(), struck, timeline },
  };
  for (const { replica } of slots) if (replica) net.kill(replica.owner);
  return outcome;
}

const shortened = (line: string) => {
  const { time: _time, ...rest } = JSON.parse(line);
  return JSON.stringify(rest).slice(0, 300);
};

function describe({ from, to, edge, request, leftAt, endedAt = 0, result, faults }: Exchange): string {
  const answer =
    result && "failure" in result ? result.failure : `${result?.status} ${result?.text.slice(0, 80)}`;
  const struck = faults.length > 0 ? ` [${faults.join(", ")}]` : "";
  return `${from.name} > ${to} ${edge} ${request.body.slice(0, 200)} => ${answer} (${endedAt - leftAt} ms)${struck}`;
}
