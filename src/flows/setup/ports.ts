import type { SetupCheck, StatusAnswer } from "../../core/insight.ts";
import type { Channel } from "../../core/message.ts";
import type { Clock } from "../../lib/runtime.ts";
import type { Entry } from "../templates/catalog.ts";
import type { Finding, Probe } from "./check.ts";
import type { Observations } from "./observations.ts";

export interface SetupFacts {
  publicUrl: string | undefined;
  /** Webhooks come through the VCR callback router. */
  listeners: boolean;
  hasConsolePassword: boolean;
  /** The platform presents credentials of its own, not the account's. */
  hasOwnCredentials: boolean;
  whatsappNumbers: readonly string[];
  smsSender: string | undefined;
  ratePerSecond: number;
  messageTtlSeconds: number;
  channels: readonly { tag: string; name: string; channel: Channel; path: string }[];
  /** Sentences of what is off. */
  notes: readonly string[];
  /** What only a platform can say of its own settings. */
  ofPlatforms: readonly SetupCheck[];
}

/** As Vonage's Applications API answers; `status` is 200, 401 or 404. */
export interface ApplicationLook {
  status: number;
  /** Of Vonage's clock; NaN where it does not tell. */
  at: number;
  /** Whether our private key belongs to it; undefined where Vonage does not show its public key. */
  keyFits: boolean | undefined;
  urls: readonly { key: string; label: string; expected: string; found: string; isRight: boolean }[];
}

export interface SetupPorts {
  facts: SetupFacts;
  application(): Promise<ApplicationLook>;
  /** Asks for a path from outside what it takes; changes nothing. Resolves to the status, and whether it was us who answered. */
  reach(path: string): Promise<{ status: number; isOurs: boolean }>;
  templates(number: string): Promise<Entry>;
  queues(): Promise<ReadonlyMap<string, "running" | "paused" | "absent">>;
  status(): Promise<StatusAnswer>;
  /** When State was found to be emptied, in milliseconds since the epoch; 0 if never. */
  emptiedAt(scope: "account" | "instance"): number;
  seen: Pick<Observations, "lastRefused" | "lastWebhook" | "lastReport" | "lastProfiles">;
  now: Clock;
}

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

export const good = (found: string, advice = ""): Finding => ({ ok: true, found, remedy: advice });
export const wrong = (found: string, remedy: string): Finding => ({ ok: false, found, remedy });
export const unknown = (found: string, remedy = ""): Finding => ({ ok: null, found, remedy });

export const minutesAgo = (at: number, now: number) => {
  const minutes = Math.round((now - at) / MINUTE_MS);
  return minutes < 1 ? "just now" : minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
};

/** An address that platforms, Vonage or people call must be let through to us. */
export const pathProbe = (path: string, title: string, { facts, reach }: SetupPorts): Probe => ({
  ...{ id: `path-${path.replace(/[^a-z]+/g, "-").replace(/^-|-$/g, "") || "root"}`, title },
  async look() {
    if (!facts.publicUrl) return unknown("This instance does not know its own address");
    const { status, isOurs } = await reach(path);
    if (isOurs) return good(`${facts.publicUrl}${path} is public`);
    return [401, 403, 404].includes(status)
      ? wrong(
          `${path} is not let through to the connector: the answer from outside is ${status}`,
          "Make the path public in vcr.yml, section security, and deploy again",
        )
      : unknown(`${path} was answered ${status} on its way`);
  },
});
