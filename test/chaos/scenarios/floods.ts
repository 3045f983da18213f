import { setTimeout as sleep } from "node:timers/promises";
import type { LoneScenario } from "../fire.ts";
import { count, logOf, unless } from "./looks.ts";
import { BASE } from "./neighbours.ts";

export const floods: LoneScenario[] = [
  {
    name: "a flood while the queue hangs",
    whatsapp: 1_500,
    rate: 750,
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
    whatsapp: 280,
    sms: 120,
    rate: 75,
    world: {
      traffic: {
        doubleShare: 0.3,
        shuffleShare: 0.3,
        beforeAnswerShare: 0.3,
        unsignedShare: 0.2,
        failureShare: 0.1,
      },
    },
    trouble: async ({ vcr }) => vcr.setRedeliverShare(0.2),
  },
  {
    ...BASE,
    name: "platform refuses reports for good",
    async trouble({ moengage }) {
      moengage.setFault("sms", { status: 413 });
      await sleep(1_000);
    },
    refusing: "sms",
    allowed: ["are not settled", "not quiet"],
    settleMs: 12_000,
    async also(world) {
      const { webhooks } = world.vonage.records();
      const lines = count(await logOf(world), "Report refused by the platform");
      return [
        ...unless(JSON.stringify(Object.keys(webhooks)) === '["status delivered"]', JSON.stringify(webhooks)),
        ...unless(lines === BASE.sms, `${lines} lines for ${BASE.sms} refused reports`),
      ];
    },
  },
];
