import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { Queue } from "@vonage/vcr-sdk";
import type { State } from "../../src/core/ports.ts";
import { createHttpClient, type HttpClient } from "../../src/lib/http-client.ts";
import { createCredentials } from "../../src/sandbox/credentials.ts";
import { type SandboxServer, serve } from "../../src/sandbox/server.ts";
import { startVcr, type Vcr } from "../../src/sandbox/vcr/index.ts";
import { createDeadLetters } from "../../src/vcr/dead-letters.ts";
import { createSession } from "../../src/vcr/session.ts";
import { createState } from "../../src/vcr/state.ts";
import { unavailable, until } from "../support/ports.ts";

const credentials = createCredentials();
const NAME = "svc-sms";

let vcr: Vcr;
let app: SandboxServer;
let httpClient: HttpClient;
let state: State;
let taken: string[];
let isBroken: boolean;
let letters: ReturnType<typeof createDeadLetters>;
let sdk: Queue;
/** Called before each request to VCR. */
let before: (url: string) => Promise<void>;

beforeEach(async () => {
  taken = [];
  isBroken = true;
  app = await serve(0, async (request) => {
    const { mac } = JSON.parse((await request.read()).toString());
    if (isBroken) return { status: 503 };
    taken.push(mac);
    return { status: 200 };
  });
  vcr = await startVcr({ credentials, apps: [app.url] });
  before = async () => undefined;
  httpClient = createHttpClient(4);
  const spied: HttpClient = {
    ...httpClient,
    request: async (request) => {
      await before(request.url);
      return httpClient.request(request);
    },
  };
  const { accountId, applicationId, privateKey } = credentials;
  const session = createSession(
    {
      account: { id: accountId },
      application: { id: applicationId, privateKey },
      instance: { id: "i", serviceName: "svc", publicUrl: undefined },
      providersUrl: vcr.url,
    },
    spied,
  );
  state = createState(session, Date.now);
  sdk = new Queue(session);
  letters = createDeadLetters(session, NAME, state);
  await sdk.createQueue(NAME, "/jobs", { active: true, maxInflight: 10, msgPerSecond: 1_000 });
});
afterEach(async () => {
  await vcr.stop();
  await Promise.all([app.stop(), httpClient.close()]);
});

const job = (mac: string) => ({ kid: "k", mac, body: `{"is":"${mac}"}` });
async function die(...macs: string[]) {
  const before = vcr.deadLetters(NAME).length;
  isBroken = true;
  await sdk.enqueue(NAME, macs.map(job));
  await until(() => vcr.deadLetters(NAME).length === before + macs.length);
  isBroken = false;
}
const waiting = async () => (await letters.list()).map(({ mac }) => mac).sort();

it("what was put back is delivered, and listed no more", async () => {
  await die("a", "b", "c");
  expect(await waiting()).toEqual(["a", "b", "c"]);
  const found = await letters.list();
  const one = found.find(({ mac }) => mac === "b");
  if (one) await letters.replay(one);
  await until(() => taken.length === 1);
  expect({ taken, waiting: await waiting() }).toEqual({ taken: ["b"], waiting: ["a", "c"] });
});

it("a command that dies behind the put loses nothing: it is put back once more", async () => {
  await die("a", "b");
  const { increment } = state;
  state.increment = async () => {
    throw unavailable();
  };
  const [first] = await letters.list();
  if (first) await expect(letters.replay(first)).rejects.toMatchObject({ retryable: true });
  state.increment = increment;
  expect(await waiting()).toEqual(["a", "b"]);
  for (const letter of await letters.list()) await letters.replay(letter);
  await until(() => taken.length === 3);
  expect({ taken: [...new Set(taken)].sort(), waiting: await waiting() }).toEqual({
    taken: ["a", "b"],
    waiting: [],
  });
});

it("nothing is taken away while something waits", async () => {
  await die("a", "b");
  const [first] = await letters.list();
  if (first) await letters.replay(first);
  expect({ cleared: await letters.clear(), left: vcr.deadLetters(NAME).length }).toEqual({
    cleared: 0,
    left: 2,
  });
});

it("what died again after it was put back is listed again", async () => {
  await die("a");
  isBroken = true;
  for (const letter of await letters.list()) await letters.replay(letter);
  await until(() => vcr.deadLetters(NAME).length === 2);
  expect(await waiting()).toEqual(["a"]);
  isBroken = false;
  for (const letter of await letters.list()) await letters.replay(letter);
  expect({ cleared: await letters.clear(), left: vcr.deadLetters(NAME) }).toEqual({ cleared: 2, left: [] });
  await die("a");
  expect(await waiting()).toEqual(["a"]);
});

/** Lets something happen once, before the request of that kind. */
function once(kind: RegExp, what: () => Promise<void>) {
  before = async (url) => {
    if (!kind.test(url)) return;
    before = async () => undefined;
    await what();
  };
}
const STATE = /client-persistence-api/;
const POP = /deadletter\/pop/;
async function replayAll() {
  for (const letter of await letters.list()) await letters.replay(letter);
}

it.each([
  ["another job", "before the last look", STATE, "b"],
  ["the same job again", "before the last look", STATE, "a"],
  ["another job", "after the last look", POP, "b"],
  ["the same job again", "after the last look", POP, "a"],
])("%s that dies %s at what is taken away is not lost", async (_what, _when, kind, mac) => {
  await die("a", "c");
  await replayAll();
  await until(() => taken.length === 2);
  taken.length = 0;
  once(kind, () => die(mac));
  await letters.clear();
  await replayAll();
  await until(() => taken.length > 0);
  expect({ taken, waiting: await waiting() }).toEqual({ taken: [mac], waiting: [] });
  await die(mac);
  expect(await waiting()).toEqual([mac]);
});
