import { broken, type Result } from "./result.ts";
import { seedsFrom, TASKS, wantedBy } from "./tasks.ts";

/** Which task a worker is to run, and later that its campaign may start. */
export type Order = { task: string; only: string; seed: number } | { task: string; start: true };

/** What it wants to load the machine with, that this is over, a result for each row, and that this was all. */
export type Answer = { task: string } & (
  | { want: number }
  | { over: number }
  | { result: Result }
  | { end: true }
);

/** By task, what starts the campaign that waits for room. */
const waiting = new Map<string, () => void>();

const say = (answer: Answer) => process.send?.(answer);

async function run(task: string, only: string, seed: number): Promise<void> {
  const found = TASKS.find(({ name }) => name === task);
  const loading = async <T>(load: number, work: () => Promise<T>): Promise<T> => {
    const room = new Promise<void>((resolve) => waiting.set(task, resolve));
    say({ task, want: load });
    await room;
    try {
      return await work();
    } finally {
      say({ task, over: load });
    }
  };
  await found
    ?.run({
      ...{ isWanted: wantedBy(only), seedOf: seedsFrom(seed), loading },
      tell: (result) => say({ task, result }),
    })
    .catch((error: Error) => say({ task, result: broken(task, `the run itself failed: ${error.message}`) }));
  say({ task, end: true });
}

// Whoever gave the orders has ended, or a run that failed has left something behind.
process.once("disconnect", () => process.exit());

process.on("message", (order: Order) => {
  if ("start" in order) waiting.get(order.task)?.();
  else void run(order.task, order.only, order.seed);
});
