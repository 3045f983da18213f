import { setTimeout as sleep } from "node:timers/promises";
import type { LoneScenario } from "../fire.ts";
import { type ChaosWorld, DISPATCH_RATE } from "../world.ts";
import { failures, logOf, noFailures, rateNow, unless } from "./looks.ts";
import { BASE } from "./neighbours.ts";
import { offerShortLived } from "./short-lived.ts";

/** The rate in the middle of the trouble, by world. */
const slowest = new WeakMap<ChaosWorld, number>();

async function slowedDown(world: ChaosWorld): Promise<string[]> {
  const then = slowest.get(world) ?? DISPATCH_RATE;
  const log = await logOf(world);
  return [
    ...unless(then <= DISPATCH_RATE / 2, `the rate stayed at ${then}`),
    ...unless((await rateNow(world)) > then, "the rate did not recover"),
    ...unless(/"reason":"throttled".*Sending rate changed/.test(log), "no line says that it slows down"),
    ...unless(/"reason":"recovering".*Sending rate changed/.test(log), "no line says that it recovers"),
  ];
}

/** Those whose failure came as code 1000, and nobody else, are reported failed, in words. */
function onlyThrottledFailed(world: ChaosWorld): string[] {
  const found = world.vonage.webhooks.filter(({ body }) =>
    (body["error"] as { type: string } | undefined)?.type.endsWith("#1000"),
  );
  const failed = failures(world);
  const told = failed.reduce((sum, [, n]) => sum + n, 0);
  return [
    ...unless(found.length > 0, "nothing was throttled"),
    ...unless(told === found.length, `${told} reported failed for ${found.length} throttled`),
    ...unless(
      failed.every(([reason]) => /throttled|capacity/i.test(reason)),
      `failed: ${JSON.stringify(failed)}`,
    ),
  ];
}

export const vonageSays: LoneScenario[] = [
  {
    ...BASE,
    name: "Vonage throttles for six seconds",
    // Recovery is seen by what is sent, and that goes on for some seconds after it.
    whatsapp: 200,
    rate: 20,
    async trouble(world) {
      await sleep(500);
      world.vonage.setTraffic({ ratePerSecond: 5 });
      await sleep(6_000);
      slowest.set(world, await rateNow(world));
      world.vonage.setTraffic({ ratePerSecond: null });
    },
    also: async (world) => [...(await slowedDown(world)), ...noFailures(world)],
  },
  {
    ...BASE,
    name: "Vonage takes messages, then finds them too fast",
    whatsapp: 105,
    sms: 0,
    rate: 35,
    async trouble(world) {
      await sleep(500);
      world.vonage.setTraffic({ throttledShare: 0.3 });
      await sleep(1_500);
      world.vonage.setTraffic({ throttledShare: 0 });
      // The last of them is told of a moment later.
      await sleep(400);
      slowest.set(world, await rateNow(world));
      await sleep(1_000);
    },
    also: async (world) => [...(await slowedDown(world)), ...onlyThrottledFailed(world)],
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
        ...unless(/Sending is paused/.test(await logOf(world)), "no loud line"),
        ...noFailures(world),
      ];
    },
  },
  ...(["accept-then-reset", "accept-then-hang"] as const).map(
    (what): LoneScenario => ({
      ...BASE,
      name: `Vonage takes messages, then ${what === "accept-then-hang" ? "never answers" : "hangs up"}`,
      async trouble({ vonage }) {
        vonage.behave({ times: 60, answer: { do: what } });
        await sleep(3_000);
        vonage.clearRules();
      },
      also: noFailures,
    }),
  ),
  {
    ...BASE,
    name: "Vonage hangs up unread, policy resend",
    world: { env: { IN_DOUBT_POLICY: "resend" } },
    // A repeated request puts a send in doubt that is still under way, and this wait is shorter than a send may last.
    repeatShare: 0,
    async trouble({ vonage }) {
      vonage.behave({ times: 60, answer: { do: "reset" } });
      await sleep(3_000);
      vonage.clearRules();
    },
    also: noFailures,
  },
  {
    ...BASE,
    name: "Vonage down for longer than messages live",
    whatsapp: 50,
    sms: 0,
    async trouble(world) {
      world.vonage.setFault("messages", { down: true });
      await offerShortLived(world, { count: 30, rate: 30 });
      await sleep(21_000);
      world.vonage.setFault("messages", null);
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
