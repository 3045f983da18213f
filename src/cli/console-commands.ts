import { readFile } from "node:fs/promises";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type ConsoleClient, NoAnswer, openConsole } from "./console-client.ts";
import {
  failuresWords,
  importWords,
  lettersWords,
  optOutWords,
  replayWords,
  resultsWords,
  sentWords,
  setupWords,
  statusWords,
  storyWords,
  type Told,
  templatesWords,
  totalsWords,
} from "./console-words.ts";
import { exportOptOuts } from "./opt-out-export.ts";
import { type Print, usageFault } from "./usage.ts";

const HELP = `What the console of a connector shows and does, from a terminal.

  npm run connector -- status                      is it running, what waits, who is away
  npm run connector -- setup                       what is set up wrongly, and the remedy
  npm run connector -- results                     what became of the messages, by template
      --since 24h --until TIME --platform P --channel C --template T
  npm run connector -- failures                    the latest failures
      --since 24h --code C --template T --limit N
  npm run connector -- message ID                  the story of one message
  npm run connector -- dead-letters list           what the queues gave up on
  npm run connector -- dead-letters replay ID ...  puts these back; or --all, or --since 2h
      --queue whatsapp|sms|chat|reports --dry-run
  npm run connector -- opt-outs totals             how many have opted out
  npm run connector -- opt-outs check  --channel C NUMBER
  npm run connector -- opt-outs add    --channel C NUMBER [...]   as if they had said STOP
  npm run connector -- opt-outs remove --channel C NUMBER [...]   as if they had said START
  npm run connector -- opt-outs import --channel C FILE           opts out everybody in it: one number a line, or a CSV
      --remove                                     removes their opt-outs
  npm run connector -- opt-outs import FILE        brings back what an export has; --dry-run
  npm run connector -- opt-outs export FILE        whole numbers in a CSV: keep it safe. Not over HTTP: it reads VCR's
                                                   State by itself, with the connector's own variables
  npm run connector -- templates [sync]            what the WhatsApp account has; sync fetches it anew
  npm run connector -- test-send --channel C --to NUMBER --template T --language L [--parameter V ...]
  npm run connector -- test-send --channel C --to NUMBER --text TEXT
  npm run connector -- mapper                      the mapper for the stream of events

  --url U    where the connector is: https://<instance>, or CONNECTOR_URL
  --json     the answer as it is, for programs

The password is CONNECTOR_PASSWORD: the connector's CONSOLE_PASSWORD, with any user name. Where that is not set, it is
the account's API secret, with the API key in CONNECTOR_USER. Channels are whatsapp and sms; numbers have their
country code. Exit code: 0 fine, 1 something is wrong or nobody answers, 2 wrong usage.`;

const OPTIONS = {
  ...{ url: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } },
  ...{
    since: { type: "string" },
    until: { type: "string" },
    platform: { type: "string" },
    limit: { type: "string" },
  },
  ...{
    channel: { type: "string" },
    template: { type: "string" },
    code: { type: "string" },
    queue: { type: "string" },
  },
  ...{
    all: { type: "boolean" },
    "dry-run": { type: "boolean" },
    to: { type: "string" },
    from: { type: "string" },
  },
  ...{
    language: { type: "string" },
    text: { type: "string" },
    parameter: { type: "string", multiple: true },
    remove: { type: "boolean" },
  },
} satisfies ParseArgsConfig["options"];

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];
type Environment = Record<string, string | undefined>;

interface Asked {
  values: Values;
  rest: readonly string[];
}

interface Outcome {
  answer: unknown;
  told: Told;
  /** Why there is no more than that. */
  stoppedBy?: unknown;
}

/** One command: the options it takes, and what it asks and tells. */
interface Command {
  options?: readonly (keyof Values)[];
  /** How many words may follow; none by default. */
  words?: "one" | "some" | "some or none";
  run(asked: Asked, client: ConsoleClient): Promise<Outcome>;
}

/** A question whose answer is told in words. */
const told =
  <T>(
    ask: (asked: Asked, client: ConsoleClient) => Promise<unknown>,
    words: (answer: T) => Told,
  ): Command["run"] =>
  async (asked, client) => {
    const answer = await ask(asked, client);
    return { answer, told: words(answer as T) };
  };

type OptOutAnswer = Parameters<typeof optOutWords>[0];

const optOut = (action: string): Command => ({
  ...{ options: ["channel"], words: "some" },
  async run({ values: { channel }, rest }, client) {
    const answers: OptOutAnswer[] = [];
    const answered = (): Outcome => {
      const lines = answers.flatMap((answer) => optOutWords(answer).lines);
      return { answer: rest.length === 1 ? answers[0] : answers, told: { lines, isWrong: false } };
    };
    for (const number of rest) {
      try {
        answers.push((await client.post("/opt-outs", { action, channel, number })) as OptOutAnswer);
      } catch (error) {
        if (answers.length === 0) throw error;
        // What was done for those before is told all the same.
        return { ...answered(), stoppedBy: error };
      }
    }
    return answered();
  },
});

const importFile = async ({ values, rest: [file = ""] }: Asked, client: ConsoleClient) => {
  const csv = await readFile(file, "utf8");
  return client.post("/opt-outs/import", {
    csv,
    channel: values.channel,
    dryRun: values["dry-run"] ?? false,
  });
};

const COMMANDS: Record<string, Command> = {
  status: { run: told((_asked, client) => client.get("/status"), statusWords) },
  setup: { run: told((_asked, client) => client.get("/setup"), setupWords) },
  results: {
    options: ["since", "until", "platform", "channel", "template"],
    run: told(
      ({ values: { since, until, platform, channel, template } }, client) =>
        client.get("/results", { since, until, platform, channel, template }),
      resultsWords,
    ),
  },
  failures: {
    options: ["since", "code", "template", "limit"],
    run: told(
      ({ values: { since, code, template, limit } }, client) =>
        client.get("/failures", { since, code, template, limit }),
      failuresWords,
    ),
  },
  message: {
    words: "one",
    run: told(({ rest: [id = ""] }, client) => client.get(`/messages/${encodeURIComponent(id)}`), storyWords),
  },
  "dead-letters list": { run: told((_asked, client) => client.get("/dead-letters"), lettersWords) },
  "dead-letters replay": {
    ...{ options: ["all", "since", "queue", "dry-run"], words: "some or none" },
    run: told(({ values: { all, since, queue, "dry-run": dryRun = false }, rest }, client) => {
      const ids = rest.length > 0 ? { ids: rest } : {};
      return client.post("/dead-letters/replay", { ...ids, all, since, queue, dryRun });
    }, replayWords),
  },
  "opt-outs totals": { run: told((_asked, client) => client.get("/opt-outs"), totalsWords) },
  "opt-outs check": optOut("check"),
  "opt-outs add": optOut("add"),
  "opt-outs remove": optOut("remove"),
  "opt-outs import": {
    ...{ options: ["channel", "remove", "dry-run"], words: "one" },
    run: told(importFile, importWords),
  },
  templates: { run: told((_asked, client) => client.get("/templates"), templatesWords) },
  "templates list": { run: told((_asked, client) => client.get("/templates"), templatesWords) },
  "templates sync": { run: told((_asked, client) => client.post("/templates/sync", {}), templatesWords) },
  "test-send": {
    options: ["channel", "to", "from", "template", "language", "parameter", "text"],
    run: told(({ values: { channel, to, from, template, language, parameter, text } }, client) => {
      const parameters = parameter ? { parameters: parameter } : {};
      return client.post("/test-send", { channel, to, from, template, language, text, ...parameters });
    }, sentWords),
  },
  mapper: {
    async run(_asked, client) {
      const answer = await client.get("/connected-source-mapper");
      return { answer, told: { lines: JSON.stringify(answer, null, 2).split("\n"), isWrong: false } };
    },
  },
};

const ALWAYS: readonly string[] = ["url", "json", "help"];

/** Runs the command line of an operator; resolves to the exit code. Everything it says goes to `print`. */
export async function connector(args: string[], env: Environment, print: Print): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
    if (values.help) {
      print.out(HELP);
      return 0;
    }
    if (positionals[0] === "opt-outs" && positionals[1] === "export")
      return await exportOptOuts(positionals.slice(2), env, print);
    const { command, rest } = chosen(positionals, values);
    const client = openConsole(values.url ?? env["CONNECTOR_URL"], env);
    const { answer, told: answered, stoppedBy } = await command.run({ values, rest }, client);
    print.out(values.json ? JSON.stringify(answer, null, 2) : answered.lines.join("\n"));
    if (stoppedBy !== undefined) return explain(stoppedBy, print);
    return answered.isWrong ? 1 : 0;
  } catch (error) {
    return explain(error, print);
  }
}

function chosen(
  positionals: readonly string[],
  values: Values,
): { command: Command; rest: readonly string[] } {
  const [first = "", second = ""] = positionals;
  const [name, rest] = Object.hasOwn(COMMANDS, `${first} ${second}`)
    ? [`${first} ${second}`, positionals.slice(2)]
    : [first, positionals.slice(1)];
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new NoAnswer(
      first === ""
        ? "Say what to do: --help lists the commands"
        : `There is no command ${positionals.slice(0, 2).join(" ")}: --help lists them`,
      true,
    );
  const unknown = Object.keys(values).filter(
    (option) => !ALWAYS.includes(option) && !command.options?.includes(option as keyof Values),
  );
  if (unknown.length > 0)
    throw new NoAnswer(`${name} has no option --${unknown[0]}: --help lists the options`, true);
  const { words } = command;
  if (!words && rest.length > 0)
    throw new NoAnswer(`${name} takes no ${rest[0]}: --help shows how it is written`, true);
  if ((words === "one" && rest.length !== 1) || (words === "some" && rest.length === 0))
    throw new NoAnswer(
      `${name} needs ${words === "one" ? "one word more" : "what it is about"}: --help shows how it is written`,
      true,
    );
  return { command, rest };
}

function explain(error: unknown, print: Print): number {
  const fault = usageFault(error);
  const { code, message } = error as NodeJS.ErrnoException;
  const isFile = code === "ENOENT" || code === "EACCES" || code === "EISDIR";
  const isKnown = error instanceof NoAnswer || isFile;
  print.error(fault ?? (isKnown ? message : `Stopped by an unexpected error ${code ?? ""}`.trim()));
  return fault !== undefined || isFile || (error instanceof NoAnswer && error.isUsage) ? 2 : 1;
}
