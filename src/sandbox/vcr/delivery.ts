import { createPrivateKey, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../credentials.ts";
import { signJwt } from "../jwt.ts";
import type { SandboxNetwork } from "../network.ts";
import type { Callback } from "./contract.ts";

export interface Delivery {
  /** POSTs a job to one replica; true when it answered 2xx. */
  deliver(queue: string, callback: Callback, body: string): Promise<boolean>;
  setApps(urls: string[]): void;
  stop(): Promise<void>;
}

const TOKEN_SECONDS = 300;
const LOOK_AGAIN_MS = 100;

/**
 * Serves the replicas in turn. The platform routes to live replicas only, so one that refuses the connection is
 * skipped, and while none is reachable the delivery waits, up to `unreachableMs`.
 */
export function createDelivery(options: {
  credentials: Credentials;
  apps: string[];
  timeoutMs: number;
  unreachableMs: number;
  network: SandboxNetwork;
}): Delivery {
  const { credentials, timeoutMs, unreachableMs, network } = options;
  const key = createPrivateKey(credentials.privateKey);
  const poster = network.createPoster(256);
  const bases = (urls: string[]) => urls.map((url) => url.replace(/\/$/, ""));
  let apps = bases(options.apps);
  let served = 0;
  let stopped = false;
  let token = { text: "", until: 0 };

  const bearer = () => {
    const now = Math.floor(Date.now() / 1000);
    if (token.until - now < 20) {
      const claims = {
        api_application_id: credentials.applicationId,
        api_account_id: credentials.accountId,
        iat: now,
        jti: randomUUID(),
        exp: now + TOKEN_SECONDS,
      };
      token = { text: signJwt("RS256", claims, key), until: now + TOKEN_SECONDS };
    }
    return token.text;
  };

  return {
    async deliver(queue, callback, body) {
      const path = callback.path.replace(/^\/?/, "/");
      const headers = {
        "content-type": "application/json",
        "x-neru-sessionid": callback.sessionId,
        "x-neru-queue-name": queue,
        authorization: `Bearer ${bearer()}`,
      };
      const deadline = Date.now() + unreachableMs;
      while (!stopped) {
        const round = apps;
        for (let tried = 0; tried < round.length; tried += 1) {
          served += 1;
          const outcome = await poster.post(`${round[served % round.length]}${path}`, {
            headers,
            body,
            timeoutMs,
          });
          if (outcome.failure !== "refused")
            return (outcome.status ?? 500) >= 200 && (outcome.status ?? 500) < 300;
        }
        if (Date.now() >= deadline) return false;
        await sleep(LOOK_AGAIN_MS);
      }
      return false;
    },
    setApps(urls) {
      apps = bases(urls);
    },
    stop() {
      stopped = true;
      return poster.close();
    },
  };
}
