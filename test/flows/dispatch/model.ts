import { type Job, parseJob, type SendJob, serialiseJob } from "../../../src/core/job.ts";
import type { OutboundMessage, WhatsAppMessage } from "../../../src/core/message.ts";
import type { OffloadedContent, State } from "../../../src/core/ports.ts";
import { type Claims, createClaims } from "../../../src/flows/dispatch/claims.ts";
import { dispatch } from "../../../src/flows/dispatch/dispatch.ts";
import { createSendGate } from "../../../src/flows/dispatch/send-gate.ts";
import { createConversations } from "../../../src/flows/inbound/conversations.ts";
import { createSuppression } from "../../../src/flows/inbound/suppression.ts";
import { noRecorder } from "../../../src/flows/insight/recorder.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import {
  createClock,
  createFakeChannel,
  createMemoryState,
  createRecordingLog,
  createTestChannelOff,
  createTestReporter,
  deliveryReport,
  failedSend,
  HOUR,
  noMismatches,
  patientRuntime,
  T0,
  unavailable,
  whatsappMessage,
} from "../../support/ports.ts";
import { shared } from "../status/simulation.ts";

export interface Chances {
  crash: number;
  redeliver: number;
  repeat: number;
  stateDown: number;
  queueDown: number;
  platformAway: number;
  policy: "fail" | "resend";
}

interface Delivery {
  job: Job;
  /** Dropped once a delivery was acknowledged. */
  pending: boolean;
}

/** A process that died: whatever it was doing never goes on. */
interface Process {
  alive: boolean;
}

const MINUTE = 60_000;
const MESSAGES = 6;
/** Steps until nothing fails any more, and every message has to come to its end. */
const STEPS_OF_TROUBLE = 300;
const OUTCOMES = [
  "accepted",
  "accepted",
  "lost answer",
  "never arrived",
  "throttled",
  "transient",
  "refused",
];

/**
 * Replicas share State and the queue. Every port call of a process waits to be let on, in an order that chance
 * picks, and the process may die before or after the call has had its effect: nothing after it happens then,
 * and the jobs it had are delivered again.
 */
export async function runModel(
  random: Random,
  chances: Chances,
  /** Breaks the claims, to see that the model notices. */
  withClaims: (claims: Claims) => Claims = (claims) => claims,
) {
  const now = createClock(T0);
  const store = createMemoryState();
  const channel = createFakeChannel("mw");
  const line: Delivery[] = [];
  const gates: (() => void)[] = [];
  const accepted: string[] = [];
  const statuses: string[] = [];
  let troubleEnds = false;

  const happens = (share: number) => !troubleEnds && random.chance(share);
  /** What was too large for the queue. */
  const contents = new Map<string, Job>();
  let copies = 0;
  const enqueue = (job: Job) => line.push({ job: parseJob(serialiseJob(job)), pending: true });
  const never = new Promise<never>(() => undefined);
  const sleepers: { until: number; resolve(): void }[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => sleepers.push({ until: now() + ms, resolve }));

  function advance(ms: number): void {
    now.advance(ms);
    for (const sleeper of sleepers.splice(0))
      sleeper.until <= now() ? sleeper.resolve() : sleepers.push(sleeper);
  }

  /** A port call of one process. */
  async function call<T>(process: Process, effect: () => T | Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => gates.push(resolve));
    if (happens(chances.crash)) process.alive = false;
    if (!process.alive) return never;
    const result = await Promise.resolve().then(effect);
    if (happens(chances.crash)) process.alive = false;
    return process.alive ? result : never;
  }

  const vonage = createTestReporter({
    channels: [channel],
    queue: { put: () => never },
    state: store,
    pause: sleep,
    runtime: patientRuntime,
    log: createRecordingLog(),
    now,
  });

  function replica() {
    const process: Process = { alive: true };
    const log = createRecordingLog();
    const viaState =
      (share: number) =>
      <A extends unknown[], T>(run: (...args: A) => Promise<T>) =>
      (...args: A) =>
        call(process, async () => {
          if (happens(share)) throw unavailable();
          const result = await run(...args);
          if (happens(share)) throw unavailable();
          return result;
        });
    const guarded = viaState(chances.stateDown);
    const readCall = shared(guarded(async () => undefined));
    const state: State = {
      increment: guarded(store.increment),
      // Reads of one moment share a call.
      async read(bucket, field) {
        await readCall();
        return store.read(bucket, field);
      },
      async readAll(bucket, fields) {
        await readCall();
        return store.readAll(bucket, fields);
      },
      write: guarded(store.write),
      remove: guarded(store.remove),
      scan: store.scan,
      getKey: store.getKey,
      setKey: store.setKey,
      deleteKey: store.deleteKey,
    };
    const queue = {
      put: (job: Job) =>
        call(process, async () => {
          if (happens(chances.queueDown)) throw unavailable("queue_unavailable");
          enqueue(job);
          if (happens(chances.queueDown)) throw unavailable("queue_unavailable");
          return { url: "" };
        }),
    };
    const sender = {
      send: (message: OutboundMessage) =>
        call(process, () => {
          const outcome = troubleEnds ? "accepted" : random.pick(OUTCOMES);
          if (outcome === "accepted" || outcome === "lost answer") {
            accepted.push(message.id);
            statuses.push(message.id);
          }
          if (outcome === "lost answer" || outcome === "never arrived") return failedSend("unknown");
          if (outcome !== "accepted") return failedSend(outcome as "throttled" | "transient" | "refused");
          return { outcome: "accepted" as const, vendorId: `uuid-${accepted.length}` };
        }),
    };
    const post = channel.reports.post;
    const own = {
      ...channel,
      reports: {
        ...channel.reports,
        post: (reports: Parameters<typeof post>[0]) =>
          call(process, () => {
            if (happens(chances.platformAway)) throw unavailable("platform_unavailable");
            return post(reports);
          }),
      },
    };
    const channels = [own];
    const pause = async (ms: number) => {
      await sleep(ms);
      if (!process.alive) await never;
    };
    const reporter = createTestReporter({ channels, queue, state, pause, log, now, runtime: patientRuntime });
    const ports = {
      ...{
        queue,
        sender,
        reporter,
        channels,
        channelOff: createTestChannelOff(log),
        mismatches: noMismatches,
        now,
        log,
      },
      state,
      loadOffloaded: async (key: string): Promise<OffloadedContent> => {
        try {
          const job = await guarded(async () => contents.get(key))();
          return job ? { outcome: "found", job } : { outcome: "gone" };
        } catch {
          return { outcome: "state-down" };
        }
      },
      discardOffloaded: guarded(async (key: string) => void contents.delete(key)),
      claims: withClaims(createClaims(state, { random: Math.random, now }, log)),
      suppression: createSuppression(state, now),
      conversations: createConversations(state, now, log),
      gate: createSendGate(29, now, log),
      ackDelay: {
        wait: () => call(process, () => true),
        hasRoom: () => true,
        waiting: () => 0,
        longest: () => 10_000,
        release: () => undefined,
      },
      random: Math.random,
      unknownOutcome: { waitSeconds: 1_200, policy: chances.policy },
      recorder: noRecorder,
    };
    const busy = new Set<Delivery>();
    return {
      process,
      busy,
      reporter,
      take(delivery: Delivery) {
        busy.add(delivery);
        dispatch(delivery.job, ports)
          .then(() => {
            delivery.pending = happens(chances.redeliver);
          })
          .catch(() => undefined)
          .finally(() => busy.delete(delivery));
      },
    };
  }

  const replicas: ReturnType<typeof replica>[] = [replica(), replica()];
  const messages = Array.from({ length: MESSAGES }, (_, n) =>
    whatsappMessage({ id: `m-${n}`, acceptedAt: T0 + random.between(-2 * HOUR, 3 * HOUR) }),
  );
  for (const message of messages) accept(message);

  /** Every other one is too large for the queue. */
  function accept(message: WhatsAppMessage): void {
    const job: SendJob = { kind: "send", attempt: 1, message };
    if (messages.findIndex(({ id }) => id === message.id) % 2 === 0) return void enqueue(job);
    const contentKey = `job:${copies++}`;
    contents.set(contentKey, job);
    const { content: _, ...envelope } = message;
    enqueue({ ...job, message: { ...envelope, contentKey } });
  }

  /** The platform repeats a request for close to two hours: at whatever edge State keeps its claims by. */
  function repeat(): void {
    const message = random.pick(messages);
    const acceptedAt = message.acceptedAt + random.between(0, 119 * MINUTE);
    accept({ ...message, acceptedAt });
  }

  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  for (let step = 0; step < 20_000; step++) {
    if (step === STEPS_OF_TROUBLE) troubleEnds = true;
    for (const [index, { process }] of replicas.entries()) if (!process.alive) replicas[index] = replica();
    const worker = random.pick(replicas);
    const busy = new Set(replicas.flatMap((each) => [...each.busy]));
    const waiting = line.filter((delivery) => delivery.pending && !busy.has(delivery));
    if (waiting.length === 0 && busy.size === 0 && troubleEnds) break;
    if (happens(chances.repeat)) repeat();
    if (gates.length > 0 && random.chance(0.8)) gates.splice(random.between(0, gates.length - 1), 1)[0]?.();
    else if (waiting.length > 0) worker.take(random.pick(waiting));
    else advance(random.between(1, 30_000));
    if (random.chance(0.05)) advance(random.between(1, 60_000));
    // Vonage reports what it accepted, well before an unknown outcome is decided.
    const arrived = chances.policy === "resend" ? statuses.splice(0) : [];
    for (const id of arrived)
      vonage.report(deliveryReport({ id, status: "sent" })).catch(() => statuses.push(id));
    await settle();
  }
  const failed = channel.posted.flat().filter(({ status }) => status === "failed");
  const waiting = line.filter(({ pending }) => pending);
  return { messages: messages.map(({ id }) => id), accepted, failed, waiting };
}
