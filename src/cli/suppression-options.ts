import { parseArgs } from "node:util";
import type { Channel } from "../core/message.ts";
import { CHANNELS } from "../core/opt-out-file.ts";

export const HELP = `Who has opted out, and gets no message whatever the platform asks for.

  npm run suppressions -- list                                     shows them, numbers masked
  npm run suppressions -- list --show                              shows whole numbers
  npm run suppressions -- add    --channel whatsapp NUMBER [...]   as if they had said STOP
  npm run suppressions -- remove --channel sms NUMBER [...]        as if they had said START
  npm run suppressions -- import --channel whatsapp FILE           adds everybody in the file
  npm run suppressions -- remove --channel sms --file FILE         removes everybody in the file
  npm run suppressions -- export FILE                              keeps everything that is known, in a CSV
  npm run suppressions -- import FILE                              brings back what such a CSV has

  --channel C   whatsapp or sms. An opt-out holds for one channel; list and export show both without it
  --file FILE   one number a line, or a CSV with the numbers in its first column; # begins a comment
  --dry-run     says what would change, and changes nothing
  --show        whole numbers instead of the last four digits

The CSV has channel, number, stop and start: whole numbers, and when each person last said either. Keep it like any
list of customers. Without FILE it is printed. After an import the later word counts, the file's or a newer one.

Numbers have their country code: 447700900123, +44 7700 900123 and 0044 7700 900123 are the same.
Lines that are no number are named and skipped; the exit code is then 1.

Use remove for a person who has subscribed again somewhere else, on your website for example: until then the
connector keeps refusing. No platform is told: change the person's subscription there as well.

The list belongs to the whole Vonage account. The command needs VCR within reach: run it inside the instance
(node dist/suppressions.js ...), in a "vcr debug" session of the same application, or against a local VCR. It reads
the connector's own variables. It is safe to run again when it was interrupted.`;

export interface Options {
  command: string;
  numbers: string[];
  channel: Channel | undefined;
  file: string | undefined;
  dryRun: boolean;
  show: boolean;
}

const COMMANDS = ["list", "add", "remove", "import", "export"];
const needsChannel = (command: string) => command === "add" || command === "remove";

/** Undefined when the command makes no sense. */
export function readOptions(args: string[]): Options | undefined {
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
  const isFileCommand = command === "import" || command === "export";
  const file = isFileCommand ? rest[0] : values.file;
  const numbers = isFileCommand ? [] : rest;
  const hasChannel = values.channel === undefined ? !needsChannel(command) : channel !== undefined;
  const hasPeople = file !== undefined || numbers.length > 0 || command === "list" || command === "export";
  if (values.help || !COMMANDS.includes(command) || !hasChannel || !hasPeople) return undefined;
  return { command, numbers, channel, file, dryRun: values["dry-run"], show: values.show };
}
