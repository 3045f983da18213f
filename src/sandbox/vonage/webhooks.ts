import { createHash, createSecretKey, randomUUID } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import { signJwt } from "../jwt.ts";
import type { SandboxNetwork } from "../network.ts";
import type { Random } from "../random.ts";

/** `unsigned-first` is sent without a token once, as Vonage says may happen, and signed when it is retried. */
export type Signing = "good" | "unsigned-first" | "wrong";

/** https://api.support.vonage.com/hc/en-us/articles/360028543292 */
export const RETRY = { firstMs: 5_000, maxMs: 15 * 60_000, horizonMs: 24 * 3_600_000, timeoutMs: 15_000 };

export interface WebhookRecord {
  kind: "status" | "inbound";
  url: string;
  body: Record<string, unknown>;
  /** `at` is when it was due, `ms` how long the answer took from when there was a connection for it. */
  attempts: { at: number; ms: number; status?: number; failure?: string }[];
  /** `lost`: answered so that Vonage does not try again; `dropped`: not taken within the 24 hours. */
  outcome: "pending" | "delivered" | "lost" | "dropped";
}

export interface Webhooks {
  send(kind: WebhookRecord["kind"], url: string, body: object, signing?: Signing): WebhookRecord;
  records: WebhookRecord[];
  pending(): number;
  stop(): Promise<void>;
}

/** The bearer token of a webhook; the defaults are what Vonage puts in, `overrides` are for forgeries. */
export function signWebhook(
  credentials: Pick<Credentials, "accountId" | "applicationId" | "signatureSecret">,
  rawBody: string | Buffer,
  overrides: Record<string, unknown> = {},
): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    iss: "Vonage",
    payload_hash: createHash("sha256").update(rawBody).digest("hex"),
    api_key: credentials.accountId,
    application_id: credentials.applicationId,
    ...overrides,
  };
  return signJwt("HS256", claims, createSecretKey(Buffer.from(credentials.signatureSecret)));
}

export function createWebhooks(options: {
  credentials: Credentials;
  random: Random;
  /** Multiplies the waits between attempts and the horizon, not the time a receiver has for its answer. */
  timeScale: number;
  timeoutMs: number;
  network: SandboxNetwork;
}): Webhooks {
  const { credentials, random, timeScale, timeoutMs } = options;
  const poster = options.network.createPoster(256);
  const records: WebhookRecord[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let pending = 0;
  let stopped = false;

  const token = (raw: string, signing: Signing, attempt: number): string | undefined => {
    if (signing === "unsigned-first" && attempt === 0) return undefined;
    const signatureSecret = signing === "wrong" ? "not-the-secret" : credentials.signatureSecret;
    return signWebhook({ ...credentials, signatureSecret }, raw);
  };

  const settle = (record: WebhookRecord, outcome: WebhookRecord["outcome"]) => {
    record.outcome = outcome;
    pending -= 1;
  };

  const send: Webhooks["send"] = (kind, url, body, signing = "good") => {
    const raw = JSON.stringify(body);
    const record: WebhookRecord = { kind, url, body: JSON.parse(raw), attempts: [], outcome: "pending" };
    // Whether Vonage signs again for a retry is not documented, so one half of the events does.
    const signsAgain = random.chance(0.5);
    const dropAt = Date.now() + RETRY.horizonMs * timeScale;
    let bearer: string | undefined;
    records.push(record);
    pending += 1;

    const attempt = async (): Promise<void> => {
      const count = record.attempts.length;
      if (bearer === undefined || signsAgain) bearer = token(raw, signing, count);
      const headers: Record<string, string> = { "content-type": "application/json" };
      if (bearer !== undefined) headers["authorization"] = `Bearer ${bearer}`;
      const at = Date.now();
      const { status, failure, ms } = await poster.post(url, { headers, body: raw, timeoutMs });
      record.attempts.push({
        ...{ at, ms },
        ...(status === undefined ? {} : { status }),
        ...(failure === undefined ? {} : { failure }),
      });
      if (stopped) return;
      if (status !== undefined && status >= 200 && status < 300) return settle(record, "delivered");
      if (status !== undefined && status !== 429 && status < 500) return settle(record, "lost");
      const wait = Math.min(RETRY.firstMs * 2 ** count, RETRY.maxMs) * timeScale;
      if (Date.now() + wait > dropAt) return settle(record, "dropped");
      const timer = setTimeout(() => {
        timers.delete(timer);
        void attempt();
      }, wait);
      timers.add(timer);
    };
    void attempt();
    return record;
  };

  return {
    send,
    records,
    pending: () => pending,
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      return poster.close();
    },
  };
}
