import { withDeadline } from "../../lib/deadline.ts";
import type { Neighbours } from "../../lib/neighbours.ts";
import type { Runtime } from "../../lib/runtime.ts";

export interface ReadinessPorts {
  /** By name, what to ask: each resolves when it is there. */
  ask: Record<string, () => Promise<unknown>>;
  neighbours: Neighbours;
  /** Who cannot be asked without meaning it: as requests to them went. */
  watched: readonly string[];
  runtime: Pick<Runtime, "now" | "setTimeout" | "clearTimeout">;
}

export interface Readiness {
  isReady: boolean;
  /** The names of what is away. */
  away: string[];
  /** The process is stopping. */
  isDraining: boolean;
}

const ANSWER_MS = 1_000;
/** However often somebody asks, those behind it are asked once. */
const GOOD_FOR_MS = 2_000;

/** Whether the connector can do its work now. Nothing routes by it: sends are taken also while State is away. */
export function createReadiness({ ask, neighbours, watched, runtime }: ReadinessPorts) {
  let isDraining = false;
  let looked = { at: Number.NEGATIVE_INFINITY, away: Promise.resolve<string[]>([]) };

  async function look(): Promise<string[]> {
    const looks = Object.entries(ask).map(async ([name, question]) => {
      const answer = withDeadline(question(), ANSWER_MS, `${name} did not answer in time`, runtime);
      return answer.then(
        () => [],
        () => [name],
      );
    });
    return (await Promise.all(looks)).flat();
  }

  return {
    /** From now on it says that the process is stopping. */
    drain(): void {
      isDraining = true;
    },
    async ready(): Promise<Readiness> {
      if (runtime.now() - looked.at >= GOOD_FOR_MS) looked = { at: runtime.now(), away: look() };
      const others = watched.filter((name) => neighbours.standingOf(name).up === false);
      const away = [...(await looked.away), ...others];
      return { isReady: away.length === 0 && !isDraining, away, isDraining };
    },
  };
}
