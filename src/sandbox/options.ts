import { parseArgs } from "node:util";
import { UsageFault } from "./command-line.ts";
import type { Channel } from "./ledger.ts";
import { PLATFORM_NAMES, type PlatformName } from "./platforms.ts";

export const HELP = `Runs a whole campaign on this machine: a local VCR, a fake Vonage, fake platforms and the connector.

  npm run sandbox -- [options]

  --count N       messages per channel (1000)
  --rate N        messages per second and channel (200)
  --channel C     whatsapp, sms or both (both)
  --platform P    ${PLATFORM_NAMES.join(", ")} or all (all): each but MoEngage sends in a campaign of its own at the
                  end, of a quarter of the messages when MoEngage sends too
  --failures S    share of messages that fail, 0 to 1 (0.08)
  --answers S     share of messages that people answer, 0 to 1 (0.1); a second, smaller campaign to the same
                  people then shows that STOP is obeyed
  --seed N        of all chance (1)
  --open          leave everything running after the campaign, with the console on it, whose address is printed, and
                  addresses to poke with curl; from then on the connector's log is shown, and kept in any case
  --keep          the same
  --verbose       the connector's log on the screen from the beginning
  --help
`;

export interface Options {
  count: number;
  rate: number;
  failures: number;
  answers: number;
  seed: number;
  /** MoEngage's channels, none when others send alone. */
  channels: Channel[];
  /** The campaigns of other platforms. */
  others: { name: PlatformName; count: number; channels: Channel[] }[];
  keep: boolean;
  verbose: boolean;
}

const CHANNELS: Record<string, Channel[]> = {
  whatsapp: ["whatsapp"],
  sms: ["sms"],
  both: ["whatsapp", "sms"],
};
/** `both` is what `all` was called while there were two. */
const PLATFORM_CHOICES: Record<string, PlatformName[]> = {
  ...Object.fromEntries(PLATFORM_NAMES.map((name) => [name, [name]])),
  all: PLATFORM_NAMES,
  both: PLATFORM_NAMES,
};

function refuse(option: string, needed: string): never {
  throw new UsageFault(`--${option} must be ${needed}`);
}

const isShare = (value: number) => value >= 0 && value <= 1;

/** What the command line says; undefined when it asks for help. Throws a UsageFault in words. */
export function readOptions(args?: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "200" },
      channel: { type: "string", default: "both" },
      platform: { type: "string", default: "all" },
      failures: { type: "string", default: "0.08" },
      answers: { type: "string", default: "0.1" },
      seed: { type: "string", default: "1" },
      open: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [count, rate, seed] = [Number(values.count), Number(values.rate), Number(values.seed)];
  const [failures, answers] = [Number(values.failures), Number(values.answers)];
  if (values.help) return undefined;
  const channels =
    CHANNELS[values.channel] ?? refuse("channel", `one of ${Object.keys(CHANNELS).join(", ")}`);
  const names =
    PLATFORM_CHOICES[values.platform] ??
    refuse("platform", `one of ${Object.keys(PLATFORM_CHOICES).join(", ")}`);
  if (!Number.isInteger(count) || count < 1) refuse("count", "a whole number above 0");
  if (!(rate > 0)) refuse("rate", "a number above 0");
  if (!Number.isInteger(seed)) refuse("seed", "a whole number");
  if (!isShare(failures)) refuse("failures", "a share from 0 to 1");
  if (!isShare(answers)) refuse("answers", "a share from 0 to 1");
  const hasMoEngage = names.includes("moengage");
  return {
    ...{ count, rate, failures, answers, seed, keep: values.keep || values.open, verbose: values.verbose },
    channels: hasMoEngage ? channels : [],
    others: names
      .filter((name) => name !== "moengage")
      .map((name) => ({ name, count: hasMoEngage ? Math.ceil(count / 4) : count, channels })),
  };
}
