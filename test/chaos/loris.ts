import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "./fire.ts";
import { inWorld, NOTHING, type Result, secondsSince } from "./result.ts";
import type { ChaosWorld } from "./world.ts";

const DRIPPING = 200;
const DRIP_MS = 500;
const LIMIT_MS = 26_000;

/** Sockets that send a byte now and then, in the headers or in the body, are closed while others are served. */
export function slowLoris(name: string, { seedOf, tell }: Run): Promise<void> {
  return inWorld({ seed: seedOf(name) }, tell, async (world, tell) => tell(await drip(name, world)));
}

async function drip(name: string, world: ChaosWorld): Promise<Result> {
  const [replica] = world.connectors;
  const problems: string[] = [];
  const startedAt = Date.now();
  const heads = [
    "POST /webhooks/send HTTP/1.1\r\nhost: x\r\nx-slow: ",
    "POST /webhooks/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{",
    "",
  ];
  let open = DRIPPING;
  const timers: NodeJS.Timeout[] = [];
  for (let n = 0; n < DRIPPING; n++) {
    const socket = connect(replica?.port ?? 0, "127.0.0.1");
    socket.on("error", () => undefined).on("data", () => undefined);
    socket.write(heads[n % heads.length] as string);
    const timer = setInterval(() => socket.write(n % heads.length === 2 ? "" : "x"), DRIP_MS);
    timers.push(timer);
    socket.once("close", () => {
      clearInterval(timer);
      open--;
    });
  }
  try {
    const answers: number[] = [];
    for (let n = 0; n < 20; n++) {
      const at = Date.now();
      const { status } = await fetch(`${replica?.url}/_/health`);
      if (status !== 200) problems.push(`health answered ${status}`);
      answers.push(Date.now() - at);
    }
    const large = await fetch(`${replica?.url}/webhooks/send`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "api-key": world.credentials.accountId,
        "api-secret": world.credentials.accountSecret,
      },
      body: "x".repeat(2 * 1024 * 1024),
    }).catch(() => undefined);
    if (large && large.status !== 413) problems.push(`two megabytes were answered ${large.status}`);
    const headers = await fetch(`${replica?.url}/_/health`, { headers: { "x-large": "x".repeat(30_000) } });
    if (headers.status !== 431) problems.push(`large headers were answered ${headers.status}`);
    while (open > 0 && Date.now() - startedAt < LIMIT_MS) await sleep(100);
    if (open > 0) problems.push(`${open} slow sockets are open after ${LIMIT_MS / 1_000} s`);
    const seconds = secondsSince(startedAt);
    return {
      ...{ ...NOTHING, name, seconds, recoverSeconds: seconds, problems },
      ...{ peakMegabytes: await world.peakMegabytes(), logFile: world.logFile },
    };
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
}
