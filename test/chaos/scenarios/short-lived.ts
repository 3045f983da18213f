import { CANARY } from "../../../src/sandbox/auditor.ts";
import { type CampaignResult, runCampaign, type Sent } from "../../../src/sandbox/campaign.ts";
import { recipient } from "../../../src/sandbox/moengage/index.ts";
import type { ChaosWorld } from "../world.ts";

/** What became of the offers, and what those that were turned away were told. */
export interface Offered {
  result: CampaignResult;
  refusals: Sent["outcome"][];
}

/** The shortest life that an SMS can be given. */
const TTL_SECONDS = 20;

/** Offers SMS that live for twenty seconds, each as often as it takes. */
export async function offerShortLived(
  { moengage }: ChaosWorld,
  { count, rate }: { count: number; rate: number },
): Promise<Offered> {
  const refusals: Sent["outcome"][] = [];
  const result = await runCampaign({
    ...{ count, rate, tries: 20 },
    async send(n) {
      const message = { text: `Your code, ${CANARY}`, to: recipient(900_000 + n), ttl: TTL_SECONDS };
      const sent = await moengage.sendSms(message);
      if (sent.result !== "accepted") refusals.push(sent.outcome);
      return sent;
    },
  });
  return { result, refusals };
}
