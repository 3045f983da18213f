import { OUTBOX_MS } from "../../core/job.ts";
import type { Channel, OutboundMessage } from "../../core/message.ts";
import type { JobQueue } from "../../core/ports.ts";
import { failedReport } from "../../core/report.ts";
import { asConnectorError, ConnectorError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { BatchOutcome } from "../../platforms/platform.ts";
import type { Accept } from "./accept.ts";

/** The messages of one request, by what their platform makes of them. */
export interface Batch {
  origin: string;
  channel: Channel;
  convert(part: unknown): OutboundMessage | Promise<OutboundMessage>;
  /** Of a part that becomes no message. */
  idOf(part: unknown): string | undefined;
  templatesMs: number;
}

/**
 * Takes the messages of one request in charge, each by itself. Resolves once every one of them is accepted or can never
 * be. Where some are accepted, those which can never be are reported failed as well: a platform need not read more of
 * the answer than that the request was taken. Rejects, retryable, when one may be accepted later: those that were
 * accepted are recognised by their ids when the request comes again.
 */
export type AcceptBatch = (parts: readonly unknown[], batch: Batch) => Promise<BatchOutcome[]>;

export function createAcceptBatch(accept: Accept, queue: JobQueue, now: Clock): AcceptBatch {
  /** `byId`: the first part with each id. */
  async function outcomeOf(
    part: unknown,
    byId: Map<string, unknown>,
    { convert, idOf, templatesMs }: Batch,
  ): Promise<BatchOutcome> {
    try {
      const message = await convert(part);
      const first = byId.get(message.id) ?? part;
      byId.set(message.id, first);
      // What is the same throughout is a repeat, and is recognised as one when it is sent.
      if (first !== part && JSON.stringify(first) !== JSON.stringify(part)) throw secondOfItsId();
      await accept(message, templatesMs);
      return { id: message.id };
    } catch (thrown) {
      return { id: idOf(part), error: asConnectorError(thrown) };
    }
  }

  async function reportFailed({ id, error }: BatchOutcome, { origin, channel }: Batch): Promise<void> {
    if (!error || id === undefined) return;
    const refusal = { code: error.code, description: error.message };
    const report = failedReport({ id, origin, channel, to: "" }, refusal, now());
    await queue.put({ kind: "report", attempt: 1, report, expiresAt: now() + OUTBOX_MS });
  }

  return async (parts, batch) => {
    const byId = new Map<string, unknown>();
    const outcomes = await Promise.all(parts.map((part) => outcomeOf(part, byId, batch)));
    const later = outcomes.find(({ error }) => error?.retryable);
    if (later) throw later.error;
    const accepted = new Set(outcomes.flatMap(({ id, error }) => (error ? [] : id)));
    // A report of an id that another message of the request has as well would be about that one.
    const told = outcomes.filter(({ id }) => !accepted.has(id));
    if (accepted.size > 0) await Promise.all(told.map((outcome) => reportFailed(outcome, batch)));
    return outcomes;
  };
}

const secondOfItsId = () =>
  new ConnectorError(
    "invalid_request",
    "id is that of another message of the same request, with other content: each message needs an id of its own",
  );
