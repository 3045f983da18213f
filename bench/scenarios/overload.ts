import { setTimeout as sleep } from "node:timers/promises";
import { drained, type Figures, faultsOf, warmedUp, watch } from "../measure.ts";
import { timesOf } from "../stats.ts";
import { onStage, type Scenario } from "./scenario.ts";

const IN_HAND = 256;
const CALM_SECONDS = 4;
/** After so long it must be as before. */
const RECOVERY_MS = 5_000;
const BURST = 1_500;
/** Whoever waits for an answer keeps a socket: there must be enough for four seconds of them. */
const CONNECTIONS = 4_096;
const [BEFORE, DURING, AFTER, PARALLEL] = [
  "half of what it can do",
  "twice what it can do",
  "five seconds later",
  `${BURST} sends in parallel`,
];

const timesFigures = ({ sends, webhooks }: { sends: number[]; webhooks: number[] }): Figures => ({
  "send p50 ms": timesOf(sends).p50,
  "send most ms": timesOf(sends).most,
  "webhook p50 ms": timesOf(webhooks).p50,
  "webhook most ms": timesOf(webhooks).most,
});

/** What it can do is found out first; then twice that is offered, and nothing is offered again. */
export const overload: Scenario = {
  name: "overload",
  about: "twice what one core can do",
  subjects: ["connector"],
  isOnce: true,
  run: (name, settings) =>
    onStage(
      name,
      settings,
      async ({ world, subject }) => {
        const pids = [subject.pid];
        await world.keep(IN_HAND, "dispatched");
        await warmedUp(world);
        const full = await watch(pids, world, settings.seconds);
        await world.stopLoad();
        await drained(world);
        const capacity = full.counted.sent / full.seconds;

        const parts: Record<string, Figures> = {};
        await world.fixed(capacity / 2);
        await sleep(RECOVERY_MS);
        parts[BEFORE] = timesFigures(await watch(pids, world, CALM_SECONDS));
        await world.stopLoad();
        await world.fixed(capacity * 2);
        const over = await watch(pids, world, settings.overloadSeconds);
        await world.stopLoad();
        const { answers, accepted, offered, webhooks } = over.counted;
        parts[DURING] = {
          "offered/s": offered / over.seconds,
          "accepted/s": accepted / over.seconds,
          "sent/s": over.counted.sent / over.seconds,
          "told 503": answers["503"] ?? 0,
          "told 429": answers["429"] ?? 0,
          "webhooks told 503": webhooks["503"] ?? 0,
          ...timesFigures(over),
        };
        await world.fixed(capacity / 2);
        await sleep(RECOVERY_MS);
        parts[AFTER] = timesFigures(await watch(pids, world, CALM_SECONDS));
        await world.stopLoad();
        await drained(world);
        const burst = await world.burst(BURST);
        const seconds = await drained(world);
        const { unsent, untold } = await world.missing();
        const all = await world.counts();
        parts[PARALLEL] = {
          accepted: burst.filter(({ status }) => status === 200).length,
          "most ms": timesOf(burst.map(({ ms }) => ms)).most,
          "seconds until all is done": seconds,
          "accepted and never sent": unsent,
          "sent and never told": untold - unsent,
          "sends without an answer":
            all.offered - Object.values(all.answers).reduce((sum, count) => sum + count, 0),
          ...faultsOf(all),
        };
        return parts;
      },
      { connections: CONNECTIONS, webhookConnections: CONNECTIONS / 2 },
    ),
  ratios: [
    {
      ...{ words: "longest wait of a send, ms", part: DURING, figure: "send most ms" },
      ...{ of: "connector", goal: "at most 4,000" },
    },
    {
      ...{ words: "longest wait of a webhook, ms", part: DURING, figure: "webhook most ms" },
      ...{ of: "connector", goal: "at most 4,000" },
    },
    {
      ...{ words: `longest of ${BURST} in parallel, ms`, part: PARALLEL, figure: "most ms" },
      ...{ of: "connector", goal: "at most 1,000" },
    },
    {
      ...{ words: "accepted and never sent", part: PARALLEL, figure: "accepted and never sent" },
      ...{ of: "connector", goal: "0" },
    },
  ],
};
