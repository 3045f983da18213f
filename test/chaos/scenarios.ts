import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../src/sandbox/faults.ts";
import { recipient } from "../../src/sandbox/moengage/index.ts";
import type { Random } from "../../src/sandbox/random.ts";
import type { Traffic } from "../../src/sandbox/vonage/index.ts";
import { until } from "../support/ports.ts";
import type { Scenario } from "./fire.ts";
import type { ChaosWorld } from "./world.ts";

/** Where a process died between the platform's answer and its own note of it, that report is told again. */
const TOLD_AGAIN = "repeated status";
/** After a death or a flood more webhooks come at once than Vonage's fake has sockets for: they wait there, not here. */
const QUEUED_UP = "webhooks not answered in time";

const kills: Scenario[] = [1, 2, 3, 4, 5].map((round) => ({
  name: `kill -9 twice, round ${round}`,
  whatsapp: 1_400,
  sms: 600,
  rate: 300,
  repeatShare: 0.05,
  traffic: { failureShare: 0.05 },
  async trouble(world, random) {
    for (let times = 0; times < 2; times++) {
      await sleep(random.between(200, 2_000));
      await world.kill(0);
      await sleep(random.between(0, 300));
      await world.revive(0);
    }
  },
  allowed: [TOLD_AGAIN, QUEUED_UP],
}));

/** As far apart as the statuses of a message really are, when replicas take them in turn. */
const UNHURRIED: Partial<Traffic> = { delayMs: [400, 1_200] };

/** Two statuses that two replicas take within the same moment may overtake each other, and no more than that. */
const STEPPED_BACK = "backward step";
const rarelyOutOfOrder = ({ moengage }: ChaosWorld): string[] => {
  const { violations } = moengage.records();
  const steps = violations.filter(({ rule }) => rule === STEPPED_BACK).length;
  return steps <= 10 ? [] : [`${steps} reports out of order`];
};

const oneQueueEach = ({ vcr }: ChaosWorld): string[] => {
  const created = vcr.records().calls["queue-service"]?.["POST /queue"];
  return created === 3 ? [] : [`queues were created ${created} times`];
};

const replicas: Scenario[] = [
  {
    name: "two replicas, 20 % of jobs redelivered",
    whatsapp: 700,
    sms: 300,
    rate: 200,
    replicas: 2,
    repeatShare: 0.2,
    traffic: { ...UNHURRIED, doubleShare: 0.2, beforeAnswerShare: 0.1 },
    async trouble({ vcr }) {
      vcr.setRedeliverShare(0.2);
    },
    // Two copies that reach two replicas within the same moment are both told.
    allowed: [TOLD_AGAIN, STEPPED_BACK, QUEUED_UP],
    also: (world) => [...oneQueueEach(world), ...rarelyOutOfOrder(world)],
  },
  {
    name: "two replicas, one killed and started again",
    whatsapp: 700,
    sms: 300,
    rate: 200,
    replicas: 2,
    repeatShare: 0.1,
    traffic: UNHURRIED,
    async trouble(world, random) {
      await sleep(random.between(500, 1_500));
      await world.kill(0);
      await sleep(1_000);
      await world.revive(0);
    },
    allowed: [TOLD_AGAIN, STEPPED_BACK, QUEUED_UP],
    also: (world) => [...oneQueueEach(world), ...rarelyOutOfOrder(world)],
  },
];

type Neighbour = "queue" | "state" | "vonage" | "platform";
const NEIGHBOURS: Neighbour[] = ["queue", "state", "vonage", "platform"];

/** Sets or, with null, takes away a fault of everything that neighbour offers. */
function setFault({ vcr, vonage, moengage }: ChaosWorld, neighbour: Neighbour, fault: Fault | null): void {
  const setters: Record<Neighbour, () => void> = {
    queue: () => vcr.setFault("queue-service", fault),
    state: () => vcr.setFault("client-persistence-api", fault),
    vonage: () => vonage.setFault("messages", fault),
    platform: () => {
      moengage.setFault("whatsapp", fault);
      moengage.setFault("sms", fault);
    },
  };
  setters[neighbour]();
}

const FAULTS: Record<string, Fault> = {
  down: { down: true },
  slow: { delayMs: 1_500 },
  hanging: { hang: true },
  lying: { lie: true },
};
const FLAKY: Fault = { down: true, share: 0.3 };

const BASE = { whatsapp: 280, sms: 120, rate: 100, repeatShare: 0.05, traffic: { doubleShare: 0.05 } };

function during(faults: [Neighbour, Fault][], ms: number): Scenario["trouble"] {
  return async (world) => {
    await sleep(700);
    for (const [neighbour, fault] of faults) setFault(world, neighbour, fault);
    await sleep(ms);
    for (const [neighbour] of faults) setFault(world, neighbour, null);
  };
}

const alone: Scenario[] = NEIGHBOURS.flatMap((neighbour) =>
  Object.entries(FAULTS).map(([word, fault]) => ({
    ...BASE,
    name: `${neighbour} ${word}`,
    // A page in place of an answer does not say whether the report was taken: it is told again.
    ...(neighbour === "platform" && word === "lying" ? { allowed: [TOLD_AGAIN] } : {}),
    trouble: during([[neighbour, fault]], 3_000),
  })),
);

const flaky: Scenario[] = (["queue", "state"] as const).map((neighbour) => ({
  ...BASE,
  name: `${neighbour} flaky`,
  trouble: during([[neighbour, FLAKY]], 3_000),
}));

const PAIRS: [Neighbour, Neighbour][] = [
  ["queue", "state"],
  ["queue", "vonage"],
  ["queue", "platform"],
  ["state", "vonage"],
  ["state", "platform"],
  ["vonage", "platform"],
];

const pairs: Scenario[] = PAIRS.map(([one, other]) => ({
  ...BASE,
  name: `${one} and ${other} down`,
  trouble: during(
    [
      [one, { down: true }],
      [other, { down: true }],
    ],
    3_000,
  ),
}));

const logOf = (world: ChaosWorld) => readFile(world.logFile, "utf8");
const count = (text: string, what: string) => text.split(what).length - 1;
const unless = (holds: boolean, words: string) => (holds ? [] : [words]);
const failures = ({ moengage }: ChaosWorld) => Object.entries(moengage.funnel().failed);

async function rateNow({ front }: ChaosWorld): Promise<number> {
  const metrics = await (await fetch(`${front.url}/_/metrics`)).text();
  return Number(metrics.match(/^connector_sending_rate_whatsapp (\S+)$/m)?.[1]);
}

const vonageSays: Scenario[] = [
  {
    ...BASE,
    name: "Vonage throttles for six seconds",
    rate: 150,
    async trouble(world) {
      await sleep(500);
      world.vonage.setTraffic({ ratePerSecond: 5 });
      await sleep(6_000);
      slowest = await rateNow(world);
      world.vonage.setTraffic({ ratePerSecond: null });
    },
    async also(world) {
      const log = await logOf(world);
      return [
        ...unless(slowest < 200, `the rate stayed at ${slowest}`),
        ...unless((await rateNow(world)) > slowest, "the rate did not recover"),
        ...unless(/"reason":"throttled".*Sending rate changed/.test(log), "no line says that it slows down"),
        ...unless(/"reason":"recovering".*Sending rate changed/.test(log), "no line says that it recovers"),
        ...unless(failures(world).length === 0, `failed: ${JSON.stringify(failures(world))}`),
      ];
    },
  },
  {
    ...BASE,
    name: "Vonage has no balance left",
    async trouble({ vonage }) {
      await sleep(500);
      vonage.behave({ answer: { do: "problem", status: 402, anchor: "#low-balance" } });
      await sleep(5_000);
      vonage.clearRules();
    },
    async also(world) {
      const asked = world.vonage.records().answers["402"] ?? 0;
      return [
        ...unless(asked > 0 && asked < 60, `asked ${asked} times while it was refused`),
        ...unless(failures(world).length === 0, `failed: ${JSON.stringify(failures(world))}`),
        ...unless(/Sending is paused/.test(await logOf(world)), "no loud line"),
      ];
    },
  },
  ...(["accept-then-reset", "accept-then-hang"] as const).map(
    (what): Scenario => ({
      ...BASE,
      name: `Vonage takes messages, then ${what === "accept-then-hang" ? "never answers" : "hangs up"}`,
      async trouble({ vonage }) {
        vonage.behave({ times: 60, answer: { do: what } });
        await sleep(3_000);
        vonage.clearRules();
      },
      also: (world) => unless(failures(world).length === 0, `failed: ${JSON.stringify(failures(world))}`),
    }),
  ),
  {
    ...BASE,
    name: "Vonage hangs up unread, policy resend",
    env: { IN_DOUBT_POLICY: "resend" },
    // A repeated request puts a send in doubt that is still under way, and this wait is shorter than a send may last.
    repeatShare: 0,
    async trouble({ vonage }) {
      vonage.behave({ times: 60, answer: { do: "reset" } });
      await sleep(3_000);
      vonage.clearRules();
    },
    also: (world) => unless(failures(world).length === 0, `failed: ${JSON.stringify(failures(world))}`),
  },
  {
    ...BASE,
    name: "Vonage down for longer than messages live",
    whatsapp: 50,
    sms: 0,
    async trouble({ vonage, moengage }) {
      vonage.setFault("messages", { down: true });
      for (let n = 0; n < 30; n++) {
        const shortLived = { text: "Your code", to: recipient(900_000 + n), ttl: 20 };
        await moengage.sendSms(shortLived);
      }
      await sleep(21_000);
      vonage.setFault("messages", null);
    },
    also({ moengage, vonage }) {
      const late = vonage.messages.filter(({ request }) => request.channel === "sms").length;
      const { sms } = moengage.records();
      return [
        ...unless(late === 0, `${late} sent after their time`),
        ...unless(
          JSON.stringify(sms.failed) === '{"expired, The message expired before it could be sent":30}',
          `failed: ${JSON.stringify(sms.failed)}`,
        ),
      ];
    },
  },
];
let slowest = 0;

const floods: Scenario[] = [
  {
    name: "a flood while the queue hangs",
    whatsapp: 2_500,
    rate: 1_000,
    allowed: [QUEUED_UP],
    async trouble({ vcr }) {
      await sleep(300);
      vcr.setFault("queue-service", { hang: true });
      await sleep(3_000);
      vcr.setFault("queue-service", null);
    },
  },
  {
    ...BASE,
    name: "webhooks doubled, shuffled, early, unsigned, missigned",
    traffic: {
      doubleShare: 0.3,
      shuffleShare: 0.3,
      beforeAnswerShare: 0.3,
      unsignedShare: 0.2,
      failureShare: 0.1,
    },
    trouble: async ({ vcr }) => vcr.setRedeliverShare(0.2),
  },
  {
    ...BASE,
    name: "platform refuses reports for good",
    traffic: {},
    async trouble({ moengage }) {
      moengage.setFault("sms", { status: 413 });
      await sleep(1_000);
    },
    deaf: "sms",
    allowed: ["messages are not settled", "not quiet"],
    settleMs: 12_000,
    async also(world) {
      const { webhooks } = world.vonage.records();
      const lines = count(await logOf(world), "Report refused by the platform");
      return [
        ...unless(JSON.stringify(Object.keys(webhooks)) === '["status delivered"]', JSON.stringify(webhooks)),
        ...unless(lines === 120, `${lines} lines for 120 refused reports`),
      ];
    },
  },
];

/** Puts everything back with the command, which is killed some times on the way. */
async function replay(world: ChaosWorld, random: Random): Promise<string> {
  const run = (args: string[], killAfterMs?: number) =>
    new Promise<string>((resolve, reject) => {
      const env = { PATH: process.env["PATH"] ?? "", ...world.env };
      const child = spawn(process.execPath, ["dist/dead-letters.js", ...args], { env });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => {
          output += chunk;
        });
      child.once("error", reject);
      child.once("close", () => resolve(output));
      if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    });
  const dryRun = await run(["replay", "--all", "--dry-run"]);
  for (let times = 0; times < 4; times++) await run(["replay", "--all"], random.between(350, 900));
  await run(["replay", "--all"]);
  return `${dryRun.trim().split("\n").at(-1)}, then ${(await run(["list"])).trim().split("\n").at(-1)}`;
}

const deadLetters: Scenario[] = [
  {
    name: "dead letters put back, the command killed four times",
    whatsapp: 200,
    sms: 100,
    rate: 150,
    unreachableMs: 300,
    async trouble(world, random) {
      const sum = (what: "accepted" | "dead") =>
        Object.values(world.vcr.records().queues).reduce((total, queue) => total + queue[what], 0);
      await until(() => sum("accepted") > 100, 20_000);
      await world.kill(0);
      await until(() => sum("dead") > 20, 20_000);
      await world.revive(0);
      replayed = await replay(world, random);
    },
    also: ({ vcr }) => [
      ...unless(/^[1-9]\d* would be put back, then 0 waiting$/.test(replayed), replayed),
      ...unless(
        Object.keys(vcr.records().queues).flatMap(vcr.deadLetters).length === 0,
        "dead letters that were put back are still there",
      ),
    ],
    // The queue goes on counting those that were put back.
    allowed: [TOLD_AGAIN, QUEUED_UP, "dead letters in"],
  },
];
let replayed = "";

export const SCENARIOS: Scenario[] = [
  ...kills,
  ...replicas,
  ...vonageSays,
  ...floods,
  ...deadLetters,
  ...alone,
  ...flaky,
  ...pairs,
];
