import { asConnectorError } from "../lib/errors.ts";
import type { Channel } from "./message.ts";
import { parseRecipient } from "./recipient.ts";

export interface NumberList {
  /** Each once, in the order given. */
  addresses: string[];
  /** A sentence for each entry that is no number; the number in it is masked. */
  faults: string[];
}

/** Entries as somebody typed them; empty ones are left out. `what` names them in the faults, with their position. */
export function parseNumbers(entries: readonly string[], what: string, channel: Channel): NumberList {
  const addresses = new Set<string>();
  const faults: string[] = [];
  entries.forEach((entry, index) => {
    if (entry === "") return;
    try {
      addresses.add(parseRecipient(entry, `${what} ${index + 1}:`, channel));
    } catch (error) {
      faults.push(asConnectorError(error).message);
    }
  });
  return { addresses: [...addresses], faults };
}

/**
 * Phone numbers as people keep them in files: one a line, or the first column of a CSV; `#` begins a comment. A
 * first line without a digit is taken for the names of the columns.
 */
export function parseNumberFile(text: string, channel: Channel): NumberList {
  const cells = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .map((line, index) => {
      const [first = ""] = line.replace(/#.*$/, "").split(/[,;\t]/);
      const cell = first.trim().replace(/^(["'])(.*)\1$/, "$2");
      return index === 0 && !/\d/.test(cell) ? "" : cell;
    });
  return parseNumbers(cells, "line", channel);
}
