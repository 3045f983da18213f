import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ConfigError, parseConfig } from "../config/parse.ts";
import { parseConsent, type Said } from "../core/consent.ts";
import { type Channel, mask } from "../core/message.ts";
import { parseNumberFile, parseNumbers } from "../core/number-list.ts";
import { suppressionBucket } from "../core/state-keys.ts";
import { createSuppression, type Suppression } from "../flows/inbound/suppression.ts";
import { ConnectorError } from "../lib/errors.ts";
import { createHttpClient } from "../lib/http-client.ts";
import { scan } from "../vcr/scan.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";

const HELP = `Who has opted out, and gets no message whatever the platform asks for.

  npm run suppressions -- list                                     shows them, numbers masked
  npm run suppressions -- list --show                              shows whole numbers
  npm run suppressions -- add    --channel whatsapp NUMBER [...]   as if they had said STOP
  npm run suppressions -- remove --channel sms NUMBER [...]        as if they had said START
  npm run suppressions -- import --channel whatsapp FILE           adds everybody in the file
  npm run suppressions -- remove --channel sms --file FILE         removes everybody in the file

  --channel C   whatsapp or sms. An opt-out holds for one channel; list shows both without it
  --file FILE   one number a line, or a CSV with the numbers in its first column; # begins a comment
  --dry-run     says what would change, and changes nothing
  --show        whole numbers instead of the last four digits

Numbers have their country code: 447700900123, +44 7700 900123 and 0044 7700 900123 are the same.
Lines that are no number are named and skipped; the exit code is then 1.

Use remove for a person who has subscribed again somewhere else, on your website for example: until then the
connector keeps refusing. No platform is told: change the person's subscription there as well.

The list belongs to the whole Vonage account. The command needs VCR within reach: run it inside the instance
(node dist/suppressions.js ...), in a "vcr debug" session of the same application, or against a local VCR. It reads
the connector's own variables. It is safe to run again when it was interrupted.`;

const CHANNELS: readonly Channel[] = ["whatsapp", "sms"];
const SAID: Record<string, Said> = { add: "out", import: "out", remove: "in" };
const DONE: Record<Said, string> = { out: "added", in: "removed" };
/** As many at a time share their calls to State. */
const AT_ONCE = 500;

type Environment = Record<string, string | undefined>;
/** Called with one line, or a few, at a time. */
export interface Print {
  out(text: string): void;
  error(text: string): void;
}

interface Options {
  command: string;
  numbers: string[];
  channel: Channel | undefined;
  file: string | undefined;
  dryRun: boolean;
  show: boolean;
}

/** Undefined when the command makes no sense. */
function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      channel: { type: "string" },
      file: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      show: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [command = "", ...rest] = positionals;
  const channel = CHANNELS.find((name) => name === values.channel);
  const isImport = command === "import";
  const file = isImport ? rest[0] : values.file;
  const numbers = isImport ? [] : rest;
  const isChange = command in SAID && channel !== undefined && (file !== undefined || numbers.length > 0);
  const isList = command === "list" && (values.channel === undefined || channel !== undefined);
  if (values.help || !(isChange || isList)) return undefined;
  return { command, numbers, channel, file, dryRun: values["dry-run"], show: values.show };
}

function connect(environment: Environment) {
  // Whatever else is wrong with the connector's variables does not matter here.
  const needed = /^(VCR_)?(API_ACCOUNT_ID|API_APPLICATION_ID|PRIVATE_KEY|INSTANCE_.*|PROVIDERS_URL)$|^DEBUG$/;
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => needed.test(name)));
  const config = parseConfig({
    ...env,
    VCR_API_ACCOUNT_SECRET: "not used",
    VONAGE_SIGNATURE_SECRET: "not used",
  });
  const httpClient = createHttpClient(4);
  const session = createSession(config, httpClient);
  return { session, suppression: createSuppression(createState(session, Date.now), Date.now), httpClient };
}

async function list(
  { channel, show }: Options,
  session: Parameters<typeof scan>[0],
  print: Print,
): Promise<number> {
  for (const name of channel ? [channel] : CHANNELS) {
    const found = new Map<string, number>();
    for await (const [address, entry] of scan(session, suppressionBucket(name))) {
      const consent = parseConsent(entry);
      if (consent?.said === "out") found.set(address, consent.at);
    }
    for (const [address, at] of [...found].sort(([, a], [, b]) => a - b)) {
      print.out([name, show ? address : mask(address), `since ${new Date(at).toISOString()}`].join("  "));
    }
    print.out(`${found.size} opted out of ${name}`);
  }
  return 0;
}

async function change(
  options: Options,
  channel: Channel,
  suppression: Suppression,
  print: Print,
): Promise<number> {
  const { command, file, numbers, dryRun, show } = options;
  const said = SAID[command] as Said;
  const { addresses, faults } =
    file === undefined
      ? parseNumbers(numbers, "number", channel)
      : parseNumberFile(await readFile(file, "utf8"), channel);
  for (const fault of faults) print.error(`skipped: ${fault}`);

  const verb = dryRun ? `would be ${DONE[said]}` : DONE[said];
  let changed = 0;
  for (let at = 0; at < addresses.length; at += AT_ONCE) {
    const some = addresses.slice(at, at + AT_ONCE);
    const changes = await Promise.all(some.map((address) => apply(address)));
    some.forEach((address, index) => {
      if (changes[index]) print.out(`${verb}  ${show ? address : mask(address)}`);
    });
    changed += changes.filter(Boolean).length;
  }
  const same = addresses.length - changed;
  print.out(`${channel}: ${changed} ${verb}, ${same} need no change, ${faults.length} skipped`);
  return faults.length === 0 ? 0 : 1;

  async function apply(address: string): Promise<boolean> {
    if ((await suppression.isSuppressed(channel, address)) === (said === "out")) return false;
    if (dryRun) return true;
    const other = await suppression.otherName(channel, address);
    return suppression.record(channel, other ? [address, other] : [address], said, Date.now());
  }
}

/** Runs the command line of an operator; resolves to the exit code. Everything it says goes to `print`. */
export async function suppressions(args: string[], env: Environment, print: Print): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options) {
      print.out(HELP);
      return args.includes("--help") ? 0 : 2;
    }
    const { session, suppression, httpClient } = connect(env);
    try {
      return options.command === "list"
        ? await list(options, session, print)
        : await change(options, options.channel as Channel, suppression, print);
    } finally {
      await httpClient.close();
    }
  } catch (error) {
    print.error(explain(error));
    return 1;
  }
}

/** The SDK's and Node's errors may quote what was asked; only these say nothing of a person. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof ConnectorError)
    return `VCR did not answer (${error.code}). Nothing is half done: run it again where VCR is within reach (--help).`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code?.startsWith("ERR_PARSE_ARGS")
    ? message
    : `Stopped by an unexpected error ${code ?? ""}`;
}
