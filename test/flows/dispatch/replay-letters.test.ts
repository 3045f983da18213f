import { expect, it } from "@jest/globals";
import { type Job, perQueue, type QueuePurpose } from "../../../src/core/job.ts";
import type { DeadLetter } from "../../../src/core/ports.ts";
import { openHeldLetters } from "../../../src/flows/dispatch/held-letters.ts";
import { createLetterDesk, type ReplayChoice } from "../../../src/flows/dispatch/replay-letters.ts";
import { ConnectorError } from "../../../src/lib/errors.ts";
import {
  createClock,
  createMemoryState,
  createRecordingLog,
  T0,
  unavailable,
  whatsappMessage,
} from "../../support/ports.ts";

const MINUTE = 60_000;
const AT = new Date(T0).toISOString();
const LATER = new Date(T0 + MINUTE).toISOString();

/** Two queues with letters: `whatsapp` has `a`, then a minute later `b`, one that is foreign; `sms` has `c`. */
async function setUp() {
  const now = createClock();
  const state = createMemoryState();
  const log = createRecordingLog();
  const lying = perQueue<DeadLetter[]>(() => []);
  const back: string[] = [];
  const ports = { isListed: true };
  const job = (id: string): Job => ({ kind: "send", attempt: 1, message: whatsappMessage({ id }) });
  const held = perQueue((purpose: QueuePurpose) =>
    openHeldLetters(purpose, {
      ...{ state, now },
      verify(signed) {
        if (signed === "foreign") throw new ConnectorError("foreign_job", "No", { httpStatus: 401 });
        return job(String(signed));
      },
      queue: {
        async list() {
          if (!ports.isListed) throw unavailable("no_answer");
          return [...lying[purpose]];
        },
        ping: async () => undefined,
        pop: async (count) => lying[purpose].splice(0, count),
        putBack: async ({ key }) => void back.push(key),
      },
    }),
  );
  const die = (purpose: QueuePurpose, ...ids: string[]) =>
    lying[purpose].push(...ids.map((id) => ({ key: `key-${id}`, signed: id })));
  die("whatsapp", "a");
  die("sms", "c");
  await Promise.all([held.whatsapp.collect(), held.sms.collect()]);
  now.advance(MINUTE);
  die("whatsapp", "b", "foreign");
  return { desk: createLetterDesk(held, log), back, log, ports };
}

it("lists what lies with the queues and in State, the oldest first, with why it is there", async () => {
  const { desk } = await setUp();
  const send = { kind: "send", attempt: 1 };
  const { letters } = await desk.list();
  expect(letters).toEqual([
    { key: "key-a", queue: "whatsapp", ...send, id: "a", at: AT, reason: `is put back by itself at ${AT}` },
    { key: "key-c", queue: "sms", ...send, id: "c", at: AT, reason: `is put back by itself at ${AT}` },
    {
      key: "key-b",
      queue: "whatsapp",
      ...send,
      id: "b",
      at: LATER,
      reason: `is put back by itself at ${LATER}`,
    },
    {
      ...{ key: "key-foreign", queue: "whatsapp", kind: "unknown", attempt: null, id: null, at: LATER },
      reason: "not signed by this application",
    },
  ]);
});

it("says where there are more than a queue can list", async () => {
  const { desk, ports } = await setUp();
  ports.isListed = false;
  const { letters } = await desk.list();
  expect(letters.filter(({ key }) => key === "").map(({ queue, reason }) => [queue, reason])).toEqual(
    ["whatsapp", "sms", "chat", "reports"].map((queue) => [
      queue,
      expect.stringMatching(/more on the queue/),
    ]),
  );
});

it.each<[string, ReplayChoice, string[], number]>([
  ["a message's id", { ids: ["a"], dryRun: false }, ["key-a"], 3],
  ["a letter's key", { ids: ["key-b", "key-c"], dryRun: false }, ["key-b", "key-c"], 2],
  ["everything that can be read", { all: true, dryRun: false }, ["key-a", "key-b", "key-c"], 1],
  ["everything of one queue", { all: true, queue: "sms", dryRun: false }, ["key-c"], 3],
  ["what was found since", { since: T0 + 1, dryRun: false }, ["key-b"], 3],
  ["what nobody knows", { ids: ["x"], dryRun: false }, [], 4],
  ["what is foreign", { ids: ["key-foreign"], dryRun: false }, [], 4],
])("puts back by %s", async (_name, choice, expected, left) => {
  const { desk, back, log } = await setUp();
  const dry = await desk.replay({ ...choice, dryRun: true });
  expect([dry, back]).toEqual([{ replayed: expected.length, left, dryRun: true }, []]);
  const done = await desk.replay(choice);
  expect([done, back.toSorted()]).toEqual([{ replayed: expected.length, left, dryRun: false }, expected]);
  expect(log.lines.map(({ msg }) => msg)).toEqual(expected.map(() => "Dead letter put back by hand"));
  expect((await desk.list()).letters).toHaveLength(left);
});
