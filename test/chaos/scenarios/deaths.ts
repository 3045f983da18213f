import { setTimeout as sleep } from "node:timers/promises";
import { QUEUE_PURPOSES } from "../../../src/core/job.ts";
import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";

/**
 * Where a process died between the platform's answer and its own note of it, that report is told again; so may be a
 * status that comes to two replicas in the same moment (docs/decisions/0012).
 */
export const TOLD_AGAIN = "repeated status";

export const kills: LoneScenario[] = [1, 2].map((round) => ({
  name: `kill -9 twice, round ${round}`,
  whatsapp: 1_400,
  sms: 600,
  rate: 80,
  repeatShare: 0.05,
  world: { traffic: { failureShare: 0.05 } },
  async trouble(world, random) {
    for (let times = 0; times < 2; times++) {
      await sleep(random.between(200, 7_000));
      await world.kill(0);
      await sleep(random.between(0, 300));
      await world.revive(0);
    }
  },
  allowed: [TOLD_AGAIN],
}));

const oneQueueEach = ({ vcr }: ChaosWorld): string[] => {
  const created = vcr.records().calls["queue-service"]?.["POST /queue"];
  return created === QUEUE_PURPOSES.length ? [] : [`queues were created ${created} times`];
};

export const replicas: LoneScenario[] = [
  {
    name: "two replicas, 20 % of jobs redelivered",
    whatsapp: 490,
    sms: 210,
    rate: 60,
    repeatShare: 0.2,
    world: { replicas: 2, traffic: { doubleShare: 0.2, beforeAnswerShare: 0.1 } },
    async trouble({ vcr }) {
      vcr.setRedeliverShare(0.2);
    },
    allowed: [TOLD_AGAIN],
    also: oneQueueEach,
  },
  {
    name: "two replicas, one killed and started again",
    whatsapp: 490,
    sms: 210,
    rate: 60,
    repeatShare: 0.1,
    world: { replicas: 2 },
    async trouble(world, random) {
      await sleep(random.between(500, 1_500));
      await world.kill(0);
      await sleep(1_000);
      await world.revive(0);
    },
    allowed: [TOLD_AGAIN],
    also: oneQueueEach,
  },
];
