import type { Bucket, State } from "../../core/ports.ts";
import { markBucket } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

export type Scope = Bucket["scope"];
export const SCOPES: readonly Scope[] = ["instance", "account"];

/** Says whether State is still the one that this connector knew: emptied, it looks like one that is new. */
export interface StateMarks {
  /** Marks State where this instance never has: there is no queue yet, so it is new. Rejects, retryable, when State is down. */
  firstStart(): Promise<void>;
  /** Looks now, and from now on when it is used. */
  watch(): void;
  /** State is being used: looks, behind that, when the last time was a while ago. */
  used(): void;
  /** When it was found to be emptied, in seconds since the epoch; 0 if never. */
  emptiedAt(scope: Scope): number;
}

const PERIOD_MS = 10_000;
const FIRST = "first";
const EMPTIED = "emptied";

const LOST: Record<Scope, string> = {
  instance:
    "This instance's State was emptied. Lost is which messages were sent, and what was told of them: what a platform or Vonage repeats now may go out twice, statuses of messages with a long id and taps on buttons of earlier messages find nobody to be told. There is nothing to do but to ask Vonage why",
  account:
    "The account's State was emptied. Lost is who has opted out, for every instance of this account. Stop campaigns until they are back: the console's page Opt-outs takes your last export, or the platform's own list",
};

/**
 * Each instance has a mark of its own, by its name, in both scopes: another one that starts in an emptied account does
 * not hide that. `getState`, since State itself says when it is used.
 */
export function createStateMarks(getState: () => State, instance: string, now: Clock, log: Log): StateMarks {
  const known: Partial<Record<Scope, string>> = {};
  const emptiedAt: Record<Scope, number> = { instance: 0, account: 0 };
  let isWatching = false;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const read = (scope: Scope) => getState().read(markBucket(scope), instance);
  const write = (scope: Scope, mark: string) => getState().write(markBucket(scope), instance, mark);

  async function look(scope: Scope): Promise<void> {
    const found = await read(scope);
    const before = known[scope];
    // Another replica may have been first to see that it is gone, and have marked it again.
    const isEmptied = found === null || (before !== undefined && found !== before);
    const mark = found ?? `${EMPTIED} ${now()}`;
    const [what, at] = mark.split(" ");
    if (what === EMPTIED) emptiedAt[scope] = Math.floor(Number(at) / 1_000);
    if (isEmptied) log.error({ scope }, LOST[scope]);
    if (found === null) await write(scope, mark);
    // What was just written another replica may have written over.
    known[scope] = found ?? undefined;
  }

  function used(): void {
    if (!isWatching || now() - lookedAt < PERIOD_MS) return;
    lookedAt = now();
    Promise.all(SCOPES.map(look)).catch((error) =>
      log.debug(loggableError(error), "State's marks cannot be read now"),
    );
  }

  return {
    async firstStart() {
      // One that has been here before misses its mark, whatever became of its queues.
      if ((await read("instance")) !== null) return;
      // The instance's own last: who dies in between starts for the first time again.
      for (const scope of ["account", "instance"] as const)
        if ((await read(scope)) === null) await write(scope, FIRST);
    },
    watch() {
      isWatching = true;
      used();
    },
    used,
    emptiedAt: (scope) => emptiedAt[scope],
  };
}
