import { createServer } from "node:net";

/** Below those that systems hand out by themselves, so that nobody is given a replica's port while it is dead. */
const [FIRST, LAST] = [10_240, 30_000];
const SPAN = 200;

let next = FIRST + ((process.pid * SPAN) % (LAST - FIRST));

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}

/** A port of this process's own; whoever starts many at once must not be given what another is about to take. */
export async function ownPort(): Promise<number> {
  for (let tries = 0; tries < LAST - FIRST; tries++) {
    const port = next;
    next = next + 1 < LAST ? next + 1 : FIRST;
    if (await isFree(port)) return port;
  }
  throw new Error("there is no free port");
}
