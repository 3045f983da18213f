import { type Job, parseJob, serialiseJob } from "../../src/core/job.ts";
import type { SmsMessage, WhatsAppMessage } from "../../src/core/message.ts";
import type { Bucket, FailedSend, JobQueue, Sender, State } from "../../src/core/ports.ts";
import type { DeliveryReport } from "../../src/core/report.ts";
import type { AckDelay } from "../../src/flows/dispatch/ack-delay.ts";
import { createChannelOff } from "../../src/flows/status/channel-off.ts";
import { createReporter, type Reporter, type ReportPorts } from "../../src/flows/status/report.ts";
import { credentialsCheck } from "../../src/http/auth/credentials.ts";
import { ConnectorError, type ErrorCode } from "../../src/lib/errors.ts";
import type { Log } from "../../src/lib/log.ts";
import { type Clock, type Runtime, systemRuntime } from "../../src/lib/runtime.ts";
import type { PlatformChannel, PlatformPorts } from "../../src/platforms/platform.ts";

/** Half an hour before noon, where whatever State keeps by the hour or by parts of a day turns. */
export const T0 = Date.UTC(2026, 0, 15, 11, 30);
export const HOUR = 3_600_000;

export type ManualClock = Clock & { advance(ms: number): void };

export function createClock(start = T0): ManualClock {
  let at = start;
  return Object.assign(() => at, {
    advance(ms: number) {
      at += ms;
    },
  });
}

/** A runtime in which no deadline ever passes: simulated time knows nothing of the machine's. */
export const patientRuntime: Runtime = { ...systemRuntime, setTimeout: () => ({ unref: () => undefined }) };

/** A pause that takes no time but the clock's. */
export const pauseOn = (clock: ManualClock) => async (ms: number) => {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
};

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  msg: string;
  fields: Record<string, unknown>;
}

export type RecordingLog = Log & { lines: LogLine[]; at(level: LogLine["level"]): LogLine[] };

export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const record = (level: LogLine["level"]) => (fields: object, msg: string) => {
    lines.push({ level, msg, fields: { ...fields } });
  };
  return {
    lines,
    at: (level) => lines.filter((line) => line.level === level),
    debug: record("debug"),
    follows: () => true,
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  };
}

/** What a platform gets; nobody answers its requests, and no template is known. */
export function createPlatformPorts(over: Partial<PlatformPorts> = {}): PlatformPorts {
  return {
    httpClient: {
      request: () => Promise.reject(new Error("not in this test")),
      close: async () => undefined,
    },
    credentialsCheck,
    findTemplate: () => ({ template: undefined, confirm: async () => undefined }),
    newId: () => "tracking-1",
    messageTtlSeconds: 86_400,
    pause: async () => undefined,
    now: Date.now,
    log: createRecordingLog(),
    ...over,
  };
}

export const unavailable = (code: ErrorCode = "provider_refused") =>
  new ConnectorError(code, "out of order", { retryable: true });

export type MemoryQueue = JobQueue & { jobs: Job[]; failures: number };

/** What is put is read again, as it comes off the queue. `failures` more puts are refused. */
export function createMemoryQueue(): MemoryQueue {
  const queue: MemoryQueue = {
    jobs: [],
    failures: 0,
    async put(job) {
      if (queue.failures > 0) {
        queue.failures--;
        throw unavailable("queue_unavailable");
      }
      queue.jobs.push(parseJob(serialiseJob(job)));
      return { url: "http://queue-service.neru/queue/svc-whatsapp/enqueue" };
    },
  };
  return queue;
}

export type Operation = "increment" | "read" | "write" | "remove" | "scan" | "key";

export type MemoryState = State & {
  /** Operations that are refused now. */
  down: Set<Operation>;
  isDown(down: boolean): void;
  hash(bucket: Bucket): Record<string, string>;
  keys: Map<string, string>;
};

const OPERATIONS: Operation[] = ["increment", "read", "write", "remove", "scan", "key"];

export function createMemoryState(): MemoryState {
  const hashes = new Map<string, Map<string, string>>();
  const keys = new Map<string, string>();
  const down = new Set<Operation>();
  const check = (operation: Operation) => {
    if (down.has(operation)) throw unavailable();
  };
  const hashOf = ({ scope, key }: Bucket) => {
    const name = `${scope}/${key}`;
    const hash = hashes.get(name) ?? new Map<string, string>();
    hashes.set(name, hash);
    return hash;
  };
  return {
    down,
    keys,
    isDown(isDown) {
      for (const operation of OPERATIONS) isDown ? down.add(operation) : down.delete(operation);
    },
    hash: (bucket) => Object.fromEntries(hashOf(bucket)),
    async increment(bucket, field, by = 1) {
      check("increment");
      const next = Number(hashOf(bucket).get(field) ?? 0) + by;
      hashOf(bucket).set(field, String(next));
      return next;
    },
    async read(bucket, field) {
      check("read");
      return hashOf(bucket).get(field) ?? null;
    },
    async readAll(bucket, fields) {
      check("read");
      return fields.map((field) => hashOf(bucket).get(field) ?? null);
    },
    async write(bucket, field, value) {
      check("write");
      hashOf(bucket).set(field, value);
    },
    async remove(bucket, field) {
      check("remove");
      hashOf(bucket).delete(field);
    },
    async *scan(bucket) {
      check("scan");
      yield* [...hashOf(bucket)];
    },
    async getKey(key) {
      check("key");
      return keys.get(key) ?? null;
    },
    async setKey(key, value) {
      check("key");
      keys.set(key, value);
    },
    async deleteKey(key) {
      check("key");
      keys.delete(key);
    },
  };
}

type Failure<O extends FailedSend["outcome"]> = Omit<Extract<FailedSend, { outcome: O }>, "outcome">;

/** A send that failed; a refused one with some code and words. */
export const failedSend = <O extends FailedSend["outcome"]>(outcome: O, more: Partial<Failure<O>> = {}) =>
  ({
    outcome,
    facts: {},
    ...(outcome === "refused" ? { code: "1", description: "No" } : {}),
    ...more,
  }) as FailedSend;

/** No send differs from its template. */
export const noMismatches = {
  record: async () => undefined,
  explain: async (report: DeliveryReport) => report,
};

/** One channel is known that is off. */
export const createTestChannelOff = (log: Log) =>
  createChannelOff((tag) => (tag === "ms" ? { name: "Acme SMS", variables: "ACME_URL" } : undefined), log);

export const createTestReporter = ({
  channelOff,
  ...ports
}: Omit<ReportPorts, "mismatches" | "channelOff" | "runtime"> &
  Partial<Pick<ReportPorts, "channelOff" | "runtime">>): Reporter =>
  createReporter({
    channelOff: channelOff ?? createTestChannelOff(ports.log),
    runtime: { ...systemRuntime, now: ports.now },
    ...ports,
    mismatches: noMismatches,
  });

export type ScriptedSender = Sender & { script: (FailedSend | Error | undefined)[]; sent: string[] };

/** Each call takes the next line of the script: a failure, an error to throw, or nothing for an accepted message. */
export function createScriptedSender(): ScriptedSender {
  const sender: ScriptedSender = {
    script: [],
    sent: [],
    async send({ id }) {
      sender.sent.push(id);
      const next = sender.script.shift();
      if (next instanceof Error) throw next;
      return next ?? { outcome: "accepted", vendorId: `uuid-${sender.sent.length}` };
    },
  };
  return sender;
}

export type FakeChannel = PlatformChannel & { posted: DeliveryReport[][]; outcome: () => Promise<void> };

/** A platform channel that keeps what is posted; `outcome` decides each post's. */
export function createFakeChannel(
  tag = "mw",
  options: { maxBatch?: number; wants?: (report: DeliveryReport) => boolean } = {},
): FakeChannel {
  const channel: FakeChannel = {
    tag,
    platform: "fake",
    channel: "whatsapp",
    posted: [],
    outcome: async () => undefined,
    intake: {
      path: `/fake/${tag}`,
      formats: ["json"],
      authenticate: () => true,
      toMessage: () => whatsappMessage(),
      accepted: () => ({ status: 200, body: {} }),
      failed: ({ httpStatus }) => ({ status: httpStatus, body: {} }),
    },
    reports: {
      maxBatch: options.maxBatch ?? 50,
      wants: options.wants ?? (() => true),
      async post(reports) {
        channel.posted.push([...reports]);
        await channel.outcome();
      },
    },
  };
  return channel;
}

export type FakeAckDelay = AckDelay & { waits: number[]; room: boolean };

/** Waiting costs nothing but the clock's time. */
export function createFakeAckDelay(clock: ManualClock): FakeAckDelay {
  const ackDelay: FakeAckDelay = {
    waits: [],
    room: true,
    hasRoom: () => ackDelay.room,
    waiting: () => 0,
    longest: () => 10_000,
    async wait(ms) {
      if (ms <= 0) return true;
      if (!ackDelay.room) return false;
      ackDelay.waits.push(ms);
      clock.advance(ms);
      return true;
    },
    release: () => undefined,
  };
  return ackDelay;
}

export function whatsappMessage(over: Partial<WhatsAppMessage> = {}): WhatsAppMessage {
  return {
    id: "m-1",
    origin: "mw",
    channel: "whatsapp",
    from: "14155550100",
    to: "447700900123",
    acceptedAt: T0,
    expiresAt: T0 + 24 * HOUR,
    content: { type: "template", template: { name: "welcome", language: { code: "en" } } },
    ...over,
  };
}

export function smsMessage(over: Partial<SmsMessage> = {}): SmsMessage {
  return {
    id: "s-1",
    origin: "ms",
    channel: "sms",
    from: "Acme",
    to: "447700900456",
    acceptedAt: T0,
    expiresAt: T0 + 24 * HOUR,
    text: "Your code is 4711",
    ...over,
  };
}

export function deliveryReport(over: Partial<DeliveryReport> = {}): DeliveryReport {
  return {
    origin: "mw",
    channel: "whatsapp",
    id: "m-1",
    status: "delivered",
    at: T0,
    to: "447700900123",
    ...over,
  };
}

/** Polls until the condition holds; fails after `ms`. */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
