import { expect, it } from "@jest/globals";
import type { SetupCheck, StatusAnswer } from "../../../src/core/insight.ts";
import { createSetupCheck, type Finding } from "../../../src/flows/setup/check.ts";
import { createObservations } from "../../../src/flows/setup/observations.ts";
import type { ApplicationLook, SetupPorts } from "../../../src/flows/setup/ports.ts";
import { setupProbes } from "../../../src/flows/setup/probes.ts";
import { ConnectorError, type ErrorCode } from "../../../src/lib/errors.ts";
import { systemRuntime } from "../../../src/lib/runtime.ts";
import { statusAnswer } from "../../console/fixtures.ts";
import { createClock, T0, unavailable } from "../../support/ports.ts";

const URLS = [
  {
    key: "inbound_url",
    label: "Inbound URL",
    expected: "https://c.example/webhooks/inbound",
    found: "empty",
    isRight: true,
  },
  {
    key: "status_url",
    label: "Status URL",
    expected: "https://c.example/webhooks/status",
    found: "empty",
    isRight: true,
  },
];
const [NUMBER, DAY] = ["14155550100", 86_400_000];

function setUp() {
  const now = createClock();
  const seen = createObservations(now);
  const world = {
    application: { status: 200, at: T0, keyFits: true, urls: URLS } as ApplicationLook,
    reached: { status: 200, isOurs: true },
    template: { startedAt: T0, list: [{ status: "APPROVED" }] } as {
      startedAt: number;
      list: { status: string }[];
      error?: Error;
    },
    queues: { "svc-sms": "running" } as Record<string, "running" | "paused" | "absent">,
    status: statusAnswer() as StatusAnswer,
    emptied: { account: 0, instance: 0 },
    facts: {
      ...{
        publicUrl: "https://c.example",
        listeners: false,
        hasConsolePassword: true,
        hasOwnCredentials: true,
      },
      ...{ whatsappNumbers: [NUMBER], smsSender: "Acme", ratePerSecond: 14, messageTtlSeconds: 86_400 },
      channels: [{ tag: "mw", name: "MoEngage WhatsApp", channel: "whatsapp", path: "/webhooks/send" }],
      ...{
        notes: [],
        ofPlatforms: [{ id: "data-api", title: "Profiles", ok: true, found: "Written", remedy: "" }],
      },
    } as SetupPorts["facts"],
  };
  seen.webhook();
  seen.report("mw");
  const ports: SetupPorts = {
    ...{ facts: world.facts, seen, now },
    application: async () => world.application,
    reach: async () => world.reached,
    async templates() {
      if (world.template.error) throw world.template.error;
      return { startedAt: world.template.startedAt, templates: world.template.list } as never;
    },
    queues: async () => new Map(Object.entries(world.queues)),
    status: async () => world.status,
    emptiedAt: (scope) => world.emptied[scope],
  };
  const runtime = { ...systemRuntime, now };
  const check = async () => createSetupCheck(setupProbes({ ...ports, facts: world.facts }), runtime)();
  const notGood = async () =>
    (await check()).checks
      .filter(({ ok, remedy }) => ok !== true || remedy !== "")
      .map(({ id, ok }) => [id, ok]);
  return { world, seen, now, check, notGood, ports };
}

type World = ReturnType<typeof setUp>;
const refused =
  (code: ErrorCode, path = "/webhooks/status") =>
  ({ seen, now }: World) => {
    now.advance(1);
    seen.refused(code, path);
  };

it("finds nothing where all is well", async () => {
  const { notGood } = setUp();
  expect(await notGood()).toEqual([]);
});

const unauthorized = { status: 401, at: T0, keyFits: undefined, urls: [] };
const channel = statusAnswer().channels[0]!;

it.each<[string, (world: World) => void, [string, boolean | null][]]>([
  [
    "the account's key and secret are wrong",
    ({ world }) => void Object.assign(world, { application: unauthorized }),
    [
      ["account", false],
      ["application", null],
      ["private-key", null],
      ["inbound-url", null],
      ["status-url", null],
    ],
  ],
  [
    "the application is another account's",
    ({ world }) => void Object.assign(world, { application: { ...unauthorized, status: 404 } }),
    [
      ["application", false],
      ["private-key", null],
      ["inbound-url", null],
      ["status-url", null],
    ],
  ],
  [
    "the key is another application's",
    ({ world }) => void Object.assign(world, { application: { ...world.application, keyFits: false } }),
    [["private-key", false]],
  ],
  [
    "Vonage hides the key",
    ({ world }) => void Object.assign(world, { application: { ...world.application, keyFits: undefined } }),
    [["private-key", null]],
  ],
  [
    "a webhook address leads elsewhere",
    ({ world }) =>
      void Object.assign(world, {
        application: { ...world.application, urls: [{ ...URLS[0]!, isRight: false }, URLS[1]!] },
      }),
    [["inbound-url", false]],
  ],
  [
    "the clock is ahead",
    ({ world }) => void Object.assign(world, { application: { ...world.application, at: T0 - 31_000 } }),
    [["clock", false]],
  ],
  [
    "Vonage tells no time",
    ({ world }) => void Object.assign(world, { application: { ...world.application, at: Number.NaN } }),
    [["clock", null]],
  ],
  [
    "a path is closed",
    ({ world }) => void Object.assign(world, { reached: { status: 403, isOurs: false } }),
    [
      ["path-webhooks-status", false],
      ["path-console", false],
      ["path-webhooks-send", false],
    ],
  ],
  [
    "a gateway is in trouble",
    ({ world }) => void Object.assign(world, { reached: { status: 502, isOurs: false } }),
    [
      ["path-webhooks-status", null],
      ["path-console", null],
      ["path-webhooks-send", null],
    ],
  ],
  ["signatures fit no secret", refused("signature_mismatch"), [["webhooks", false]]],
  ["webhooks are unsigned", refused("unsigned"), [["webhooks", false]]],
  ["webhooks are of another account", refused("other_account"), [["webhooks", false]]],
  ["webhooks are of another time", refused("wrong_time"), [["webhooks", false]]],
  ["a channel got lost", refused("channel_off"), [["webhooks", false]]],
  ["webhooks are altered", refused("forged_webhook"), [["webhooks", false]]],
  [
    "wrong credentials are presented",
    refused("unauthorized", "/webhooks/send"),
    [["platform-credentials", false]],
  ],
  ["the sender is another", refused("invalid_sender", "/webhooks/send"), [["sends", false]]],
  ["sends do not fit their template", refused("invalid_template", "/webhooks/send"), [["sends", false]]],
  ["profiles are refused", ({ seen }) => seen.profile("Acme", "check ACME_KEY"), [["profiles", false]]],
  ["profiles are taken", ({ seen }) => seen.profile("Acme"), []],
  [
    "opt-outs are lost",
    ({ world }) => void Object.assign(world.emptied, { account: T0 - DAY }),
    [["state", false]],
  ],
  [
    "what was sent is lost",
    ({ world }) => void Object.assign(world.emptied, { instance: T0 - DAY }),
    [["state", false]],
  ],
  [
    "something was lost long ago",
    ({ world }) => void Object.assign(world.emptied, { account: T0 - 9 * DAY }),
    [],
  ],
  ["a stranger tries the console", refused("unauthorized", "/console/status"), []],
  [
    "a send goes to the queue's address",
    refused("foreign_job", "/webhooks/message-dispatcher"),
    [["addresses", false]],
  ],
  ["a send goes to a channel that is off", refused("not_found", "/webhooks/sens"), [["addresses", false]]],
  ["a stranger asks for something", refused("not_found", "/wp-login.php"), []],
  [
    "the platform's key is wrong, and then a stranger tries the console",
    (world) => {
      refused("unauthorized", "/sync_templates")(world);
      refused("unauthorized", "/console/api/status")(world);
    },
    [["platform-credentials", false]],
  ],
  [
    "a send goes to a channel that is off, and then a stranger asks for something",
    (world) => {
      refused("not_found", "/webhooks/sens")(world);
      refused("not_found", "/.env")(world);
    },
    [["addresses", false]],
  ],
  [
    "there is no password of the console's own",
    ({ world }) => void Object.assign(world, { facts: { ...world.facts, hasConsolePassword: false } }),
    [["console-password", true]],
  ],
  [
    "the platform has the account's secret",
    ({ world }) => void Object.assign(world, { facts: { ...world.facts, hasOwnCredentials: false } }),
    [["platform-credentials", true]],
  ],
  [
    "no account holds the number",
    ({ world }) =>
      void Object.assign(world.template, {
        error: new ConnectorError("templates_refused", "No account", {
          httpStatus: 502,
        }),
      }),
    [[`templates-${NUMBER}`, false]],
  ],
  [
    "templates cannot be had",
    ({ world }) => void Object.assign(world.template, { error: unavailable("templates_unavailable") }),
    [[`templates-${NUMBER}`, null]],
  ],
  [
    "no template is approved",
    ({ world }) => void Object.assign(world.template, { list: [{ status: "PAUSED" }] }),
    [[`templates-${NUMBER}`, false]],
  ],
  [
    "the list is old",
    ({ world }) => void Object.assign(world.template, { startedAt: T0 - 2 * DAY }),
    [[`templates-${NUMBER}`, true]],
  ],
  [
    "no channel is on",
    ({ world }) =>
      void Object.assign(world, { facts: { ...world.facts, channels: [], notes: ["Set this"] } }),
    [["channels", false]],
  ],
  [
    "sending is paused",
    ({ world }) =>
      void Object.assign(world, { status: { ...world.status, channels: [{ ...channel, state: "paused" }] } }),
    [["sending", false]],
  ],
  [
    "the backlog is long",
    ({ world }) =>
      void Object.assign(world, {
        status: { ...world.status, channels: [{ ...channel, secondsToEmpty: 50_000 }] },
      }),
    [["rates", false]],
  ],
  [
    "a queue is paused",
    ({ world }) => void Object.assign(world, { queues: { "svc-sms": "paused" } }),
    [["queues", false]],
  ],
  [
    "a queue is gone",
    ({ world }) => void Object.assign(world, { queues: { "svc-sms": "absent" } }),
    [["queues", false]],
  ],
  [
    "a neighbour is away",
    ({ world }) =>
      void Object.assign(world, {
        status: {
          ...world.status,
          dependencies: [{ name: "x", up: false, since: null, note: "" }],
        },
      }),
    [["neighbours", false]],
  ],
  [
    "letters are held",
    ({ world }) => void Object.assign(world, { status: { ...world.status, deadLetters: 2 } }),
    [["held", false]],
  ],
  [
    "the platform refuses reports",
    ({ seen }) => seen.report("mw", { code: "platform_refused", message: "No", status: 404 }),
    [["report-mw", false]],
  ],
  [
    "it has no address of its own",
    ({ world }) => void Object.assign(world, { facts: { ...world.facts, publicUrl: undefined } }),
    [
      ["inbound-url", null],
      ["status-url", null],
      ["path-webhooks-status", null],
      ["path-console", null],
      ["path-webhooks-send", null],
    ],
  ],
])("finds that %s", async (_name, spoil, expected) => {
  const subject = setUp();
  spoil(subject);
  expect(await subject.notGood()).toEqual(expected);
});

it("has a remedy for whatever is wrong", async () => {
  const { world, seen, now, check } = setUp();
  world.application = {
    ...world.application,
    keyFits: false,
    urls: URLS.map((url) => ({ ...url, isRight: false })),
    at: 0,
  };
  world.reached = { status: 403, isOurs: false };
  world.queues = { x: "paused" };
  now.advance(1);
  seen.refused("unsigned", "/webhooks/status");
  const { checks } = await check();
  const wrong = checks.filter(({ ok }: SetupCheck) => ok === false);
  expect(wrong.length).toBeGreaterThan(6);
  expect(wrong.filter(({ remedy }) => remedy.length < 20)).toEqual([]);
});

it("says what could not be looked at, in time, and has it the next time", async () => {
  const now = createClock();
  let answer: (finding: Finding) => void = () => undefined;
  const slow = {
    id: "slow",
    title: "Slow",
    look: () =>
      new Promise<Finding>((resolve) => {
        answer = resolve;
      }),
  };
  const broken = { id: "broken", title: "Broken", look: () => Promise.reject(new Error("inner words")) };
  const runtime = {
    ...systemRuntime,
    now,
    setTimeout: (work: () => void, ms: number) =>
      ms === 2_000 ? systemRuntime.setTimeout(work, 0) : { unref: () => undefined },
  };
  const check = createSetupCheck([slow, broken], runtime);
  expect((await check()).checks).toEqual([
    { id: "slow", title: "Slow", ok: null, found: expect.stringMatching(/check again/), remedy: "" },
    {
      id: "broken",
      title: "Broken",
      ok: null,
      found: expect.stringMatching(/could not be looked at/),
      remedy: "",
    },
  ]);
  answer({ ok: true, found: "Fine", remedy: "" });
  expect((await check()).checks[0]).toEqual({
    id: "slow",
    title: "Slow",
    ok: true,
    found: "Fine",
    remedy: "",
  });
});

it("asks once for whoever looks again at once", async () => {
  let looks = 0;
  const now = createClock();
  const probe = { id: "x", title: "X", look: async () => ({ ok: true, found: String(++looks), remedy: "" }) };
  const check = createSetupCheck([probe], { ...systemRuntime, now });
  await Promise.all([check(), check()]);
  now.advance(4_000);
  await check();
  expect(looks).toBe(1);
  now.advance(2_000);
  await check();
  expect(looks).toBe(2);
});
