import type { OutboundMessage, Template } from "../../core/message.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock, Timers } from "../../lib/runtime.ts";
import type { Catalog, Entry } from "./catalog.ts";
import { FAULT_CODES } from "./preflight.ts";

export interface TrialPorts {
  catalog: Pick<Catalog, "entry" | "fetchSince">;
  now: Clock;
  timers: Timers;
  log: Log;
}

/**
 * Compares with its template what a platform only tries, when somebody saves a template there. `read` makes the message
 * of it by what is known of the template at that moment.
 */
export type TryTemplate = (read: () => OutboundMessage, templatesMs: number) => Promise<void>;

/** Somebody is looking at the answer, and can do it once more. */
const OLD_LIST = "The list of templates is being read again: in a minute, save it once more";

/**
 * What fits the list passes. For what does not, or is not known, the list is fetched anew; where that takes longer than
 * it may, the list there is decides, and what no list knows passes. Rejects with a ConnectorError that names every
 * difference: `missing_template` or `invalid_template`.
 */
export function createTryTemplate({ catalog, now, timers, log }: TrialPorts): TryTemplate {
  async function fetched(number: string, ms: number): Promise<Entry | undefined> {
    try {
      return await withDeadline(
        catalog.fetchSince(number, now()),
        ms,
        "The list did not come in time",
        timers,
      );
    } catch (error) {
      log.info(loggableError(error), "A template is tried without a fresh list");
      return undefined;
    }
  }

  return async (read, templatesMs) => {
    const message = read();
    const first = templateOf(message);
    if (!first || catalog.entry(message.from)?.index.check(first).kind === "match") return;
    const fresh = await fetched(message.from, templatesMs);
    // Another replica's list may have come out of State meanwhile.
    const list = fresh ?? catalog.entry(message.from);
    if (!list || list.templates.length === 0) return;
    const verdict = list.index.check(templateOf(read()) ?? first);
    if (verdict.kind === "match") return;
    const words = [...verdict.faults, ...(fresh ? [] : [OLD_LIST])];
    throw new ConnectorError(FAULT_CODES[verdict.kind], words.join("; "));
  };
}

const templateOf = (message: OutboundMessage): Template | undefined =>
  message.channel === "whatsapp" && message.content.type === "template"
    ? message.content.template
    : undefined;
