import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AUTO_REPLIES, describeAnswers, findUnheard } from "./answers.ts";
import { findProblems, funnelTable } from "./audit.ts";
import type { CampaignResult, Channel, Funnel } from "./moengage/index.ts";
import { type People, startPeople } from "./people.ts";
import { createProgress } from "./progress.ts";
import { startWorld, WHATSAPP_NUMBER, type World } from "./world.ts";

const HELP = `Runs a whole campaign on this machine: a local VCR, a fake Vonage, a fake MoEngage, a fake WebEngage and
the connector.

  npm run sandbox -- [options]

  --count N       messages per channel (1000)
  --rate N        messages per second and channel (200)
  --channel C     whatsapp, sms or both (both)
  --platform P    moengage, webengage or both (both): WebEngage sends WhatsApp, in a campaign of its own at the end
  --failures S    share of messages that fail, 0 to 1 (0.08)
  --answers S     share of messages that people answer, 0 to 1 (0.1); a second, smaller campaign to the same
                  people then shows that STOP is obeyed
  --seed N        of all chance (1)
  --keep          leave everything running after the campaign, to poke with curl, and keep the connector's log,
                  which is otherwise kept only when something went wrong
  --verbose       the connector's log on the screen
  --help
`;

const SMS_NUMBER = "447700900001";

/** The campaign is given up when nothing has changed for so long. */
const STALLED_MS = 60_000;

function readOptions() {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "200" },
      channel: { type: "string", default: "both" },
      platform: { type: "string", default: "both" },
      failures: { type: "string", default: "0.08" },
      answers: { type: "string", default: "0.1" },
      seed: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [count, rate, failures, seed] = [values.count, values.rate, values.failures, values.seed].map(Number);
  const answers = Number(values.answers);
  const channels: Record<string, Channel[]> = {
    whatsapp: ["whatsapp"],
    sms: ["sms"],
    both: ["whatsapp", "sms"],
  };
  const isSound =
    Number.isInteger(count) &&
    Number(count) > 0 &&
    Number(rate) > 0 &&
    Number.isInteger(seed) &&
    Number(failures) >= 0 &&
    Number(failures) <= 1 &&
    answers >= 0 &&
    answers <= 1 &&
    values.channel in channels &&
    ["moengage", "webengage", "both"].includes(values.platform);
  if (values.help || !isSound) return undefined;
  return {
    count: Number(count),
    rate: Number(rate),
    failures: Number(failures),
    answers,
    seed: Number(seed),
    ...audience(values.platform, channels[values.channel] ?? [], Number(count)),
    keep: values.keep,
    verbose: values.verbose,
  };
}

/** What each platform sends; WebEngage beside MoEngage a quarter as much. */
function audience(platform: string, channels: Channel[], count: number) {
  const both = platform === "both";
  return {
    channels: platform === "webengage" ? [] : channels,
    webengage:
      platform === "moengage" || !channels.includes("whatsapp") ? 0 : Math.ceil(both ? count / 4 : count),
    account: Math.max(1, channels.length),
  };
}

/** Of the first campaign's people, so many get a second message: one in four. */
const SECOND_SHARE = 0.25;

/** True once nothing is owed any more; false when nothing has changed for a minute. */
async function settle(world: World, people: People, show: () => void): Promise<boolean> {
  let last = "";
  let changedAt = Date.now();
  while (true) {
    const funnel = [world.moengage.funnel(), world.webengage?.funnel()];
    const queues = Object.values(world.vcr.records().queues);
    const queued = queues.reduce((sum, { waiting, inflight }) => sum + waiting + inflight, 0);
    const open = world.vonage.records().open + people.pending() + queued;
    if (funnel.every((one) => !one || one.waiting === 0) && open === 0) return true;
    const now = JSON.stringify([funnel, open]);
    if (now !== last) changedAt = Date.now();
    last = now;
    if (Date.now() - changedAt > STALLED_MS) return false;
    show();
    await sleep(200);
  }
}

/** One click on "Sync Template"; what went wrong, if anything did. */
async function syncTemplates({ moengage }: World): Promise<string[] | undefined> {
  const { status, templates, message } = await moengage.syncTemplates();
  console.log(`template sync: ${status === 200 ? `${templates} templates` : `${status}, ${message}`}`);
  return status === 200 && templates > 0
    ? undefined
    : [`the template sync was answered ${status} ${message ?? ""}`];
}

function describeWorld({ connector, vcr, vonage, moengage, webengage, credentials, logFile }: World): string {
  return `
connector   ${connector.url}   log: ${logFile}
local VCR   ${vcr.url}   GET /_sandbox/records, PUT /_sandbox/faults
Vonage      ${vonage.url}   GET /_sandbox/messages, POST /_sandbox/inbound, POST /_sandbox/rules
MoEngage    ${moengage.url}   GET /_sandbox/messages, POST /_sandbox/campaign
WebEngage   ${webengage?.url}   GET /_sandbox/dsns, POST /_sandbox/campaign

curl ${connector.url}/webhooks/send -H 'content-type: application/json' \\
  -H 'api-key: ${credentials.accountId}' -H 'api-secret: ${credentials.accountSecret}' \\
  -d '{"msg_id":"by-hand-1","from":"${WHATSAPP_NUMBER}","to":"999000000001","template":{"name":"greeting","language":{"code":"en"}}}'
curl ${connector.url}/ -H 'content-type: application/json' \\
  -H 'Authorization: Custom ${credentials.accountId}:${credentials.accountSecret}' -d '{"text":"Hello","to":"999000000002"}'

Ctrl-C stops everything.`;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return process.argv.includes("--help") ? 0 : 2;
  }
  const world = await startWorld({
    seed: options.seed,
    dispatchRate: options.rate,
    onScreen: options.verbose,
    // People can answer an SMS from a number, not one from a name.
    env: { SMS_SENDER_ID: SMS_NUMBER, ...AUTO_REPLIES },
    traffic: {
      failureShare: options.failures,
      doubleShare: 0.02,
      shuffleShare: 0.02,
      beforeAnswerShare: 0.02,
      unsignedShare: 0.01,
      ratePerSecond: options.rate * options.account,
    },
  });
  let isStopping = false;
  const interrupted = new Promise<void>((resolve) => process.once("SIGINT", resolve));
  void interrupted.then(async () => {
    isStopping = true;
    if (options.keep) return;
    await world.stop();
    process.exit(130);
  });
  void world.connector.exited.then((how) => {
    if (!isStopping) console.error(`\nthe connector ended by itself: ${how}; its log: ${world.logFile}`);
  });

  const { count, rate, channels } = options;
  const second = options.answers > 0 ? Math.ceil(count * SECOND_SHARE) : 0;
  const total = (count + second) * channels.length;
  const people = startPeople({
    vonage: world.vonage,
    seed: options.seed,
    share: options.answers,
    autoReplies: Object.values(AUTO_REPLIES),
  });
  const progress = createProgress();
  const show = () => {
    const { accepted, settled, waiting } = world.moengage.funnel();
    if (total > 0) progress.show(settled, total, `accepted ${accepted}, waiting ${waiting}`);
  };
  const parts = [
    ...(channels.length > 0 ? [`${count} messages on ${channels.join(" and ")}`] : []),
    ...(options.webengage > 0 ? [`${options.webengage} from WebEngage`] : []),
  ];
  console.log(`${parts.join(", ")}, ${rate} per second each, log: ${world.logFile}`);
  const syncFault = channels.includes("whatsapp") ? await syncTemplates(world) : undefined;
  const startedAt = Date.now();
  const campaigns: Record<string, CampaignResult> = Object.fromEntries(
    await Promise.all(
      channels.map(async (channel) => [
        channel,
        await world.moengage.campaign({ channel, count, rate, onProgress: show }),
      ]),
    ),
  );
  await settle(world, people, show);
  people.stop();
  const secondAt = Date.now();
  if (second > 0) {
    await Promise.all(
      channels.map((channel) =>
        world.moengage.campaign({ channel, count: second, rate, again: true, onProgress: show }),
      ),
    );
    await settle(world, people, show);
  }
  show();
  progress.end();
  const fromWebEngage = options.webengage
    ? await world.webengage?.campaign({ count: options.webengage, rate })
    : undefined;
  if (fromWebEngage) {
    campaigns["webengage"] = fromWebEngage;
    await settle(world, people, () => undefined);
  }

  const funnels: Record<string, Funnel> = Object.fromEntries(
    channels.map((channel) => [channel, world.moengage.funnel(channel)]),
  );
  if (total > 0) console.log(funnelTable({ ...funnels, total: world.moengage.funnel() }));
  if (world.webengage && fromWebEngage) console.log(funnelTable({ webengage: world.webengage.funnel() }));
  for (const [channel, { accepted, refused, gaveUp, retries, ms }] of Object.entries(campaigns)) {
    console.log(
      `${channel}: accepted ${accepted}, refused ${refused}, given up ${gaveUp}, repeated ${retries}; offered in ${ms / 1000} s`,
    );
  }
  if (second > 0 && total > 0) console.log(describeAnswers(people, world));
  // Again after the campaign: a template whose bytes changed would be suspended.
  const again = channels.includes("whatsapp") ? await syncTemplates(world) : undefined;
  const problems = [...(syncFault ?? []), ...(again ?? []), ...(await findProblems(world))];
  problems.push(...findUnheard(people, world, secondAt));
  const offered = total + (fromWebEngage?.offered ?? 0);
  const unaccepted = offered - world.moengage.funnel().accepted - (world.webengage?.funnel().accepted ?? 0);
  if (unaccepted > 0) problems.push(`${unaccepted} messages were not accepted`);
  const isKept = problems.length > 0 || options.keep;
  const log = isKept ? `; the connector's log: ${world.logFile}` : "";
  console.log(`settled after ${((Date.now() - startedAt) / 1000).toFixed(1)} s${log}`);
  console.log(problems.length === 0 ? "no violation" : `PROBLEMS\n  ${problems.join("\n  ")}`);

  if (options.keep) {
    console.log(describeWorld(world));
    await interrupted;
  }
  isStopping = true;
  await world.stop();
  if (!isKept) await rm(dirname(world.logFile), { recursive: true });
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main();
