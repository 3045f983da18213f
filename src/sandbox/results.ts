import { describeAnswers } from "./answers.ts";
import { funnelTable } from "./audit.ts";
import type { Campaigns, DemoWorld } from "./campaigns.ts";
import type { Funnel } from "./ledger.ts";
import type { Options } from "./options.ts";
import type { People } from "./people.ts";
import type { FakePlatform } from "./platform.ts";

type Part = [name: string, Funnel];

/** A campaign with its name above its table; nothing where nothing was accepted. */
function campaign(title: string, parts: Part[]): string[] {
  const total = parts.reduce((sum, [, { accepted }]) => sum + accepted, 0);
  return total === 0 ? [] : [`\n${title}\n${funnelTable(Object.fromEntries(parts))}`];
}

/** What became of the messages, campaign by campaign. */
export function describeResults(
  world: DemoWorld,
  people: People,
  { channels, others, answers }: Options,
  { results, secondAt }: Campaigns,
): string {
  const { moengage } = world.platforms;
  const partsOf = (isOfferedAt: (at: number) => boolean) =>
    channels.map((channel): Part => [channel, moengage.funnel(channel, isOfferedAt)]);
  const lines = [
    ...campaign(
      "MOENGAGE, FIRST CAMPAIGN",
      partsOf((at) => at < secondAt),
    ),
    ...campaign(
      "MOENGAGE, SECOND CAMPAIGN: to some of the same people; whoever had said STOP must get nothing",
      partsOf((at) => at >= secondAt),
    ),
  ];
  for (const { name } of others) {
    const platform: FakePlatform = world.platforms[name];
    const parts = platform.channels.map((channel): Part => [channel, platform.funnel(channel)]);
    lines.push(
      ...campaign(
        name.toUpperCase(),
        parts.filter(([, { accepted }]) => accepted > 0),
      ),
    );
  }
  lines.push("");
  for (const [name, { accepted, refused, gaveUp, retries, ms }] of Object.entries(results)) {
    lines.push(
      `${name}: accepted ${accepted}, refused ${refused}, given up ${gaveUp}, repeated ${retries}; offered in ${(ms / 1_000).toFixed(1)} s`,
    );
  }
  if (answers > 0 && channels.length > 0) lines.push(describeAnswers(people, world));
  return lines.join("\n");
}

/** The verdict of the audit, in words. */
export function describeVerdict(problems: readonly string[], { answers, channels }: Options): string {
  if (problems.length > 0) return `\nPROBLEMS\n  ${problems.join("\n  ")}`;
  return [
    "\nNo violation:",
    "  every accepted message ended delivered, read, or failed with a reason, and its platform was told",
    "  none was sent twice, and none was altered on its way",
    ...(answers > 0 && channels.length > 0
      ? ["  nobody who had said STOP got another message, and everybody else did"]
      : []),
    "  every fake's rules were kept: signatures, sizes, shapes, order of statuses",
    "  the log holds no secret, no whole phone number and no message text",
  ].join("\n");
}

/** What can be clicked and typed while everything is left running. */
export function describeWorld(
  { url, vcr, vonage, platforms, credentials, senders }: DemoWorld,
  { consolePassword, logFile }: { consolePassword: string; logFile: string },
): string {
  const fakes = Object.entries<FakePlatform>(platforms).map(
    ([name, fake]) => `  ${name.padEnd(11)}${fake.url}   GET /_sandbox/messages, POST /_sandbox/campaign`,
  );
  const template = {
    name: "greeting",
    language: { code: "en" },
    components: [{ type: "body", parameters: ["Ana", "AB-123456"].map((text) => ({ type: "text", text })) }],
  };
  const send = { msg_id: "by-hand-1", from: senders.whatsapp, to: "999009000001", template };
  return `
Open the console:   ${url}/console
  any user name, password: ${consolePassword}

Send a message:

curl ${url}/webhooks/send -H 'content-type: application/json' \\
  -H 'api-key: ${credentials.accountId}' -H 'api-secret: ${credentials.accountSecret}' \\
  -d '${JSON.stringify(send)}'
curl ${url}/ -H 'content-type: application/json' \\
  -H 'Authorization: Custom ${credentials.accountId}:${credentials.accountSecret}' -d '{"text":"Hello","to":"999009000002"}'

Steer the fakes:

  local VCR  ${vcr.url}   GET /_sandbox/records, PUT /_sandbox/faults
  Vonage     ${vonage.url}   GET /_sandbox/messages, POST /_sandbox/inbound, POST /_sandbox/rules
${fakes.join("\n")}

Ctrl-C stops everything. The connector's log, also in ${logFile}:
`;
}
