import { asConnectorError } from "../lib/errors.ts";
import { type Consent, SAID, type Said } from "./consent.ts";
import type { Channel } from "./message.ts";
import { parseRecipient } from "./recipient.ts";

export const CHANNELS: readonly Channel[] = ["whatsapp", "sms"];

/** What is known of one address. */
export interface Entry {
  channel: Channel;
  address: string;
  consent: Consent;
}

const HEADER = "channel,number,stop,start";

/** All of it as a CSV; times are ISO 8601, and an empty one was never said. */
export function formatExport(entries: readonly Entry[]): string {
  const lines = entries.map(({ channel, address, consent }) =>
    [channel, address, ...SAID.map((said) => formatTime(consent[said]))].join(","),
  );
  return [HEADER, ...lines].join("\n");
}

const formatTime = (at: number | undefined) => (at === undefined ? "" : new Date(at).toISOString());

const linesOf = (text: string) => text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
const cellsOf = (line: string, separator: string) =>
  line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
/** A spreadsheet may have put another one. */
const separatorOf = (text: string) => linesOf(text)[0]?.match(/[,;\t]/)?.[0] ?? ",";

/** Whether a file is such a CSV; else it is a list of numbers. */
export const isExport = (text: string) =>
  cellsOf(linesOf(text)[0] ?? "", separatorOf(text)).join(",") === HEADER;

/** Such a CSV read back; `faults` has a sentence for each line that cannot be read. */
export function parseExport(text: string, now: number): { entries: Entry[]; faults: string[] } {
  const entries: Entry[] = [];
  const faults: string[] = [];
  const separator = separatorOf(text);
  linesOf(text).forEach((line, index) => {
    if (index === 0 || line.trim() === "") return;
    const entry = parseEntry(cellsOf(line, separator), now);
    if (typeof entry === "string") faults.push(`line ${index + 1}: ${entry}`);
    else entries.push(entry);
  });
  return { entries, faults };
}

/** A sentence where it is none. */
function parseEntry([name, number, ...times]: string[], now: number): Entry | string {
  const channel = CHANNELS.find((one) => one === name);
  if (!channel) return `the channel must be ${CHANNELS.join(" or ")}`;
  const consent: Consent = {};
  for (const [index, said] of SAID.entries()) {
    const text = times[index] ?? "";
    if (text === "") continue;
    const at = parseTime(text);
    if (at === undefined) return `${COLUMN[said]} is not a time like 2026-01-15T11:30:00.000Z`;
    // A time to come would outdo whatever the person says until then.
    consent[said] = Math.min(at, now);
  }
  if (SAID.every((said) => consent[said] === undefined)) return "there is neither a stop nor a start";
  try {
    return { channel, address: parseRecipient(number, "number", channel), consent };
  } catch (error) {
    return asConnectorError(error).message;
  }
}

const COLUMN: Record<Said, string> = { out: "stop", in: "start" };

function parseTime(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return at >= 0 ? at : undefined;
}
