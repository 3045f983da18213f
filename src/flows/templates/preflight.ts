import type { OutboundMessage, Template } from "../../core/message.ts";
import type { Verdict } from "../../core/template/checker.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock, Timers } from "../../lib/runtime.ts";
import type { Catalog, Entry } from "./catalog.ts";

export interface PreflightPorts {
  catalog: Pick<Catalog, "entry" | "fetchSince" | "reload">;
  now: Clock;
  timers: Timers;
  log: Log;
}

/** Throws, or rejects with, a ConnectorError that names every fault: `missing_template` where the list has no such template, `invalid_template` where the send does not match it. Otherwise the send may go on. `templatesMs` is how long it may wait for a list. */
export type Preflight = (message: OutboundMessage, templatesMs?: number) => void | Promise<void>;

/** A list older than this is fetched again when a send does not fit it, and past the second age it refuses nothing. */
const REFRESH_MS = 15 * 60_000;
const TRUSTED_MS = 60 * 60_000;
/** Most platforms give up on an answer after 5 s. */
const TEMPLATES_MS = 2_500;
/** Sends that wait for a list at the same time; one more passes. */
const MAX_WAITING = 500;

/**
 * Refuses at intake what its template cannot take, and nothing that Vonage would accept: what is not known for
 * sure passes (docs/decisions/0008).
 */
export function createPreflight({ catalog, now, timers, log }: PreflightPorts): Preflight {
  let waiting = 0;

  return (message, templatesMs = TEMPLATES_MS) => {
    if (message.channel !== "whatsapp" || message.content.type !== "template") return;
    const entry = catalog.entry(message.from);
    if (!entry || entry.templates.length === 0) return;
    const { template } = message.content;
    const verdict = entry.index.check(template);
    if (verdict.kind === "match") return;
    return verdict.kind === "missing"
      ? refuseIfStillMissing(message, template, templatesMs)
      : refuseIfFresh(message, template, entry, verdict, templatesMs);
  };

  /** It may have been created or approved after the list was fetched: only a list begun after this send counts. */
  async function refuseIfStillMissing(
    message: OutboundMessage,
    template: Template,
    templatesMs: number,
  ): Promise<void> {
    if (waiting >= MAX_WAITING) return;
    waiting++;
    try {
      const entry = await within(templatesMs, catalog.fetchSince(message.from, message.acceptedAt));
      if (entry && entry.templates.length > 0) refuse(entry.index.check(template));
    } finally {
      waiting--;
    }
  }

  /** A list that another replica fetched since may have the template as the send expects it. */
  async function refuseIfFresh(
    message: OutboundMessage,
    template: Template,
    entry: Entry,
    verdict: Verdict,
    templatesMs: number,
  ): Promise<void> {
    const newer = await within(templatesMs, catalog.reload(message.from));
    const current = newer && newer.startedAt > entry.startedAt ? newer : entry;
    const age = now() - current.startedAt;
    if (age > REFRESH_MS) catalog.fetchSince(message.from, message.acceptedAt).catch(() => undefined);
    if (age > TRUSTED_MS) return;
    if (current === entry) return refuse(verdict);
    const again = current.index.check(template);
    return again.kind === "missing" ? refuseIfStillMissing(message, template, templatesMs) : refuse(again);
  }

  /** Undefined when it does not come in time or fails; the work itself goes on. */
  async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(work, ms, "The list did not come in time", timers);
    } catch (error) {
      log.debug(loggableError(error), "Preflight goes without a fresh list");
      return undefined;
    }
  }
}

export const FAULT_CODES = { mismatch: "invalid_template", missing: "missing_template" } as const;

function refuse(verdict: Verdict): void {
  if (verdict.kind !== "match")
    throw new ConnectorError(FAULT_CODES[verdict.kind], verdict.faults.join("; "));
}
