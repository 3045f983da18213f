import type { LoneScenario } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { noFailures, unless } from "./looks.ts";
import { type Offered, offerShortLived } from "./short-lived.ts";

/** At this pace 200 can be sent in the twenty seconds that they live. */
const A_SECOND = 10;
const OFFERED = 260;

const offers = new WeakMap<ChaosWorld, Offered>();

export const backlog: LoneScenario[] = [
  {
    name: "more than can be sent in its time to live",
    world: { env: { DISPATCH_RATE_PER_SECOND: String(A_SECOND) } },
    // The other channel has room.
    whatsapp: 20,
    rate: 50,
    async trouble(world) {
      offers.set(world, await offerShortLived(world, { count: OFFERED, rate: 100 }));
    },
    also(world) {
      const { result, refusals = [] } = offers.get(world) ?? {};
      const full = refusals.filter(({ status }) => status === 429);
      const wordless = full.filter(({ body }) => !/"message":"More messages are waiting/.test(body));
      return [
        ...unless(full.length > 0, "nothing was turned away"),
        ...unless(wordless.length === 0, `answered 429: ${wordless[0]?.body}`),
        ...unless(result?.accepted === OFFERED, `${result?.accepted} of ${OFFERED} were taken in the end`),
        ...noFailures(world),
      ];
    },
  },
];
