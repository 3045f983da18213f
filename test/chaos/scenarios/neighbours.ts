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
const FLAKY: Fault = { down: true, share: 0.3 };

/** A campaign that lasts about as long as the trouble. */
export const BASE = {
  whatsapp: 80,
  sms: 40,
  rate: 25,
  repeatShare: 0.05,
};
const SMALL = { ...BASE, whatsapp: 56, sms: 24, rate: 18 };

function during(neighbours: readonly Neighbour[], fault: Fault): Scenario["trouble"] {
  return async (world) => {
    await sleep(700);
    for (const neighbour of neighbours) setFault(world, neighbour, fault);
    await sleep(3_000);
    for (const neighbour of neighbours) setFault(world, neighbour, null);
  };
}

/**
 * An outage without answers costs what leaves in half a second (some 40 here, where both channels catch up) and a probe
 * every three seconds, not all that would leave until the first deadline passes.
 */
function fewInDoubt(world: ChaosWorld): string[] {
  const failed = failures(world).reduce((sum, [, count]) => sum + count, 0);
  return unless(failed <= 60, `${failed} messages were put in doubt`);
}

/** A page in place of an answer does not say whether the report was taken: it is told again. */
const unavoidable = (neighbours: readonly Neighbour[], word: string) =>
  word === "lying" && neighbours.includes("platform") ? { allowed: [TOLD_AGAIN] } : {};

const inTurn = (neighbours: readonly Neighbour[], campaign: Omit<Scenario, "name" | "trouble">): Series => ({
  name: neighbours.join(" and "),
  world: { traffic: { doubleShare: 0.05 } },
  scenarios: Object.entries(FAULTS).map(([word, fault]) => ({
    ...campaign,
    name: `${neighbours.join(" and ")} ${word}`,
    ...unavoidable(neighbours, word),
    ...(neighbours.join() === "vonage" && word === "hanging" ? { also: fewInDoubt } : {}),
    trouble: during(neighbours, fault),
  })),
});

export const alone: Series[] = NEIGHBOURS.map((neighbour) => inTurn([neighbour], BASE));

export const flaky: Series = {
  name: "flaky",
  scenarios: (["queue", "state"] as const).map((neighbour) => ({
    ...BASE,
    name: `${neighbour} flaky`,
    trouble: during([neighbour], FLAKY),
  })),
};

export const pairs: Series[] = NEIGHBOURS.flatMap((one, at) =>
  NEIGHBOURS.slice(at + 1).map((other) => inTurn([one, other], SMALL)),
);
