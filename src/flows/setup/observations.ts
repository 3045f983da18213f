import type { ErrorCode } from "../../lib/errors.ts";
import type { Clock } from "../../lib/runtime.ts";

/** When something was last seen, in milliseconds since the epoch. */
export interface Seen {
  at: number;
  /** The path that was asked for, as a log may have it. */
  path: string;
}

/** How a platform took the last report. */
export interface ReportOutcome {
  at: number;
  /** Undefined when it took it. */
  error?: { code: ErrorCode; message: string; status: number | undefined };
}

/** What this process has seen since it started: enough to tell what is set up wrongly. */
export interface Observations {
  refused(code: ErrorCode, path: string): void;
  /** A webhook with a good signature. */
  webhook(): void;
  /** A platform's profile took an opt-out or opt-in, or refused it, with what to do. */
  profile(platform: string, remedy?: string): void;
  report(tag: string, error?: ReportOutcome["error"]): void;
  lastRefused(code: ErrorCode): Seen | undefined;
  lastWebhook(): number | undefined;
  /** The last of each platform. */
  lastProfiles(): { platform: string; at: number; remedy: string | undefined }[];
  lastReport(tag: string): ReportOutcome | undefined;
}

/** Strangers try all sorts of addresses: what they ask for must not hide what a platform does wrong. */
const NEAR_OURS = /^\/($|webhooks|sync|\w+\/(whatsapp|sms))/;
const isOfPlatforms = (code: ErrorCode, path: string) =>
  code === "unauthorized" ? !/^\/console\b/i.test(path) : code !== "not_found" || NEAR_OURS.test(path);

export function createObservations(now: Clock): Observations {
  const refusals = new Map<ErrorCode, Seen>();
  const reports = new Map<string, ReportOutcome>();
  const profiles = new Map<string, { platform: string; at: number; remedy: string | undefined }>();
  let webhookAt: number | undefined;
  return {
    refused(code, path) {
      if (isOfPlatforms(code, path)) refusals.set(code, { at: now(), path });
    },
    webhook() {
      webhookAt = now();
    },
    report: (tag, error) => void reports.set(tag, { at: now(), ...(error ? { error } : {}) }),
    profile: (platform, remedy) => void profiles.set(platform, { platform, at: now(), remedy }),
    lastProfiles: () => [...profiles.values()],
    lastRefused: (code) => refusals.get(code),
    lastWebhook: () => webhookAt,
    lastReport: (tag) => reports.get(tag),
  };
}
