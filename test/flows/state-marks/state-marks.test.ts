import { expect, it } from "@jest/globals";
import type { Bucket, State } from "../../../src/core/ports.ts";
import { markBucket } from "../../../src/core/state-keys.ts";
import { createStateMarks, type Scope } from "../../../src/flows/state-marks/state-marks.ts";
import { createClock, createMemoryState, createRecordingLog, T0 } from "../../support/ports.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const LINES: Record<Scope, unknown> = {
  instance: ["error", "This instance's State was emptied", { scope: "instance" }],
  account: ["error", "The account's State was emptied", { scope: "account" }],
};

function createSubject() {
  const now = createClock();
  const memory = createMemoryState();
  let reads = 0;
  const state: State = {
    ...memory,
    read(bucket, field) {
      reads++;
      return memory.read(bucket, field);
    },
  };
  function replica(instance = "one") {
    const log = createRecordingLog();
    // Of the instances each has a namespace of its own, beside the account's.
    const own = (bucket: Bucket) =>
      bucket.scope === "account" ? bucket : { ...bucket, key: `${instance}/${bucket.key}` };
    const view: State = {
      ...state,
      read: (bucket, field) => state.read(own(bucket), field),
      write: (bucket, field, value) => state.write(own(bucket), field, value),
    };
    const marks = createStateMarks(() => view, instance, now, log);
    /** One use of State, some seconds later. */
    async function use(seconds = 10) {
      now.advance(seconds * 1_000);
      marks.used();
      await turn();
      return log.lines.splice(0).map(({ level, msg, fields }) => [level, msg.split(".")[0], fields]);
    }
    return { ...marks, use, log };
  }
  return {
    ...{ now, memory, replica, reads: () => reads },
    async empty(...scopes: Scope[]) {
      for (const scope of scopes) {
        const { key } = markBucket(scope);
        for (const name of scope === "account" ? [key] : [`one/${key}`, `other/${key}`]) {
          const bucket = { ...markBucket(scope), key: name };
          for (const field of Object.keys(memory.hash(bucket))) await memory.remove(bucket, field);
        }
      }
    },
  };
}

async function started() {
  const subject = createSubject();
  const connector = subject.replica();
  await connector.firstStart();
  connector.watch();
  expect(await connector.use()).toEqual([]);
  return { ...subject, connector };
}

it.each<[string, Scope[]]>([
  ["all of it", ["instance", "account"]],
  ["the instance's alone", ["instance"]],
  ["the account's alone", ["account"]],
])("says once, in words, that State was emptied while it runs: %s", async (_name, scopes) => {
  const { connector, empty } = await started();
  await empty(...scopes);
  expect(await connector.use(9)).toEqual([]);
  expect(await connector.use(1)).toEqual(scopes.map((scope) => LINES[scope]));
  const at = T0 / 1_000 + 20;
  expect((["instance", "account"] as const).map(connector.emptiedAt)).toEqual(
    (["instance", "account"] as const).map((scope) => (scopes.includes(scope) ? at : 0)),
  );
  for (let times = 0; times < 3; times++) expect(await connector.use()).toEqual([]);
  await empty(...scopes);
  expect(await connector.use()).toHaveLength(scopes.length);
});

it("every replica says so, whoever finds it first, and knows when it was; so does one that starts later", async () => {
  const { connector, empty, replica } = await started();
  const other = replica();
  other.watch();
  expect(await other.use()).toEqual([]);
  expect(await connector.use()).toEqual([]);
  await empty("account");
  expect(await connector.use()).toEqual([LINES.account]);
  expect(await other.use(1)).toEqual([LINES.account]);
  expect(await connector.use()).toEqual([]);
  const later = replica();
  later.watch();
  expect(await later.use()).toEqual([]);
  expect([other, later].map(({ emptiedAt }) => emptiedAt("account"))).toEqual(
    [1, 2].map(() => connector.emptiedAt("account")),
  );
});

it("a start where there were queues already, and no mark, is one after State was emptied", async () => {
  const { replica } = createSubject();
  const connector = replica();
  connector.watch();
  await turn();
  expect(await connector.use(0)).toEqual([LINES.instance, LINES.account]);
  const next = replica();
  next.watch();
  expect(await next.use()).toEqual([]);
});

it("another instance that starts for the first time hides nothing of an emptied account from one that runs", async () => {
  const { connector, empty, replica } = await started();
  await empty("account");
  const other = replica("other");
  await other.firstStart();
  other.watch();
  expect(await other.use(5)).toEqual([]);
  expect(await connector.use(5)).toEqual([LINES.account]);
  for (let times = 0; times < 3; times++)
    for (const { use } of [connector, other]) expect(await use()).toEqual([]);
});

it.each([
  ["whose queues are there", false],
  ["whose queues are gone as well", true],
])("neither does it from one that starts again, %s", async (_name, isFirstStart) => {
  const { empty, replica } = await started();
  await empty("account");
  const other = replica("other");
  await other.firstStart();
  other.watch();
  const again = replica();
  if (isFirstStart) await again.firstStart();
  again.watch();
  await turn();
  expect(await again.use(0)).toEqual([LINES.account]);
  expect(await other.use()).toEqual([]);
});

it("a first start that dies in the middle is no alarm to the next", async () => {
  const { memory, replica } = createSubject();
  await memory.write(markBucket("account"), "one", "first");
  const next = replica();
  await next.firstStart();
  next.watch();
  expect(await next.use()).toEqual([]);
});

it("first starts of several replicas and instances are no alarm", async () => {
  const { replica } = createSubject();
  const both = [replica(), replica(), replica("other")];
  await Promise.all(both.map(({ firstStart }) => firstStart()));
  for (const { watch } of both) watch();
  for (let times = 0; times < 3; times++) for (const { use } of both) expect(await use()).toEqual([]);
});

it("looks every ten seconds at the most, and only where State is used; one that is down is no alarm", async () => {
  const { connector, memory, reads, empty } = await started();
  const before = reads();
  for (let times = 0; times < 100; times++) await connector.use(1);
  expect(reads() - before).toBe(20);
  memory.isDown(true);
  const lines = await connector.use();
  expect(lines.map(([level]) => level)).toEqual(["debug"]);
  memory.isDown(false);
  await empty("instance");
  expect(await connector.use()).toEqual([LINES.instance]);
});
