import type { OutboundMessage } from "../../core/message.ts";
import type { State } from "../../core/ports.ts";
import type { DeliveryReport } from "../../core/report.ts";
import { DAY_MS, messageField, mismatchBucket } from "../../core/state-keys.ts";
import { loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Catalog } from "./catalog.ts";

/** Says what differs between a send and its template, for sends that the vendor refused because of it. */
export interface TemplateMismatches {
  /**
   * Compares at the moment of sending, and remembers what differs: a status has the send's content no longer.
   * Never rejects.
   */
  record(message: OutboundMessage): Promise<void>;
  /** The report with the difference in its description, when it is about a template and something differed. */
  explain(report: DeliveryReport): Promise<DeliveryReport>;
}

export function createTemplateMismatches(
  catalog: Pick<Catalog, "entry">,
  state: State,
  now: Clock,
  log: Log,
): TemplateMismatches {
  return {
    async record(message) {
      // A send is claimed by now: what fails here must not look like a send whose outcome nobody knows.
      try {
        if (message.channel !== "whatsapp" || message.content.type !== "template") return;
        const entry = catalog.entry(message.from);
        if (!entry || entry.templates.length === 0) return;
        const verdict = entry.index.check(message.content.template);
        if (verdict.kind === "match") return;
        const field = messageField(message.origin, message.id);
        await state.write(mismatchBucket(now()), field, verdict.faults.join("; "));
      } catch (error) {
        log.warn({ msg_id: message.id, ...loggableError(error) }, "Difference not remembered");
      }
    },
    async explain(report) {
      if (!report.error || report.reason !== "template") return report;
      const field = messageField(report.origin, report.id);
      const found = await Promise.all([
        state.read(mismatchBucket(now()), field),
        state.read(mismatchBucket(now() - DAY_MS), field),
      ]).catch(() => []);
      const difference = found.find((text) => text !== null);
      if (difference && report.error.description.includes(difference)) return report;
      log.warn(
        { msg_id: report.id, code: report.error.code, ...(difference ? { difference } : {}) },
        difference
          ? `Template refused by Vonage: ${difference}`
          : "Template refused by Vonage: no difference to the template is known",
      );
      if (!difference) return report;
      const { code, description } = report.error;
      return { ...report, error: { code, description: `${description}: ${difference}` } };
    },
  };
}
