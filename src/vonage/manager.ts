import { asConnectorError, ConnectorError } from "../lib/errors.ts";
import { basicAuth } from "../lib/http.ts";
import type { HttpClient, HttpResponse } from "../lib/http-client.ts";
import { exponential, retry } from "../lib/retry.ts";
import type { Clock, Pause } from "../lib/runtime.ts";
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
const backoff = exponential(500, 4_000);

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
  pause: Pause,
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
    get(path, what, deadline) {
      let askedToWait = 0;
      async function ask(): Promise<unknown> {
        askedToWait = 0;
        const { status, headers, text } = await authorized(path, deadline).catch((error) => {
          throw unreachable(what, asConnectorError(error));
        });
        if (status >= 200 && status < 300) return parsed(text, what);
        if (status !== 429 && status < 500) throw refused(what, status);
        askedToWait = retryAfterMs(headers);
        throw unavailable(what, status);
      }
      return retry(
        ask,
        (tries, error) => {
          const ms = Math.max(backoff(tries), askedToWait);
          return asConnectorError(error).retryable && now() + ms < deadline ? ms : undefined;
        },
        pause,
      );
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

function retryAfterMs(headers: HttpResponse["headers"]): number {
  const seconds = Number(headers["retry-after"]);
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

const unavailable = (what: string, status: number) =>
  new ConnectorError(
    "templates_unavailable",
    `Vonage does not tell ${what} now (HTTP ${status}): try again in some minutes`,
    { retryable: true, detail: { status } },
  );

function unreachable(what: string, { code, detail }: ConnectorError): ConnectorError {
  const isLate = code === "no_answer";
  return new ConnectorError(
    isLate ? "templates_late" : "templates_unavailable",
    `Vonage ${isLate ? "did not tell" : "could not be reached to tell"} ${what} in time: try again in some minutes`,
    { retryable: true, httpStatus: isLate ? 504 : 503, detail },
  );
}
