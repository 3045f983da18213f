import type { World } from "./world.ts";

/** Parts of a world without which it may go wrong as well. */
const PARTS = ["faults", "words", "messages"] as const;
type Part = { of: (typeof PARTS)[number]; item: object };

const MOST_RUNS = 400;

/**
 * A shorter story that goes wrong in the same way: first without whatever is not needed, then with smaller numbers.
 * What an exchange suffers follows from its own name, so that one part less does not shift the rest.
 */
export async function shrink(world: World, isWrong: (world: World) => Promise<boolean>): Promise<World> {
  let runs = 0;
  const stillWrong = async (candidate: World) => runs++ < MOST_RUNS && (await isWrong(candidate));
  let best = await fewerParts(world, stillWrong);
  for (const candidate of simpler(best)) {
    const next = candidate(best);
    if (next && (await stillWrong(next))) best = next;
  }
  best = await smallerNumbers(best, stillWrong);
  return fewerParts(best, stillWrong);
}

const partsOf = (world: World): Part[] => PARTS.flatMap((of) => world[of].map((item) => ({ of, item })));

function made(world: World, parts: readonly Part[]): World {
  const kept = (of: Part["of"]) => parts.filter((part) => part.of === of).map(({ item }) => item);
  return { ...world, ...(Object.fromEntries(PARTS.map((of) => [of, kept(of)])) as Pick<World, "faults">) };
}

/** Zeller's ddmin. */
async function fewerParts(world: World, isWrong: (world: World) => Promise<boolean>): Promise<World> {
  let parts = partsOf(world);
  for (let pieces = 2; parts.length > 1; ) {
    const size = Math.ceil(parts.length / pieces);
    let isShorter = false;
    for (let from = 0; from < parts.length; from += size) {
      const rest = [...parts.slice(0, from), ...parts.slice(from + size)];
      if (!(await isWrong(made(world, rest)))) continue;
      parts = rest;
      pieces = Math.max(2, pieces - 1);
      isShorter = true;
      break;
    }
    if (isShorter) continue;
    if (pieces >= parts.length) break;
    pieces = Math.min(parts.length, pieces * 2);
  }
  return made(world, parts);
}

/** One thing less to think about each. */
function simpler({ env = {} }: World): ((world: World) => World | undefined)[] {
  return [
    (world) => ({ ...world, messages: world.messages.map((message) => ({ ...message, repeats: [] })) }),
    (world) => (world.replicas > 1 ? { ...world, replicas: world.replicas - 1 } : undefined),
    (world) => (world.replicas > 1 ? { ...world, replicas: world.replicas - 1 } : undefined),
    ...Object.keys(env).map((name) => (world: World) => {
      const { [name]: _without, ...rest } = world.env ?? {};
      return { ...world, env: rest };
    }),
  ];
}

const NUMBERS = ["for", "ms", "after"] as const;

async function smallerNumbers(world: World, isWrong: (world: World) => Promise<boolean>): Promise<World> {
  let best = world;
  for (let index = 0; index < best.faults.length; index++) {
    const changed = (change: object) => ({
      ...best,
      faults: best.faults.map((fault, at) => (at === index ? { ...fault, ...change } : fault)),
    });
    const field = (name: string) =>
      (best.faults[index] as unknown as Record<string, number | undefined>)[name];
    if (field("share") !== undefined && field("share") !== 1 && (await isWrong(changed({ share: 1 }))))
      best = changed({ share: 1 });
    for (const name of NUMBERS)
      for (let value = field(name); value !== undefined && value >= 1; value = field(name)) {
        const smaller = changed({ [name]: Math.floor(value / 2) });
        if (!(await isWrong(smaller))) break;
        best = smaller;
      }
  }
  for (let trouble = best.trouble / 2; trouble > 1_000; trouble /= 2) {
    const shorter = { ...best, trouble: Math.round(trouble) };
    if (!(await isWrong(shorter))) break;
    best = shorter;
  }
  return best;
}
