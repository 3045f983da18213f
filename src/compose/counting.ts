import type { Channel } from "../core/message.ts";
import type { DeliveryReport } from "../core/report.ts";
import { createLately } from "../flows/insight/lately.ts";
import type { MessageEnd, Recorder } from "../flows/insight/recorder.ts";
import type { ReportOutcome } from "../flows/status/report.ts";
import type { NotAccepted } from "../http/routes/intake.ts";
import type { Clock } from "../lib/runtime.ts";
import type { Metrics } from "./metrics.ts";

type OwnerOf = (tag: string) => { platform: string; channel: Channel } | undefined;

/** A request is refused by transport when nothing of it was understood. */
const BY_TRANSPORT = new Set([
  ...["unauthorized", "unsupported_media_type", "too_large", "empty_body", "not_json", "unreadable"],
]);

/** Signed, and not with a secret that is configured, or not for this account. */
const NOT_BELIEVED = new Set(["signature_mismatch", "other_account", "wrong_time"]);

/** What platforms do with a request that is answered so. */
const isRepeated = (status: number) => status === 429 || status >= 500;

const UNKNOWN = { platform: "unknown", channel: "unknown" };

/** Counts what happens, for whoever scrapes, beside what the recorder counts for the pages. */
export function createCounting(metrics: Metrics, ownerOf: OwnerOf, now: Clock) {
  const owners = new Map<string, { platform: string; channel: string }>();
  function owner(tag: string): { platform: string; channel: string } {
    const known = owners.get(tag);
    if (known) return known;
    const found = ownerOf(tag) ?? UNKNOWN;
    owners.set(tag, found);
    return found;
  }
  const [credentials, signatures] = [createLately(now), createLately(now)];

  return {
    refusedLately: () => ({ credentials: credentials.count(), signatures: signatures.count() }),

    ended({ tag, outcome, code }: MessageEnd): void {
      if (outcome === "failed") metrics.failures.inc(owner(tag).channel, code ?? "unknown");
    },

    reported({ origin, status, at }: DeliveryReport, outcome: ReportOutcome | "not_taken"): void {
      const { platform, channel } = owner(origin);
      metrics.reports.inc(platform, channel, status, outcome);
      if (outcome === "posted") metrics.reportDelay.observe(Math.max(0, now() - at) / 1_000);
    },

    webhookRefused(path: string, reason: string): void {
      const [, route] = path.match(/^\/webhooks\/(status|inbound|passed-message-status)\/?$/) ?? [];
      if (route !== undefined && NOT_BELIEVED.has(reason)) signatures.happened();
      if (route !== undefined) metrics.webhooksRefused.inc(route === "inbound" ? route : "status", reason);
    },

    recorder: (recorder: Recorder): Recorder => ({
      ...recorder,
      accepted(message) {
        const { platform, channel } = owner(message.origin);
        metrics.requests.inc(platform, channel, "accepted", "");
        metrics.accepted.inc(platform, channel);
        recorder.accepted(message);
      },
      notSent(message, code, attempt) {
        const { platform, channel } = owner(message.origin);
        if (code === "opted_out") metrics.suppressed.inc(platform, channel);
        recorder.notSent(message, code, attempt);
      },
      status(status) {
        metrics.statuses.inc(owner(status.origin).channel, status.status);
        recorder.status(status);
      },
    }),

    /**
     * A stranger's request is nobody's message. Nor is one that was turned away unread, to be repeated: nobody could
     * tell that it was taken then.
     */
    notAccepted(recorder: Recorder): (send: NotAccepted) => void {
      return ({ status, hasCredentials, ...send }) => {
        const { platform, channel } = owner(send.tag);
        const code = BY_TRANSPORT.has(send.code) ? String(status) : send.code;
        metrics.requests.inc(platform, channel, "refused", code);
        // What looks around on the internet presents none: no platform's are wrong then.
        if (send.code === "unauthorized" && hasCredentials) credentials.happened();
        if (send.code === "unauthorized") return;
        if (send.id !== undefined || send.message || !isRepeated(status)) recorder.refused(send);
      };
    },
  };
}
