import { setTimeout as sleep } from "node:timers/promises";
import type { CleverTap } from "../../../src/sandbox/clevertap/index.ts";
import type { Platforms } from "../../../src/sandbox/platforms.ts";
import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { TOLD_AGAIN } from "./deaths.ts";
import { unless } from "./looks.ts";
import { BASE } from "./neighbours.ts";

const clevertapOf = ({ platforms }: ChaosWorld) => (platforms as Partial<Platforms>).clevertap as CleverTap;

const HEARD_WITHIN_MS = 40_000;

/** All that it accepted is told in the end, also what it lied about; and MoEngage's campaign beside it is none the worse. */
async function hearsAll(world: ChaosWorld): Promise<string[]> {
  const clevertap = clevertapOf(world);
  const deadline = Date.now() + HEARD_WITHIN_MS;
  while (clevertap.funnel().waiting > 0 && Date.now() < deadline) await sleep(200);
  const { accepted, waiting } = clevertap.funnel();
  return [
    ...unless(accepted > 0, "CleverTap had no message accepted"),
    ...unless(waiting === 0, `CleverTap waits for the end of ${waiting} of ${accepted} messages`),
  ];
}

/** CleverTap sends nothing again, waits a second for an answer, and answers callbacks late, wrongly or not at all. */
export const clevertaps: LoneScenario[] = [
  {
    ...BASE,
    name: "clevertap slow and lying",
    world: { beside: ["clevertap"] },
    allowed: [TOLD_AGAIN],
    async trouble(world) {
      const clevertap = clevertapOf(world);
      const campaigns = Promise.all([
        clevertap.campaign({ channel: "whatsapp", count: 60, rate: 20 }),
        clevertap.campaign({ channel: "sms", count: 60, rate: 20 }),
      ]);
      await sleep(500);
      clevertap.setFault("statuses", { lie: true });
      clevertap.setFault("sms", { delayMs: 1_500 });
      await sleep(2_000);
      clevertap.setFault("statuses", { hang: true, share: 0.5 });
      await sleep(1_500);
      clevertap.setFault("statuses", null);
      clevertap.setFault("sms", null);
      await campaigns;
    },
    also: hearsAll,
  },
];
