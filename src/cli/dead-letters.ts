import { parseArgs } from "node:util";
import { ConfigError, parseConfig } from "../config/parse.ts";
import { idOf, type Job, type QueuePurpose } from "../core/job.ts";
import { asConnectorError } from "../lib/errors.ts";
import { createHttpClient } from "../lib/http-client.ts";
import { createDeadLetters, type DeadLetter } from "../vcr/dead-letters.ts";
import { queueName } from "../vcr/job-queue.ts";
import { createJobSigner, type JobSigner } from "../vcr/job-signer.ts";
import { createSession } from "../vcr/session.ts";
import { createState } from "../vcr/state.ts";

const HELP = `What the queues gave up on, after trying four times.

  npm run dead-letters -- list                     shows it
  npm run dead-letters -- replay ID [ID ...]       puts these messages back on their queue
  npm run dead-letters -- replay --all             puts everything back
      --dry-run                                    says what would be put back, and does nothing

Needs the connector's environment, and VCR within reach: run it inside the instance, where it is called
node dist/dead-letters.js, or against a local VCR.
When the command dies in the middle, run it again. One thing can then be lost: a job that died in the very moment
in which the old ones were taken away. The queue has no way to take away one certain job.`;

const QUEUES: readonly QueuePurpose[] = ["whatsapp", "sms", "reports"];

interface Entry {
  purpose: QueuePurpose;
  letter: DeadLetter;
  job: Job | Unread;
}

/** Put back with --all it is refused, once more; another version of the connector may read what is unreadable. */
type Unread = "not signed by this application" | "not readable by this version of the connector";

async function main(): Promise<number> {
  const { values, positionals } = readArguments() ?? { values: {}, positionals: [] };
  const [command, ...ids] = positionals;
  const isReplay = command === "replay" && (values.all || ids.length > 0);
  if (values.help || !(command === "list" || isReplay)) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }

  const { queues, signer, close } = connect();
  const entries: Entry[] = [];
  for (const purpose of QUEUES) {
    for (const letter of await queues[purpose].list())
      entries.push({ purpose, letter, job: jobOf(letter, signer) });
  }

  const chosen = isReplay
    ? entries.filter(({ job }) => values.all || (typeof job === "object" && ids.includes(idOf(job))))
    : entries;
  for (const entry of chosen) console.log(describe(entry));
  if (isReplay && !values["dry-run"]) {
    for (const { purpose, letter } of chosen) await queues[purpose].replay(letter);
    for (const purpose of QUEUES) await queues[purpose].clear();
  }
  const verb = isReplay ? (values["dry-run"] ? "would be put back" : "put back") : "waiting";
  console.log(`${chosen.length} ${verb}`);
  await close();
  return isReplay && chosen.length === 0 ? 1 : 0;
}

/** Undefined when there is an option that does not exist. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { all: { type: "boolean" }, "dry-run": { type: "boolean" }, help: { type: "boolean" } },
    });
  } catch (error) {
    console.error((error as Error).message);
    return undefined;
  }
}

function connect() {
  const config = parseConfig(process.env);
  const httpClient = createHttpClient(4);
  const session = createSession(config, httpClient);
  const state = createState(session, Date.now);
  const open = (purpose: QueuePurpose) =>
    createDeadLetters(session, queueName(config.instance.serviceName, purpose), state);
  return {
    signer: createJobSigner(config.jobSigningKeys),
    queues: { whatsapp: open("whatsapp"), sms: open("sms"), reports: open("reports") },
    close: () => httpClient.close(),
  };
}

function jobOf(letter: DeadLetter, signer: JobSigner): Job | Unread {
  try {
    return signer.verify(letter.signed);
  } catch (error) {
    return asConnectorError(error).retryable
      ? "not readable by this version of the connector"
      : "not signed by this application";
  }
}

function describe({ purpose, job }: Entry): string {
  if (typeof job === "string") return `${purpose}  (${job})`;
  const accepted =
    "message" in job && job.message && "acceptedAt" in job.message
      ? `accepted ${new Date(job.message.acceptedAt).toISOString()}`
      : "";
  return [purpose, job.kind, idOf(job), `attempt ${job.attempt}`, accepted].join("  ");
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = asConnectorError(error);
  console.error(
    error instanceof ConfigError
      ? error.message
      : `Stopped: ${failure.message}. Run it again (--help tells what can be lost).`,
  );
  process.exitCode = 1;
}
