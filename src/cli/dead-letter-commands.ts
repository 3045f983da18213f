import { parseArgs } from "node:util";
import { ConfigError, parseConfig } from "../config/parse.ts";
import { idOf, perQueue, QUEUE_PURPOSES, type QueuePurpose } from "../core/job.ts";
import {
  AT_ONCE,
  type HeldLetter,
  type HeldLetters,
  openHeldLetters,
  type Reading,
} from "../flows/dispatch/held-letters.ts";
import { asConnectorError } from "../lib/errors.ts";
import { createHttpClient } from "../lib/http-client.ts";
import { systemRuntime } from "../lib/runtime.ts";
import { openDeadLetters } from "../vcr/dead-letters.ts";
import { queueName } from "../vcr/job-queue.ts";
import { createJobSigner } from "../vcr/job-signer.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";
import { type Print, usageFault } from "./usage.ts";

const HELP = `What the queues gave up on, after trying four times, and the connector has not put back yet.

  npm run dead-letters -- list                     shows it
  npm run dead-letters -- replay ID [ID ...]       puts these messages back on their queue now
  npm run dead-letters -- replay --all             puts everything back now
      --dry-run                                    says what would be put back, and does nothing

The connector puts them back by itself, five times at the most: the command is for what is left then, and for those
who cannot wait. What this application did not sign, or this version cannot read, is never put back.

Needs the connector's environment, and VCR within reach: run it inside the instance, where it is called
node dist/dead-letters.js, or against a local VCR. When it dies in the middle, run it again.`;

interface Entry {
  purpose: QueuePurpose;
  letter: HeldLetter;
  reading: Reading;
}

type Environment = Record<string, string | undefined>;

/** Runs the command line of an operator; resolves to the exit code. Everything it says goes to `print`. */
export async function deadLetters(args: string[], env: Environment, print: Print): Promise<number> {
  try {
    return await perform(args, env, print);
  } catch (error) {
    const failure = asConnectorError(error);
    print.error(
      error instanceof ConfigError
        ? error.message
        : failure.code === "not_sent"
          ? "VCR cannot be reached. Nothing is lost: run it again where VCR is within reach (--help)"
          : `Stopped: ${failure.message}. Nothing is lost: run it again.`,
    );
    return 1;
  }
}

async function perform(args: string[], env: Environment, print: Print): Promise<number> {
  const { values, positionals } = readArguments(args, print) ?? { values: {}, positionals: [] };
  const [command, ...ids] = positionals;
  const isReplay = command === "replay" && (values.all || ids.length > 0);
  if (values.help || !(command === "list" || isReplay)) {
    print.out(HELP);
    return values.help ? 0 : 2;
  }

  const { held, close } = connect(env);
  const isChosen = ({ reading }: Entry) =>
    !isReplay || (typeof reading === "object" && (values.all || ids.includes(idOf(reading))));
  const act = isReplay && !values["dry-run"] ? replay : show;
  let count = 0;
  for (const purpose of QUEUE_PURPOSES) count += await act(purpose, held[purpose], isChosen, print);
  const verb = isReplay ? (values["dry-run"] ? "would be put back" : "put back") : "waiting";
  print.out(`${count} ${verb}`);
  await close();
  return isReplay && count === 0 ? 1 : 0;
}

type Act = (
  purpose: QueuePurpose,
  held: HeldLetters,
  isChosen: (entry: Entry) => boolean | undefined,
  print: Print,
) => Promise<number>;

/** Says which are chosen, the oldest first, and resolves to their number. */
const show: Act = async (purpose, held, isChosen, print) => {
  const { letters, isWhole } = await held.list();
  const chosen = [...letters.values()]
    .toSorted((a, b) => a.foundAt - b.foundAt)
    .map((letter) => ({ purpose, letter, reading: held.read(letter) }))
    .filter(isChosen);
  for (const entry of chosen) print.out(describe(entry));
  if (!isWhole)
    print.out(`${purpose}  (and more on the queue than it can list: replay --all takes them too)`);
  return chosen.length;
};

/** By way of State, as the connector does it: dying in between loses nothing. */
const replay: Act = async (purpose, held, isChosen, print) => {
  const done = new Set<string>();
  for (;;) {
    const { isDone, failure } = await held.collect();
    let waiting: Promise<void>[] = [];
    for await (const [key, letter] of held.scan()) {
      // The connector may have been quicker.
      if (letter.is === "back" || done.has(key)) continue;
      const entry = { purpose, letter, reading: held.read(letter) };
      if (!isChosen(entry)) continue;
      done.add(key);
      print.out(describe(entry));
      // Its five times begin anew.
      waiting.push(held.putBack(key, { ...letter, replays: 0 }));
      if (waiting.length < AT_ONCE) continue;
      await Promise.all(waiting);
      waiting = [];
    }
    await Promise.all(waiting);
    if (failure !== undefined) throw failure;
    if (isDone) return done.size;
  }
};

/** Undefined when there is an option that does not exist. */
function readArguments(args: string[], print: Print) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { all: { type: "boolean" }, "dry-run": { type: "boolean" }, help: { type: "boolean" } },
    });
  } catch (error) {
    print.error(usageFault(error) ?? (error as Error).message);
    return undefined;
  }
}

function connect(env: Environment) {
  const config = parseConfig(env);
  const httpClient = createHttpClient(4);
  const session = createSession(config, httpClient);
  const state = createState(session, systemRuntime);
  const { verify } = createJobSigner(config.jobSigningKeys);
  const open = (purpose: QueuePurpose) => {
    const settings = {
      name: queueName(config.instance.serviceName, purpose),
      maxRequestBytes: config.queueMaxRequestBytes,
    };
    const queue = openDeadLetters(session, settings, systemRuntime);
    return openHeldLetters(purpose, { queue, state, verify, now: Date.now });
  };
  return {
    held: perQueue(open),
    close: () => httpClient.close(),
  };
}

function describe({ purpose, letter, reading }: Entry): string {
  if (typeof reading === "string") return `${purpose}  (${reading})`;
  const accepted =
    "message" in reading && reading.message && "acceptedAt" in reading.message
      ? [`accepted ${new Date(reading.message.acceptedAt).toISOString()}`]
      : [];
  const replays = letter.replays > 0 ? [`put back ${letter.replays} times`] : [];
  const givenUp = letter.is === "given-up" ? ["given up"] : [];
  return [
    ...[purpose, reading.kind, idOf(reading), `attempt ${reading.attempt}`],
    ...[...accepted, ...replays, ...givenUp],
  ].join("  ");
}
