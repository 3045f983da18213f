import { connect } from "node:net";
import type { Figures } from "../measure.ts";
import { ended, SUBJECT_CORE, spawnNode } from "../processes.ts";
import { startWorld } from "../remote-world.ts";
import { median } from "../stats.ts";
import { SUBJECTS, type SubjectName } from "../subject.ts";
import { freePort } from "../world/network.ts";
import type { Scenario, Settings } from "./scenario.ts";

const STARTS = 9;
const PART = "start";

/** From the start of the process until it takes connections; for `echo`, an empty process until it ends. */
async function once(args: readonly string[], env: Record<string, string>): Promise<number> {
  const port = await freePort();
  const from = performance.now();
  const child = spawnNode(args, {
    ...{ cores: SUBJECT_CORE, stdio: "ignore", env: { ...env, VCR_PORT: String(port) } },
  });
  let isOver = false;
  child.once("exit", () => {
    isOver = true;
  });
  while (!isOver && !(await listens(port)));
  const ms = performance.now() - from;
  child.kill("SIGKILL");
  await ended(child);
  return ms;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const tell = (does: boolean) => {
      socket.destroy();
      // The core that looks has to look often, and no more often than that.
      setTimeout(resolve, does ? 0 : 1, does);
    };
    socket.once("connect", () => tell(true)).once("error", () => tell(false));
  });
}

async function run(name: SubjectName, settings: Settings): Promise<Record<string, Figures>> {
  const world = await startWorld({ times: settings.times, connections: 1, webhookConnections: 1 });
  try {
    const env = await world.env();
    const [starts, empty]: number[][] = [[], []];
    for (let n = 0; n < STARTS; n++) {
      empty?.push(await once(["-e", "0"], {}));
      starts?.push(await once(SUBJECTS[name], env));
    }
    const [ms, emptyMs] = [median(starts ?? []), median(empty ?? [])];
    return { [PART]: { ms, "node -e 0, ms": emptyMs, "times an empty node": ms / emptyMs } };
  } finally {
    world.stop();
  }
}

export const start: Scenario = {
  name: "start",
  about: "from the start of the process until it listens, against node -e 0",
  subjects: ["plain", "connector"],
  isOnce: true,
  run,
  ratios: [
    {
      ...{ words: "times an empty node", part: PART, figure: "times an empty node" },
      ...{ of: "connector", goal: "at most 3, ambition 2" },
    },
  ],
};
