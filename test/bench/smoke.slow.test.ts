import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { freePort } from "../../bench/world/network.ts";
import { createWorld, type World } from "../../bench/world/world.ts";
import { program } from "../support/process.ts";

const TIMES = { queue: 2, state: 1, messages: 20, platform: 10 };
const LIVES = 400;
const PATIENCE_MS = 25_000;

let world: World;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  world = await createWorld({ times: TIMES, connections: 64, webhookConnections: 64 });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await world.close();
});

async function start(...args: string[]): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env["PATH"] ?? "",
    ...world.env(),
    VCR_PORT: String(port),
    VCR_INSTANCE_PUBLIC_URL: url,
  };
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  closing.push(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const isUp = () =>
    fetch(`${url}/_/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("it serves", isUp);
  await world.setApps([url]);
}

/** Asks again and again, for as long as a busy machine may need. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const late = Date.now() + PATIENCE_MS; !(await isSo()); await new Promise((go) => setTimeout(go, 50)))
    if (Date.now() > late) throw new Error(`${what}: ${JSON.stringify(world.counts())}`);
}

/** So many messages from the send to the third report, then nothing under way any more. */
async function live(lives: number): Promise<void> {
  world.keep(128, "dispatched");
  await until("so many were told", () => world.counts().reports >= lives * 3);
  world.stopLoad();
  await until("all is done", () => {
    const { accepted, reports, waiting, openStatuses } = world.counts();
    return reports >= accepted * 3 && waiting + openStatuses === 0;
  });
}

const faults = () => {
  const { sentTwice, toldTwice, toldBackwards, wrong, dead } = world.counts();
  return { sentTwice, toldTwice, toldBackwards, wrong, dead, ...world.missing() };
};
const NONE = { sentTwice: 0, toldTwice: 0, toldBackwards: 0, wrong: 0, dead: 0, unsent: 0, untold: 0 };

jest.setTimeout(100_000);

describe("the world of the benchmark", () => {
  it("takes the plain build for what it is: a call for each thing, a token for each send", async () => {
    await start("--import", "./bench/subjects/hosts.mjs", "bench/subjects/plain.mjs");
    await live(20);
    const { accepted, sent, reports, enqueueCalls, stateCalls, reportCalls, tokens } = world.counts();
    expect({ sent, reports, enqueueCalls, stateCalls, reportCalls }).toEqual({
      ...{ sent: accepted, reports: accepted * 3, enqueueCalls: accepted, stateCalls: 0 },
      reportCalls: accepted * 3,
    });
    expect(tokens).toBeGreaterThan(accepted);
    expect(faults()).toMatchObject({ sentTwice: 0, wrong: 0, dead: 0, unsent: 0, untold: 0 });
  });

  it("sees that the built connector does with a few calls and signatures, over sockets that it keeps", async () => {
    await start(await program());
    await live(LIVES);
    const { accepted, sent, reports, enqueueCalls, stateCalls, reportCalls, tokens, sockets } =
      world.counts();
    expect({ sent, reports }).toEqual({ sent: accepted, reports: accepted * 3 });
    expect(faults()).toEqual(NONE);
    // On a machine that does nothing else 0.2, 1.3 and 0.03; each would be 1 or more without batches.
    expect(enqueueCalls / accepted).toBeLessThan(0.4);
    expect(stateCalls / accepted).toBeLessThan(3);
    expect(reportCalls / reports).toBeLessThan(0.3);
    // One for VCR and one for Vonage.
    expect(tokens).toBeLessThanOrEqual(3);
    // Pools of 64; what broke on a busy machine was opened anew.
    expect(sockets["vcr"]).toBeLessThanOrEqual(96);
    expect(sockets["moengage"]).toBeLessThanOrEqual(96);
    expect(sockets["vonage"]).toBeLessThanOrEqual(300);
  });
});
