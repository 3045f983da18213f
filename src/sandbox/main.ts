import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AUTO_REPLIES, describeAnswers, findUnheard } from "./answers.ts";
import { findProblems, funnelTable } from "./audit.ts";
import { type Campaigns, type DemoWorld, runCampaigns } from "./campaigns.ts";
import { runCommand } from "./command-line.ts";
import type { Funnel } from "./ledger.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { type People, startPeople } from "./people.ts";
import type { FakePlatform } from "./platform.ts";
import { PLATFORM_NAMES } from "./platforms.ts";
import { createWorld, processes } from "./world.ts";

function startDemoWorld(options: Options, run: Awaited<ReturnType<typeof processes>>): Promise<DemoWorld> {
  return createWorld({
    run,
    platforms: PLATFORM_NAMES,
    seed: options.seed,
    env: {
      DISPATCH_RATE_PER_SECOND: String(options.rate),
      DISPATCH_MAX_INFLIGHT: "200",
      LOG_LEVEL: "info",
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

function describeWorld(
  { url, vcr, vonage, platforms, credentials, senders }: DemoWorld,
  logFile: string,
): string {
  const fakes = Object.entries<FakePlatform>(platforms).map(
    ([name, fake]) => `${name.padEnd(12)}${fake.url}   GET /_sandbox/messages, POST /_sandbox/campaign`,
  );
  return `
connector   ${url}   log: ${logFile}
local VCR   ${vcr.url}   GET /_sandbox/records, PUT /_sandbox/faults
Vonage      ${vonage.url}   GET /_sandbox/messages, POST /_sandbox/inbound, POST /_sandbox/rules
${fakes.join("\n")}

curl ${url}/webhooks/send -H 'content-type: application/json' \\
  -H 'api-key: ${credentials.accountId}' -H 'api-secret: ${credentials.accountSecret}' \\
  -d '{"msg_id":"by-hand-1","from":"${senders.whatsapp}","to":"999000000001","template":{"name":"greeting","language":{"code":"en"}}}'
curl ${url}/ -H 'content-type: application/json' \\
  -H 'Authorization: Custom ${credentials.accountId}:${credentials.accountSecret}' -d '{"text":"Hello","to":"999000000002"}'

Ctrl-C stops everything.`;
}

/** What became of the messages, as tables and lines. */
function showResults(world: DemoWorld, people: People, options: Options, { results }: Campaigns): void {
  const { moengage } = world.platforms;
  const { channels, others } = options;
  if (channels.length > 0) {
    const byChannel = channels.map((channel): [string, Funnel] => [channel, moengage.funnel(channel)]);
    console.log(funnelTable({ ...Object.fromEntries(byChannel), total: moengage.funnel() }));
  }
  for (const { name } of others) console.log(funnelTable({ [name]: world.platforms[name].funnel() }));
  for (const [name, { accepted, refused, gaveUp, retries, ms }] of Object.entries(results)) {
    console.log(
      `${name}: accepted ${accepted}, refused ${refused}, given up ${gaveUp}, repeated ${retries}; offered in ${ms / 1000} s`,
    );
  }
  if (options.answers > 0 && channels.length > 0) console.log(describeAnswers(people, world));
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
  showResults(world, people, options, campaigns);
  // Again after the campaign: a template whose bytes changed would be suspended.
  if (hasTemplates) problems.push(...(await syncTemplates(world)));
  problems.push(...(await findProblems(world)), ...findUnheard(people, world, campaigns.secondAt));
  const funnels = Object.values<FakePlatform>(world.platforms).map((platform) => platform.funnel());
  const unaccepted = campaigns.offered - funnels.reduce((sum, { accepted }) => sum + accepted, 0);
  if (unaccepted > 0) problems.push(`${unaccepted} messages were not accepted`);
  return problems;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const run = await processes({ name: "sandbox", onScreen: options.verbose });
  const world = await startDemoWorld(options, run);
  let isStopping = false;
  const interrupted = new Promise<void>((resolve) => process.once("SIGINT", resolve));
  void interrupted.then(async () => {
    isStopping = true;
    if (options.keep) return;
    await world.stop();
    process.exit(130);
  });
  for (const connector of world.connectors)
    void connector.exited.then((how) => {
      if (isStopping) return;
      console.error(`\nThe connector ended by itself (${how}): read the end of its log, ${run.logFile}`);
      process.exit(1);
    });

  const startedAt = Date.now();
  const problems = await demonstrate(world, options, run.logFile);
  const isKept = problems.length > 0 || options.keep;
  const log = isKept ? `; the connector's log: ${run.logFile}` : "";
  console.log(`settled after ${((Date.now() - startedAt) / 1000).toFixed(1)} s${log}`);
  console.log(problems.length === 0 ? "no violation" : `PROBLEMS\n  ${problems.join("\n  ")}`);

  if (options.keep) {
    console.log(describeWorld(world, run.logFile));
    await interrupted;
  }
  isStopping = true;
  await world.stop();
  if (!isKept) await rm(dirname(run.logFile), { recursive: true });
  return problems.length === 0 ? 0 : 1;
}

await runCommand(main);
