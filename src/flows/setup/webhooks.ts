import type { ErrorCode } from "../../lib/errors.ts";
import type { Finding, Probe } from "./check.ts";
import { good, minutesAgo, pathProbe, type SetupPorts, unknown, wrong } from "./ports.ts";

/** Why a webhook was not believed, and what to do; the first that was seen counts. */
const REFUSED: [code: ErrorCode, found: string, remedy: string][] = [
  [
    "signature_mismatch",
    "Its signature fits no configured secret",
    "Copy the signature secret again from Vonage's dashboard, Settings, Signed webhooks, into VONAGE_SIGNATURE_SECRET. Put right within 24 hours, no report is lost",
  ],
  [
    "unsigned",
    "It carried no signature",
    "Switch signed webhooks on for the application, in Vonage's dashboard, Settings",
  ],
  [
    "other_account",
    "Its signature is of another account",
    "Check VCR_API_ACCOUNT_ID, and that the application belongs to this account",
  ],
  [
    "wrong_time",
    "Its signature is older than a day, or of the future",
    "Set the clock of the machine the connector runs on. On VCR ask Vonage's support",
  ],
  [
    "channel_off",
    "It was about a message of a channel that is off now",
    "A variable got lost in a deploy: set it again within 24 hours, and no report is lost. Settings says what is off",
  ],
  [
    "forged_webhook",
    "Its content was changed on the way",
    "See whether a proxy in between changes it. Otherwise somebody tries to forge reports: they were refused",
  ],
];

export function webhookProbes(ports: SetupPorts): Probe[] {
  return [
    pathProbe("/webhooks/status", "Vonage's webhooks reach this instance", ports),
    pathProbe("/console", "The console is reached from outside", ports),
    { id: "webhooks", title: "Signed webhooks of Vonage arrive", look: () => signedWebhooks(ports) },
  ];
}

async function signedWebhooks({ seen, status, now }: SetupPorts): Promise<Finding> {
  const lastGood = seen.lastWebhook() ?? Number.NEGATIVE_INFINITY;
  for (const [code, found, remedy] of REFUSED) {
    const refused = seen.lastRefused(code);
    if (refused && refused.at > lastGood)
      return wrong(`The last webhook was refused ${minutesAgo(refused.at, now())}: ${found}`, remedy);
  }
  if (lastGood > 0) return good(`The last one came ${minutesAgo(lastGood, now())}`);
  const times = (await status()).channels.flatMap(({ lastStatusAt }) => (lastStatusAt ? [lastStatusAt] : []));
  const latest = times.toSorted().at(-1);
  return latest
    ? good(`The last status came at ${latest.slice(0, 16).replace("T", " ")} UTC`)
    : unknown("None has come yet", "Send a test message; a status follows within seconds");
}
