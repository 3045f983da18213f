import { readFile, writeFile } from "node:fs/promises";
import { ConfigError, parseConfig } from "../config/parse.ts";
import { latest, parseConsentField, parseTime, type Said, standing } from "../core/consent.ts";
import { type Channel, mask } from "../core/message.ts";
import { type NumberList, parseNumberFile, parseNumbers } from "../core/number-list.ts";
import { CHANNELS, type Entry, formatExport, isExport, parseExport } from "../core/opt-out-file.ts";
import { suppressionBucket } from "../core/state-keys.ts";
import { createSuppression, type Suppression } from "../flows/inbound/suppression.ts";
import { ConnectorError } from "../lib/errors.ts";
import { createHttpClient, type HttpClient } from "../lib/http-client.ts";
import { type Clock, systemRuntime } from "../lib/runtime.ts";
import { scan } from "../vcr/scan.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";
import { HELP, type Options, readOptions } from "./suppression-options.ts";
import { type Print, usageFault } from "./usage.ts";

const SAID: Record<string, Said> = { add: "out", import: "out", remove: "in" };
const DONE: Record<Said, string> = { out: "added", in: "removed" };
/** As many at a time share their calls to State. */
const AT_ONCE = 500;

type Environment = Record<string, string | undefined>;

/** What is said at the time of a clock that is further off would undo what people say later, or be undone by it. */
const CLOCK_TOLERANCE_MS = 30_000;

/** Rejects, before anything is changed, where the clock differs from that of whoever answers. */
function withClockCheck(httpClient: HttpClient, now: Clock): HttpClient {
  return {
    ...httpClient,
    async request(request) {
      const response = await httpClient.request(request);
      const ahead = now() - Date.parse(String(response.headers["date"]));
      // Not a number where the answer has no date.
      if (Math.abs(ahead) > CLOCK_TOLERANCE_MS) throw new WrongClock(ahead);
      return response;
    },
  };
}

class WrongClock extends Error {
  constructor(ahead: number) {
    const seconds = Math.round(Math.abs(ahead) / 1_000);
    const how = ahead > 0 ? "ahead of" : "behind";
    super(
      `The clock of this machine is ${seconds} seconds ${how} VCR's. A word that is said at a wrong time undoes what people say later: set the clock, and run it again.`,
    );
  }
}

function connect(environment: Environment, { command }: Options, now: Clock) {
  // Whatever else is wrong with the connector's variables does not matter here.
  const needed = /^(VCR_)?(API_ACCOUNT_ID|API_APPLICATION_ID|PRIVATE_KEY|INSTANCE_.*|PROVIDERS_URL)$|^DEBUG$/;
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => needed.test(name)));
  const config = parseConfig({
    ...env,
    VCR_API_ACCOUNT_SECRET: "not used",
    VONAGE_SIGNATURE_SECRET: "not used",
  });
  const httpClient = createHttpClient(4);
  const isReader = command === "list" || command === "export";
  const session = createSession(config, isReader ? httpClient : withClockCheck(httpClient, now));
  return {
    session,
    suppression: createSuppression(createState(session, { ...systemRuntime, now }), now),
    httpClient,
    now,
  };
}

type Connection = ReturnType<typeof connect>;
type Session = Connection["session"];

/** Everybody who has said anything, the latest word last. */
async function everybody(session: Session, { channel }: Options): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of channel ? [channel] : CHANNELS) {
    const people = new Map<string, Entry>();
    for await (const [field, value] of scan(session, suppressionBucket(name))) {
      const word = parseConsentField(field);
      const at = parseTime(value);
      if (!word || at === undefined) continue;
      const known = people.get(word.name)?.consent ?? {};
      const consent = latest([known, { [word.said]: at }]);
      people.set(word.name, { channel: name, address: word.name, consent });
    }
    entries.push(...[...people.values()].sort((a, b) => lastAt(a) - lastAt(b)));
  }
  return entries;
}

const lastAt = ({ consent }: Entry) => Math.max(consent.out ?? 0, consent.in ?? 0);

async function list(options: Options, session: Session, print: Print): Promise<number> {
  const out = (await everybody(session, options)).filter(({ consent }) => standing(consent) === "out");
  for (const name of options.channel ? [options.channel] : CHANNELS) {
    const some = out.filter(({ channel }) => channel === name);
    for (const { address, consent } of some) {
      const since = new Date(consent.out ?? 0).toISOString();
      print.out([name, options.show ? address : mask(address), `since ${since}`].join("  "));
    }
    print.out(`${some.length} opted out of ${name}`);
  }
  return 0;
}

async function exportAll(options: Options, session: Session, print: Print): Promise<number> {
  const entries = await everybody(session, options);
  const csv = formatExport(entries);
  if (options.file === undefined) {
    print.out(csv);
  } else {
    // Whole numbers: for whoever runs this alone.
    await writeFile(options.file, `${csv}\n`, { mode: 0o600 });
    print.out(`${entries.length} people written to ${options.file}: whole numbers, keep it safe`);
  }
  return 0;
}

/** A change of what is known of one address; resolves to whether there was any. */
interface Change {
  address: string;
  apply(): Promise<boolean>;
}

async function importFile(
  file: string,
  options: Options,
  { suppression, now }: Pick<Connection, "suppression" | "now">,
  print: Print,
): Promise<number> {
  const text = await readFile(file, "utf8");
  const { channel, dryRun } = options;
  if (!isExport(text)) {
    if (channel) return decide(parseNumberFile(text, channel), channel, options, suppression, print);
    print.error(`${file} is a list of numbers: say with --channel what they have opted out of`);
    return 2;
  }
  const { entries, faults } = parseExport(text, now());
  const changes = entries
    .filter((entry) => channel === undefined || entry.channel === channel)
    .map((entry) => ({
      address: entry.address,
      apply: () => suppression.restore(entry.channel, entry.address, entry.consent, dryRun),
    }));
  return run(changes, faults, { what: "import", done: "brought back" }, options, print);
}

function decide(
  { addresses, faults }: NumberList,
  channel: Channel,
  options: Options,
  suppression: Suppression,
  print: Print,
): Promise<number> {
  const said = SAID[options.command] as Said;
  const changes = addresses.map((address) => ({
    address,
    apply: () => suppression.decide(channel, address, said, options.dryRun),
  }));
  return run(changes, faults, { what: channel, done: DONE[said] }, options, print);
}

async function run(
  changes: readonly Change[],
  faults: readonly string[],
  { what, done }: { what: string; done: string },
  { dryRun, show }: Options,
  print: Print,
): Promise<number> {
  for (const fault of faults) print.error(`skipped: ${fault}`);
  const verb = dryRun ? `would be ${done}` : done;
  let changed = 0;
  for (let at = 0; at < changes.length; at += AT_ONCE) {
    const some = changes.slice(at, at + AT_ONCE);
    const outcomes = await Promise.all(some.map(({ apply }) => apply()));
    some.forEach(({ address }, index) => {
      if (outcomes[index]) print.out(`${verb}  ${show ? address : mask(address)}`);
    });
    changed += outcomes.filter(Boolean).length;
  }
  const same = changes.length - changed;
  print.out(`${what}: ${changed} ${verb}, ${same} need no change, ${faults.length} skipped`);
  return faults.length === 0 ? 0 : 1;
}

async function perform(options: Options, connection: Connection, print: Print): Promise<number> {
  const { session, suppression } = connection;
  const { command, file, numbers } = options;
  if (command === "list") return list(options, session, print);
  if (command === "export") return exportAll(options, session, print);
  if (command === "import") return importFile(file as string, options, connection, print);
  const channel = options.channel as Channel;
  const people =
    file === undefined
      ? parseNumbers(numbers, "number", channel)
      : parseNumberFile(await readFile(file, "utf8"), channel);
  return decide(people, channel, options, suppression, print);
}

/** Runs the command line of an operator; resolves to the exit code. Everything it says goes to `print`. */
export async function suppressions(
  args: string[],
  env: Environment,
  print: Print,
  now: Clock = Date.now,
): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options) {
      print.out(HELP);
      return args.includes("--help") ? 0 : 2;
    }
    const connection = connect(env, options, now);
    try {
      return await perform(options, connection, print);
    } finally {
      await connection.httpClient.close();
    }
  } catch (error) {
    print.error(explain(error));
    return usageFault(error) === undefined ? 1 : 2;
  }
}

/** The SDK's and Node's errors may quote what was asked; only these say nothing of a person. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof WrongClock) return error.message;
  if (error instanceof ConnectorError)
    return `VCR did not answer (${error.code}). Nothing is half done: run it again where VCR is within reach (--help).`;
  const { code, message } = error as NodeJS.ErrnoException;
  const isFile = code === "ENOENT" || code === "EACCES";
  return usageFault(error) ?? (isFile ? message : `Stopped by an unexpected error ${code ?? ""}`);
}
