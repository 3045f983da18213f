import { expect, it } from "@jest/globals";
import { type Job, perQueue, QUEUE_PURPOSES, type QueuePurpose } from "../../../src/core/job.ts";
import type { DeadLetter, DeadLetterQueue, State } from "../../../src/core/ports.ts";
import { DAY_MS, DEAD_LETTERS, heldBucket } from "../../../src/core/state-keys.ts";
import { createDeadLetters } from "../../../src/flows/dispatch/dead-letters.ts";
import {
  type HeldLetter,
  type HeldLetters,
  openHeldLetters,
} from "../../../src/flows/dispatch/held-letters.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import {
  createMemoryState,
  createRecordingLog,
  HOUR,
  T0,
  unavailable,
  whatsappMessage,
} from "../../support/ports.ts";
import { createVirtualRuntime } from "../../support/runtime.ts";

const MINUTE = 60_000;
const SECOND = 1_000;

const job = (id: string, expiresAt = T0 + 30 * DAY_MS): Job => ({
  kind: "send",
  attempt: 1,
  message: whatsappMessage({ id, expiresAt }),
});
const FOREIGN = "foreign";
const NEWER = "newer";

/** The queue's side: what lies dead, and what was put back when. */
function createFakeQueue(now: () => number) {
  const fake = {
    lying: [] as DeadLetter[],
    back: [] as { key: string; at: number }[],
    isDown: false,
    /** So many are too many for one answer. */
    longestList: Number.POSITIVE_INFINITY,
    /** Called before what was put back is acknowledged. */
    onPutBack: (_letter: DeadLetter): void => undefined,
    beforePop: (): void => undefined,
    port: undefined as unknown as DeadLetterQueue,
    die(...keys: string[]) {
      for (const key of keys) fake.lying.push({ key, signed: key });
    },
    keys: () => fake.back.map(({ key }) => key),
  };
  const check = () => {
    if (fake.isDown) throw unavailable();
  };
  fake.port = {
    async list() {
      check();
      if (fake.lying.length > fake.longestList)
        throw new ConnectorError("no_answer", "No answer arrived in time", { retryable: true });
      return [...fake.lying];
    },
    async ping() {
      check();
    },
    async pop(count) {
      check();
      fake.beforePop();
      // In an order of its own.
      return fake.lying.splice(Math.max(0, fake.lying.length - count));
    },
    async putBack(letter) {
      check();
      fake.back.push({ key: letter.key, at: now() });
      fake.onPutBack(letter);
    },
  };
  return fake;
}

function createSubject() {
  const runtime = createVirtualRuntime();
  const memory = createMemoryState();
  const log = createRecordingLog();
  const queues = perQueue(() => createFakeQueue(runtime.now));
  const jobs = new Map<string, Job>();
  const readable = { newer: false };
  function verify(signed: unknown): Job {
    if (signed === FOREIGN) throw new ConnectorError("foreign_job", "No", { httpStatus: 401 });
    if (signed === NEWER && !readable.newer)
      throw new ConnectorError("unknown_job_version", "No", { retryable: true });
    return jobs.get(String(signed)) ?? job(String(signed));
  }
  function replica(
    state: State = memory,
    at: Partial<Record<QueuePurpose, DeadLetterQueue>> = {},
    random = () => 0.5,
  ) {
    const open = (purpose: QueuePurpose) =>
      openHeldLetters(purpose, {
        queue: at[purpose] ?? queues[purpose].port,
        ...{ state, verify, now: runtime.now },
      });
    const held = perQueue(open);
    return { held, ...createDeadLetters({ held, state, runtime: { ...runtime, random }, log }) };
  }
  return { runtime, memory, log, queues, jobs, readable, replica, ...queues };
}

const heldIn = async ({ held }: { held: Record<QueuePurpose, HeldLetters> }) => {
  const letters: [string, HeldLetter][] = [];
  for await (const entry of held.whatsapp.scan()) letters.push(entry);
  return letters;
};

it("what lies there at the start is put back at once, of every queue, and nothing is taken twice", async () => {
  const { runtime, queues, replica, log, ...subject } = createSubject();
  for (const purpose of QUEUE_PURPOSES) queues[purpose].die(`${purpose}-1`, `${purpose}-2`);
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  expect(QUEUE_PURPOSES.map((purpose) => queues[purpose].keys().sort())).toEqual(
    QUEUE_PURPOSES.map((purpose) => [`${purpose}-1`, `${purpose}-2`]),
  );
  expect(QUEUE_PURPOSES.flatMap((purpose) => queues[purpose].lying)).toEqual([]);
  expect(log.lines).toEqual(
    QUEUE_PURPOSES.map((queue) => ({
      level: "info",
      msg: "The queue had given up on jobs: those that can be done are put back",
      fields: { queue, found: 2, put_back: 2, held: 0, refused: 0 },
    })),
  );
  await runtime.advance(HOUR);
  expect(subject.whatsapp.keys()).toHaveLength(2);
  await connector.stop();
});

it("a job that dies again and again is put back five times, after 0, 1, 5, 15 and 60 minutes, and then given up", async () => {
  const { runtime, whatsapp, replica, log } = createSubject();
  whatsapp.onPutBack = ({ key }) => {
    runtime.setTimeout(() => whatsapp.die(key), 10 * SECOND);
  };
  whatsapp.die("m-1");
  const connector = replica();
  connector.start();
  await runtime.advance(5 * HOUR);
  const minutes = whatsapp.back.map(({ at }) => (at - T0) / MINUTE);
  const waits = minutes.map((at, index) => at - (minutes[index - 1] ?? 0));
  // Found again within five minutes, then so long.
  [0, 1, 5, 15, 60].forEach((distance, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(distance);
    expect(waits[index]).toBeLessThanOrEqual(distance + 5.5);
  });
  expect(whatsapp.back).toHaveLength(5);
  expect(log.at("error")).toEqual([
    {
      level: "error",
      msg: "A job died again and again: it is put back no more. The console's page Held shows it, and puts it back once its cause is gone",
      fields: { queue: "whatsapp", msg_id: "m-1", kind: "send", attempt: 1, replays: 5 },
    },
  ]);
  expect([connector.waiting("whatsapp"), connector.waiting("sms")]).toEqual([1, 0]);
  await connector.stop();
});

it("one that was given up is put back once more past its deadline, to be reported expired", async () => {
  const { runtime, whatsapp, jobs, replica, log } = createSubject();
  jobs.set("m-1", job("m-1", T0 + 24 * HOUR));
  whatsapp.onPutBack = ({ key }) => {
    runtime.setTimeout(() => whatsapp.die(key), 10 * SECOND);
  };
  whatsapp.die("m-1");
  const connector = replica();
  connector.start();
  await runtime.advance(23 * HOUR);
  expect(whatsapp.back).toHaveLength(5);
  await runtime.advance(3 * 24 * HOUR);
  expect(whatsapp.back).toHaveLength(6);
  expect(whatsapp.back.at(-1)?.at).toBeGreaterThanOrEqual(T0 + 24 * HOUR);
  expect(whatsapp.back.at(-1)?.at).toBeLessThanOrEqual(T0 + 24 * HOUR + 5 * MINUTE);
  expect(log.at("error")).toHaveLength(2);
  await connector.stop();
});

it("what nobody signed is held and shown, and not put back; what a newer version made is put back by one that can read it", async () => {
  const { runtime, sms, readable, replica, log } = createSubject();
  sms.die(FOREIGN, NEWER, "s-1");
  const connector = replica();
  connector.start();
  await runtime.advance(HOUR);
  expect([sms.keys(), sms.lying, connector.waiting("sms")]).toEqual([["s-1"], [], 2]);
  expect(log.lines).toEqual([
    {
      level: "warn",
      msg: "The queue had given up on jobs: those that can be done are put back",
      fields: { queue: "sms", found: 3, put_back: 1, held: 2, refused: 2 },
    },
  ]);
  const shown = [...(await connector.held.sms.list()).letters.values()].map(connector.held.sms.read);
  expect(shown.sort()).toEqual([
    "not readable by this version of the connector",
    "not signed by this application",
  ]);
  await connector.stop();
  readable.newer = true;
  const newer = replica();
  newer.start();
  await runtime.advance(SECOND);
  expect([sms.keys(), newer.waiting("sms")]).toEqual([["s-1", NEWER], 1]);
  await newer.stop();
});

it("asks every few seconds from a failed delivery on, until a look is clean, and goes on when the providers are back", async () => {
  const { runtime, memory, whatsapp, queues, replica, log } = createSubject();
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  for (const queue of Object.values(queues)) queue.isDown = true;
  memory.isDown(true);
  connector.deliveryFailed();
  whatsapp.die("m-1", "m-2");
  await runtime.advance(45 * SECOND);
  expect(whatsapp.back).toEqual([]);
  for (const queue of Object.values(queues)) queue.isDown = false;
  memory.isDown(false);
  await runtime.advance(6 * SECOND);
  expect(whatsapp.keys().sort()).toEqual(["m-1", "m-2"]);
  expect(log.lines.map(({ level, msg }) => [level, msg])).toEqual([
    ["warn", "Dead letters cannot be looked at now: trying again"],
    ["info", "The queue had given up on jobs: those that can be done are put back"],
  ]);
  whatsapp.die("m-3");
  await runtime.advance(6 * SECOND);
  expect(whatsapp.keys()).toContain("m-3");
  await runtime.advance(6 * SECOND);
  whatsapp.die("m-4");
  await runtime.advance(MINUTE);
  expect(whatsapp.keys()).not.toContain("m-4");
  await runtime.advance(5 * MINUTE);
  expect(whatsapp.keys()).toContain("m-4");
  await connector.stop();
  expect(runtime.timers()).toBe(0);
});

it("one queue that is not there does not keep the others waiting", async () => {
  const { runtime, whatsapp, reports, replica } = createSubject();
  whatsapp.isDown = true;
  reports.die("r-1");
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  expect(reports.keys()).toEqual(["r-1"]);
  await connector.stop();
});

it("a letter that was settled is forgotten after days: State does not grow", async () => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  whatsapp.die("m-1");
  const connector = replica();
  connector.start();
  await runtime.advance(4 * DAY_MS);
  expect(await connector.held.whatsapp.list()).toEqual({ letters: new Map(), isWhole: true });
  expect(Object.keys(memory.hash(DEAD_LETTERS))).toEqual(["lease"]);
  expect(await heldIn(connector)).toEqual([]);
  await connector.stop();
});

it.each(["list", "pop"] as const)("a job that dies right at the %s is held, and put back", async (moment) => {
  const { runtime, whatsapp, replica } = createSubject();
  whatsapp.die("m-1", "m-2");
  let isDone = false;
  const late = () => {
    if (isDone) return;
    isDone = true;
    whatsapp.die("late", "m-1");
  };
  if (moment === "pop") whatsapp.beforePop = late;
  const { list } = whatsapp.port;
  if (moment === "list")
    whatsapp.port.list = async () => {
      const letters = await list();
      late();
      return letters;
    };
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  expect([whatsapp.keys().sort(), whatsapp.lying]).toEqual([["late", "m-1", "m-2"], []]);
  await connector.stop();
});

/** Counts every step to the outside, and dies at one of them: before it took effect, or after. */
function mortal(at: number, after: boolean, memory: State, queue: DeadLetterQueue) {
  let steps = 0;
  const never = new Promise<never>(() => undefined);
  const step =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      steps++;
      if (steps > at || (steps === at && !after)) return never;
      const result = await work(...args);
      return steps === at ? never : result;
    };
  const state: State = {
    ...memory,
    ...{ read: step(memory.read), write: step(memory.write) },
    async *scan(bucket) {
      await step(async () => undefined)();
      yield* memory.scan(bucket);
    },
  };
  return {
    state,
    queue: { ...queue, list: step(queue.list), pop: step(queue.pop), putBack: step(queue.putBack) },
    steps: () => steps,
  };
}

it("a process that dies between any two steps loses nothing: the next puts everything back", async () => {
  const died: number[] = [];
  for (let at = 1; at <= 40; at++) {
    for (const after of [false, true]) {
      const { runtime, memory, whatsapp, replica } = createSubject();
      whatsapp.die("m-1", "m-2", "m-3");
      const first = mortal(at, after, memory, whatsapp.port);
      replica(first.state, { whatsapp: first.queue }).start();
      await runtime.advance(SECOND);
      if (first.steps() >= at) died.push(at);
      replica().start();
      await runtime.advance(6 * MINUTE);
      expect([at, after, [...new Set(whatsapp.keys())].sort(), whatsapp.lying]).toEqual([
        ...[at, after, ["m-1", "m-2", "m-3"], []],
      ]);
    }
  }
  // Far enough to have gone through all of the first one's steps.
  expect(died.length).toBeLessThan(80);
  expect(died.length).toBeGreaterThan(20);
});

it("two replicas that look in the same moment, or in turn, lose nothing; all the letters come back", async () => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  const slowly = (): State => ({
    ...memory,
    read: async (bucket, field) => {
      const value = await memory.read(bucket, field);
      await new Promise<void>((resolve) => runtime.setTimeout(resolve, 20));
      return value;
    },
  });
  const keys = Array.from({ length: 130 }, (_, n) => `m-${n}`);
  whatsapp.die(...keys);
  const both = [0.1, 0.9].map((chance) => replica(slowly(), {}, () => chance));
  for (const connector of both) connector.start();
  await runtime.advance(10 * SECOND);
  expect([[...new Set(whatsapp.keys())].sort(), whatsapp.lying]).toEqual([keys.sort(), []]);
  // In turn: the lease lets one of them.
  whatsapp.back.length = 0;
  await runtime.advance(20 * MINUTE);
  whatsapp.die("later");
  await runtime.advance(6 * MINUTE);
  expect(whatsapp.keys()).toEqual(["later"]);
  expect(both.map(({ waiting }) => waiting("whatsapp"))).toEqual([0, 0]);
});

it("a letter that another replica put back, and that died again, is not lost where this one takes it away", async () => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  whatsapp.die("m-1");
  const other = replica();
  let isDone = false;
  const { pop } = whatsapp.port;
  whatsapp.port.pop = async (count) => {
    if (isDone) return pop(count);
    isDone = true;
    // Between this one's list and its pop the other does it all, and the job dies again.
    await other.held.whatsapp.collect();
    for (const [key, letter] of await heldIn(other)) await other.held.whatsapp.putBack(key, letter);
    whatsapp.die("m-1");
    return pop(count);
  };
  const connector = replica();
  connector.start();
  await runtime.advance(2 * MINUTE);
  expect(whatsapp.keys()).toEqual(["m-1", "m-1"]);
  expect(memory.hash(DEAD_LETTERS)["lease"]).toContain('"whatsapp":0');
  await connector.stop();
});

it("where the queue refuses what is put back, nothing is lost", async () => {
  const { runtime, whatsapp, replica } = createSubject();
  whatsapp.die("m-1", "m-2");
  const { putBack } = whatsapp.port;
  whatsapp.port.putBack = (letter) =>
    runtime.now() < T0 + MINUTE ? Promise.reject(unavailable("queue_unavailable")) : putBack(letter);
  const connector = replica();
  connector.start();
  await runtime.advance(50 * SECOND);
  expect([whatsapp.keys(), whatsapp.lying]).toEqual([[], []]);
  await runtime.advance(20 * SECOND);
  expect(whatsapp.keys().sort()).toEqual(["m-1", "m-2"]);
  await connector.stop();
});

it("twenty thousand letters, far more than the queue can list, come back within minutes", async () => {
  const { runtime, whatsapp, sms, replica, log } = createSubject();
  whatsapp.longestList = 6_900;
  const keys = Array.from({ length: 20_000 }, (_, n) => `m-${n}`);
  whatsapp.die(...keys);
  sms.die("s-1");
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  expect([whatsapp.back.length > 0, sms.keys()]).toEqual([true, ["s-1"]]);
  await runtime.advance(3 * MINUTE);
  expect([whatsapp.back.length, new Set(whatsapp.keys()), whatsapp.lying]).toEqual([
    ...[20_000, new Set(keys), []],
  ]);
  expect([connector.waiting("whatsapp"), log.at("warn"), log.at("error")]).toEqual([0, [], []]);
  await connector.stop();
});

it("thousands that are held already are put back some at a time, and none before it is due", async () => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  const early = replica();
  const keys = Array.from({ length: 2_000 }, (_, n) => `m-${n}`);
  whatsapp.die(...keys);
  await early.held.whatsapp.collect();
  const due = runtime.now() + HOUR;
  for (const [key, letter] of (await heldIn(early)).slice(0, 10))
    await memory.write(heldBucket("whatsapp", T0), key, JSON.stringify({ ...letter, at: due }));
  let atOnce = 0;
  let most = 0;
  const { putBack } = whatsapp.port;
  whatsapp.port.putBack = async (letter) => {
    most = Math.max(most, ++atOnce);
    await putBack(letter);
    atOnce--;
  };
  const connector = replica();
  connector.start();
  await runtime.advance(MINUTE);
  expect([whatsapp.back.length, connector.waiting("whatsapp"), most]).toEqual([1_990, 10, 50]);
  await runtime.advance(HOUR);
  expect([new Set(whatsapp.keys()), connector.waiting("whatsapp")]).toEqual([new Set(keys), 0]);
  await connector.stop();
});

it("a queue that says nothing of its dead letters does not keep back those that are held already", async () => {
  const { runtime, whatsapp, replica, log } = createSubject();
  whatsapp.die("m-1", "m-2");
  await replica().held.whatsapp.collect();
  const silent = async () => {
    throw unavailable();
  };
  const connector = replica(undefined, {
    whatsapp: { ...whatsapp.port, list: silent, pop: silent, ping: silent },
  });
  connector.start();
  await runtime.advance(SECOND);
  expect(whatsapp.keys().sort()).toEqual(["m-1", "m-2"]);
  expect(log.lines.map(({ msg }) => msg)).toEqual([
    "The queue had given up on jobs: those that can be done are put back",
    "Dead letters cannot be looked at now: trying again",
  ]);
  await connector.stop();
});

it("what was put back beside one that could not be is told, and the one follows", async () => {
  const { runtime, whatsapp, replica, log } = createSubject();
  whatsapp.die("m-1", "m-2", "m-3");
  let isRefused = true;
  const putBack: DeadLetterQueue["putBack"] = async (letter) => {
    if (letter.key === "m-2" && isRefused) throw unavailable();
    await whatsapp.port.putBack(letter);
  };
  const connector = replica(undefined, { whatsapp: { ...whatsapp.port, putBack } });
  connector.start();
  await runtime.advance(SECOND);
  isRefused = false;
  await runtime.advance(6 * SECOND);
  expect(whatsapp.keys().sort()).toEqual(["m-1", "m-2", "m-3"]);
  expect(log.lines.map(({ msg, fields }) => [msg, fields["put_back"]])).toEqual([
    ["The queue had given up on jobs: those that can be done are put back", 2],
    ["Dead letters cannot be looked at now: trying again", undefined],
    ["The queue had given up on jobs: those that can be done are put back", 1],
  ]);
  await connector.stop();
});

it("a queue that does not answer at all is not asked for letters which nobody has listed", async () => {
  const { runtime, whatsapp, replica } = createSubject();
  whatsapp.die("m-1");
  whatsapp.longestList = 0;
  let pops = 0;
  whatsapp.beforePop = () => void pops++;
  whatsapp.port.ping = async () => {
    throw unavailable();
  };
  const connector = replica();
  connector.start();
  await runtime.advance(MINUTE);
  expect([pops, whatsapp.lying.length]).toEqual([0, 1]);
  await connector.stop();
});

it.each([
  ["the queue has it again at once", false],
  ["it is kept until one of them answers, where the queue is away as well", true],
])("a letter that State does not take once it was taken away is not lost: %s", async (_name, queueToo) => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  whatsapp.die("m-1");
  whatsapp.beforePop = () => {
    whatsapp.beforePop = () => undefined;
    whatsapp.die("late");
    memory.isDown(true);
  };
  const { putBack } = whatsapp.port;
  let isAway = queueToo;
  whatsapp.port.putBack = (letter) => (isAway ? Promise.reject(unavailable()) : putBack(letter));
  const connector = replica();
  connector.start();
  await runtime.advance(SECOND);
  expect(whatsapp.keys().includes("late")).toBe(!queueToo);
  await runtime.advance(20 * SECOND);
  memory.isDown(false);
  isAway = false;
  await runtime.advance(20 * SECOND);
  expect([...new Set(whatsapp.keys())].sort()).toEqual(["late", "m-1"]);
  await connector.stop();
});

it("a stop in the middle of many ends the look between two steps, and the next process goes on", async () => {
  const { runtime, whatsapp, replica } = createSubject();
  const keys = Array.from({ length: 1_000 }, (_, n) => `m-${n}`);
  whatsapp.die(...keys);
  const connector = replica();
  whatsapp.onPutBack = () => void connector.stop();
  connector.start();
  await runtime.advance(SECOND);
  await connector.stop();
  expect(whatsapp.back.length).toBeLessThanOrEqual(50);
  const next = replica();
  whatsapp.onPutBack = () => undefined;
  next.start();
  await runtime.advance(MINUTE);
  expect(new Set(whatsapp.keys())).toEqual(new Set(keys));
  await next.stop();
});

it("what waits for its time is not read again at every look while deliveries fail", async () => {
  const { runtime, memory, whatsapp, replica } = createSubject();
  whatsapp.onPutBack = ({ key }) => {
    runtime.setTimeout(() => whatsapp.die(key), 10 * SECOND);
  };
  let scans = 0;
  const counting: State = {
    ...memory,
    scan(bucket) {
      if (bucket.key.startsWith("held:whatsapp")) scans++;
      return memory.scan(bucket);
    },
  };
  const connector = replica(counting);
  connector.start();
  whatsapp.die("m-1");
  for (let times = 0; times < 24; times++) {
    await runtime.advance(5 * SECOND);
    connector.deliveryFailed();
  }
  // Put back at once, and a minute after it was found again; two months are read each time.
  expect(whatsapp.back.map(({ at }) => Math.round((at - T0) / SECOND))).toEqual([0, 70]);
  expect(scans).toBeLessThanOrEqual(12);
  await connector.stop();
});
