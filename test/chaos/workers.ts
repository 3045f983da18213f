import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { broken, type Tell } from "./result.ts";
import type { Room } from "./room.ts";
import type { Answer, Order } from "./worker.ts";

/** A process that hosts worlds, so that their fakes do not wait for each other on one core. */
export interface Worker {
  /** How many tasks it is running. */
  busy(): number;
  /** Resolves once the task has told all its results. */
  run(order: { task: string; only: string; seed: number }): Promise<void>;
  end(): void;
}

export function startWorker(room: Room, tell: Tell): Worker {
  const child = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
    // Many requests that are soon forgotten: less time goes into cleaning up after them.
    execArgv: [...process.execArgv, "--max-semi-space-size=64"],
  });
  const running = new Map<string, () => void>();
  const order = (message: Order) => child.send(message);

  child.on("message", (answer: Answer) => {
    const { task } = answer;
    if ("result" in answer) return tell(answer.result);
    if ("want" in answer) return void room.acquire(answer.want).then(() => order({ task, start: true }));
    if ("over" in answer) return room.release(answer.over);
    running.get(task)?.();
    running.delete(task);
  });
  child.once("exit", () => {
    for (const [task, end] of running) {
      tell(broken(task, "the process of its fakes ended"));
      end();
    }
  });
  return {
    busy: () => running.size,
    run: (wanted) =>
      new Promise((resolve) => {
        running.set(wanted.task, resolve);
        order(wanted);
      }),
    end: () => child.disconnect(),
  };
}
