import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../../src/sandbox/faults.ts";
import type { Scenario, Series } from "../fire.ts";
import type { ChaosWorld } from "../world.ts";
import { TOLD_AGAIN } from "./deaths.ts";
import { failures, unless } from "./looks.ts";

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

/** A campaign that lasts about as long as the trouble. */
export const BASE = {
  whatsapp: 80,
  sms: 40,
  rate: 25,
  repeatShare: 0.05,
};

const during =
  (neighbour: Neighbour, fault: Fault): Scenario["trouble"] =>
  async (world) => {
    await sleep(700);
    setFault(world, neighbour, fault);
    await sleep(3_000);
    setFault(world, neighbour, null);
  };

/**
 * An outage without answers costs what leaves in half a second (some 40 here, where both channels catch up) and a probe
 * every three seconds, not all that would leave until the first deadline passes.
 */
function fewInDoubt(world: ChaosWorld): string[] {
  const failed = failures(world).reduce((sum, [, count]) => sum + count, 0);
  return unless(failed <= 60, `${failed} messages were put in doubt`);
}

/** A page in place of an answer does not say whether the report was taken: it is told again. */
const unavoidable = (neighbour: Neighbour, word: string) =>
  neighbour === "platform" && word === "lying" ? { allowed: [TOLD_AGAIN] } : {};

/** One at a time; simulation has them together, flaky, and for as long as it likes. */
export const alone: Series[] = NEIGHBOURS.map((neighbour) => ({
  name: neighbour,
  world: { traffic: { doubleShare: 0.05 } },
  scenarios: Object.entries(FAULTS).map(([word, fault]) => ({
    ...BASE,
    name: `${neighbour} ${word}`,
    ...unavoidable(neighbour, word),
    ...(neighbour === "vonage" && word === "hanging" ? { also: fewInDoubt } : {}),
    trouble: during(neighbour, fault),
  })),
}));
