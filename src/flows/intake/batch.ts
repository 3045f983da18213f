import { OUTBOX_MS } from "../../core/job.ts";
import type { Channel, OutboundMessage } from "../../core/message.ts";
import type { JobQueue } from "../../core/ports.ts";
import { failedReport } from "../../core/report.ts";
import { asConnectorError } from "../../lib/errors.ts";
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
 * be; a platform need not read the answer, so that those which can never be are reported failed as well. Rejects when
 * none of them can be, and, retryable, when one may be later: those that were accepted are recognised by their ids when
 * the request comes again.
 */
export type AcceptBatch = (parts: readonly unknown[], batch: Batch) => Promise<BatchOutcome[]>;

export function createAcceptBatch(accept: Accept, queue: JobQueue, now: Clock): AcceptBatch {
  async function outcomeOf(part: unknown, { convert, idOf, templatesMs }: Batch): Promise<BatchOutcome> {
    try {
      const message = await convert(part);
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
    const outcomes = await Promise.all(parts.map((part) => outcomeOf(part, batch)));
    const errors = outcomes.flatMap(({ error }) => error ?? []);
    const later = errors.find(({ retryable }) => retryable);
    const failure = later ?? (errors.length === outcomes.length ? errors[0] : undefined);
    if (failure) throw failure;
    await Promise.all(outcomes.map((outcome) => reportFailed(outcome, batch)));
    return outcomes;
  };
}
