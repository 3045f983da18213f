import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AUTO_REPLIES, findUnheard } from "./answers.ts";
import { findProblems } from "./audit.ts";
import { type DemoWorld, runCampaigns } from "./campaigns.ts";
import { runCommand } from "./command-line.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { startPeople } from "./people.ts";
import type { FakePlatform } from "./platform.ts";
import { PLATFORM_NAMES } from "./platforms.ts";
import { createReadableLog, readableOnScreen } from "./readable-log.ts";
import { describeResults, describeVerdict, describeWorld } from "./results.ts";
import { createWorld, processes } from "./world.ts";

const CONSOLE_PASSWORD = "sandbox-console";
/** Of a connector's log, shown when it has died. */
const LAST_LINES = 10;

function startDemoWorld(options: Options, run: Awaited<ReturnType<typeof processes>>): Promise<DemoWorld> {
  return createWorld({
    run,
    platforms: PLATFORM_NAMES,
    seed: options.seed,
    env: {
      DISPATCH_RATE_PER_SECOND: String(options.rate),
      DISPATCH_MAX_INFLIGHT: "200",
      LOG_LEVEL: "info",
      CONSOLE_PASSWORD,
      ...AUTO_REPLIES,
    },
    vonage: {
      traffic: {
        failureShare: options.failures,
        doubleShare: 0.02,
        shuffleShare: 0.02,
        beforeAnswerShare: 0.02,
        unsignedShare: 0.01,
        ratePerSecond: options.rate * Math.max(1, options.channels.length),
      },
    },
  });
}

/** One click on "Sync Template"; what went wrong, if anything did. */
async function syncTemplates({ platforms }: DemoWorld): Promise<string[]> {
  const { status, templates, message } = await platforms.moengage.syncTemplates();
  console.log(`template sync: ${status === 200 ? `${templates} templates` : `${status}, ${message}`}`);
  return status === 200 && templates > 0 ? [] : [`the template sync was answered ${status} ${message ?? ""}`];
}

/** The campaigns from first to last; what went wrong, in words. */
async function demonstrate(world: DemoWorld, options: Options, logFile: string): Promise<string[]> {
  const { count, rate, channels, others } = options;
  const people = startPeople({
    vonage: world.vonage,
    seed: options.seed,
    share: options.answers,
    autoReplies: Object.values(AUTO_REPLIES),
  });
  const parts = [
    ...(channels.length > 0 ? [`${count} messages on ${channels.join(" and ")}`] : []),
    ...others.map((other) => `${other.count} from ${other.name}`),
  ];
  console.log(`${parts.join(", ")}, ${rate} per second each, log: ${logFile}`);
  const hasTemplates = channels.includes("whatsapp");
  const problems = hasTemplates ? await syncTemplates(world) : [];
  const campaigns = await runCampaigns(world, people, options);
  console.log(describeResults(world, people, options, campaigns));
  // Again after the campaign: a template whose bytes changed would be suspended.
  if (hasTemplates) problems.push(...(await syncTemplates(world)));
  problems.push(...(await findProblems(world)), ...findUnheard(people, world, campaigns.secondAt));
  const funnels = Object.values<FakePlatform>(world.platforms).map((platform) => platform.funnel());
  const unaccepted = campaigns.offered - funnels.reduce((sum, { accepted }) => sum + accepted, 0);
  if (unaccepted > 0) problems.push(`${unaccepted} messages were not accepted`);
  return problems;
}

/** The end of the log, as people read it. */
async function lastLines(logFile: string): Promise<string> {
  const lines: string[] = [];
  createReadableLog((line) => lines.push(line), false)(await readFile(logFile, "utf8").catch(() => ""));
  return lines.slice(-LAST_LINES).join("");
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const show = readableOnScreen();
  let isShown = options.verbose;
  const onChunk = options.verbose || options.keep ? (chunk: string) => isShown && show(chunk) : undefined;
  const run = await processes({ name: "sandbox", onChunk });
  const world = await startDemoWorld(options, run);
  let isStopping = false;
  let isOver = false;
  const interrupted = new Promise<void>((resolve) => process.once("SIGINT", resolve));
  void interrupted.then(async () => {
    isStopping = true;
    isShown = false;
    console.log(`\nStopping. The connector's log: ${run.logFile}`);
    if (isOver) return;
    await world.stop();
    process.exit(130);
  });
  for (const connector of world.connectors)
    void connector.exited.then(async (how) => {
      if (isStopping) return;
      console.error(
        `\nThe connector ended by itself (${how}). Its last lines, of ${run.logFile}:\n\n${await lastLines(run.logFile)}`,
      );
      process.exit(1);
    });

  const startedAt = Date.now();
  const problems = await demonstrate(world, options, run.logFile);
  const isKept = problems.length > 0 || options.keep;
  const log = isKept ? `; the connector's log: ${run.logFile}` : "";
  console.log(`settled after ${((Date.now() - startedAt) / 1000).toFixed(1)} s${log}`);
  console.log(describeVerdict(problems, options));

  if (options.keep && !isStopping) {
    isOver = true;
    // What is sent by hand arrives.
    world.vonage.setTraffic({ failureShare: 0 });
    console.log(describeWorld(world, { consolePassword: CONSOLE_PASSWORD, logFile: run.logFile }));
    isShown = true;
    await interrupted;
  }
  isStopping = true;
  await world.stop();
  if (!isKept) await rm(dirname(run.logFile), { recursive: true });
  return problems.length === 0 ? 0 : 1;
}

await runCommand(main);
