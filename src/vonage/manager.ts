import { basicAuth } from "../lib/basic-auth.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { HttpClient, HttpResponse } from "../lib/http-client.ts";
import type { Clock } from "../lib/runtime.ts";
import type { Token } from "./client.ts";

export interface ManagerSettings {
  apiHost: string;
  accountId: string;
  accountSecret: string;
}

export interface Manager {
  /** The JSON behind a path of the API host. Rejects with a ConnectorError in words once `deadline` has passed. */
  get(path: string, what: string, deadline: number): Promise<unknown>;
}

/** One call; a page that takes longer will not come. */
const CALL_MS = 8_000;
const BACKOFF_MS = { first: 500, most: 4_000 };

/** The regional hosts serve messages; what manages accounts is served by the main one alone. */
const mainHost = (apiHost: string) =>
  apiHost.replace(/^https:\/\/api-\w+\.nexmo\.com$/, "https://api.nexmo.com");

/**
 * Reads from Vonage's management APIs: retried on 429, 5xx and lost connections until the deadline; with the
 * application's token first and the account's key and secret where the token is not taken.
 */
export function createManager(
  settings: ManagerSettings,
  httpClient: HttpClient,
  token: Token,
  now: Clock,
  pause: (ms: number) => Promise<void>,
): Manager {
  const host = mainHost(settings.apiHost);
  const basic = basicAuth(settings.accountId, settings.accountSecret);
  const schemes = [() => `Bearer ${token.current()}`, () => basic];
  /** Which scheme was taken last. */
  let preferred = 0;

  const call = (path: string, scheme: number, deadline: number) =>
    httpClient.request({
      method: "GET",
      url: `${host}${path}`,
      headers: { accept: "application/json", authorization: schemes[scheme]?.() ?? basic },
      deadlineMs: Math.max(1, Math.min(CALL_MS, deadline - now())),
    });

  async function authorized(path: string, deadline: number): Promise<HttpResponse> {
    const first = await call(path, preferred, deadline);
    if (first.status !== 401 && first.status !== 403) return first;
    const other = 1 - preferred;
    const second = await call(path, other, deadline);
    if (second.status >= 200 && second.status < 300) preferred = other;
    // Where neither is taken, the first answer says why.
    return second.status === 401 || second.status === 403 ? first : second;
  }

  return {
    async get(path, what, deadline) {
      for (let wait = BACKOFF_MS.first; ; wait = Math.min(wait * 2, BACKOFF_MS.most)) {
        const outcome = await authorized(path, deadline).catch((error: ConnectorError) => error);
        if (!(outcome instanceof ConnectorError)) {
          const { status, text } = outcome;
          if (status >= 200 && status < 300) return parsed(text, what);
          if (status !== 429 && status < 500) throw refused(what, status);
        }
        const delay = Math.max(wait, retryAfterMs(outcome));
        if (now() + delay >= deadline) throw unavailable(what, outcome);
        await pause(delay);
      }
    },
  };
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(what);
  }
}

function retryAfterMs(outcome: HttpResponse | ConnectorError): number {
  const header = outcome instanceof ConnectorError ? undefined : outcome.headers["retry-after"];
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}

/** Vonage answered with something that is not what its API promises. */
export const malformed = (what: string) =>
  new ConnectorError("templates_malformed", `Vonage's answer about ${what} is not understood`, {
    httpStatus: 502,
  });

const refused = (what: string, status: number) =>
  new ConnectorError(
    "templates_refused",
    `Vonage refuses to tell ${what} (HTTP ${status}): check that WABA_ID, the application and the API key belong to the same Vonage account`,
    { httpStatus: 502, detail: { status } },
  );

function unavailable(what: string, outcome: HttpResponse | ConnectorError): ConnectorError {
  if (!(outcome instanceof ConnectorError)) {
    return new ConnectorError(
      "templates_unavailable",
      `Vonage does not tell ${what} now (HTTP ${outcome.status}): try again in some minutes`,
      { retryable: true, detail: { status: outcome.status } },
    );
  }
  const isLate = outcome.code === "no_answer";
  return new ConnectorError(
    isLate ? "templates_late" : "templates_unavailable",
    `Vonage ${isLate ? "did not tell" : "could not be reached to tell"} ${what} in time: try again in some minutes`,
    { retryable: true, httpStatus: isLate ? 504 : 503, detail: outcome.detail },
  );
}
