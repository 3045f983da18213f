import { setTimeout as sleep } from "node:timers/promises";
import type { CampaignResult } from "./campaign.ts";
import type { ConnectorProcess } from "./connector.ts";
import type { Options } from "./options.ts";
import type { People } from "./people.ts";
import type { FakePlatform } from "./platform.ts";
import { createProgress } from "./progress.ts";
import type { World } from "./world.ts";

export type DemoWorld = World<ConnectorProcess>;

/** A campaign is given up when nothing has changed for so long. */
const STALLED_MS = 60_000;

/** Of the first campaign's people, so many get a second message: one in four. */
const SECOND_SHARE = 0.25;

/** What was offered, by platform and channel, and when the second campaign began. */
export interface Campaigns {
  results: Record<string, CampaignResult>;
  offered: number;
  secondAt: number;
}

/** Resolves once nothing is under way any more, or when nothing has changed for a minute. */
async function settle(world: DemoWorld, people: People, show: () => void): Promise<void> {
  let last = "";
  let changedAt = Date.now();
  while (true) {
    const funnels = Object.values<FakePlatform>(world.platforms).map((platform) => platform.funnel());
    const queues = Object.values(world.vcr.records().queues);
    const queued = queues.reduce((sum, { waiting, inflight }) => sum + waiting + inflight, 0);
    const open = world.vonage.records().open + people.pending() + queued;
    if (funnels.every(({ waiting }) => waiting === 0) && open === 0) return;
    const now = JSON.stringify([funnels, open]);
    if (now !== last) changedAt = Date.now();
    last = now;
    if (Date.now() - changedAt > STALLED_MS) return;
    show();
    await sleep(200);
  }
}

/** MoEngage's campaign on each channel, a second one to some of the same people, then those of the other platforms. */
export async function runCampaigns(world: DemoWorld, people: People, options: Options): Promise<Campaigns> {
  const { count, rate, channels } = options;
  const { moengage } = world.platforms;
  const second = options.answers > 0 ? Math.ceil(count * SECOND_SHARE) : 0;
  const total = (count + second) * channels.length;
  const results: Record<string, CampaignResult> = {};
  let offered = total;

  const progress = createProgress();
  const show = () => {
    const { accepted, settled, waiting } = moengage.funnel();
    if (total > 0) progress.show(settled, total, `accepted ${accepted}, waiting ${waiting}`);
  };
  const toAll = (many: number, again: boolean) =>
    Promise.all(
      channels.map(async (channel) => {
        const result = await moengage.campaign({ channel, count: many, rate, again, onProgress: show });
        results[channel] ??= result;
      }),
    );

  await toAll(count, false);
  await settle(world, people, show);
  people.stop();
  const secondAt = Date.now();
  if (second > 0) {
    await toAll(second, true);
    await settle(world, people, show);
  }
  show();
  progress.end();

  for (const other of options.others) {
    const platform: FakePlatform = world.platforms[other.name];
    for (const channel of other.channels.filter((one) => platform.channels.includes(one))) {
      results[`${other.name} ${channel}`] = await platform.campaign({ channel, count: other.count, rate });
      offered += other.count;
    }
    await settle(world, people, () => undefined);
  }
  return { results, offered, secondAt };
}
