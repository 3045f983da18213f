import { ConnectorError } from "../lib/errors.ts";
import { isWebPage } from "../lib/http.ts";
import type { HttpClient } from "../lib/http-client.ts";

/**
 * Posts JSON and resolves to the HTTP status. Rejects, retryable, when there was none within 5 s or `deadlineMs`,
 * and when a web page says that all is well: it is not the platform that says so.
 */
export type Post = (
  url: string,
  body: object,
  headers?: Record<string, string>,
  deadlineMs?: number,
) => Promise<number>;

/** Platforms give up on a provider after about 5 s; the same patience is kept with them. */
export const DEADLINE_MS = 5_000;

/** Refused for good: the same body would be refused again. Everything else may pass later. */
const FINAL = new Set([400, 413, 422]);

/** `statusIn` finds the status of an answer that says in words, and not by its own status, that nothing was taken. */
export function createPost(
  httpClient: HttpClient,
  statusIn: (text: string) => number | undefined = () => undefined,
): Post {
  return async (url, body, headers = {}, deadlineMs = DEADLINE_MS) => {
    const { status, text } = await httpClient.request({
      method: "POST",
      url,
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      deadlineMs: Math.min(deadlineMs, DEADLINE_MS),
    });
    if (status >= 200 && status < 300 && isWebPage(text)) {
      throw new ConnectorError("platform_garbled", "Something else answered in place of the platform", {
        retryable: true,
        detail: { status },
      });
    }
    return status < 300 ? (statusIn(text) ?? status) : status;
  };
}

/**
 * Posts one callback to the platform of that name. Any 2xx is acceptance, unless it is a web page.
 * Rejects with ConnectorError `platform_refused` (final) or `platform_unavailable` (retryable); for a platform that
 * counts a repeat as another, with `platform_unanswered` (retryable, late) when it may have taken it.
 */
export async function postCallback(
  platform: string,
  post: Post,
  url: string,
  body: object,
  { headers, countsRepeats = false }: { headers?: Record<string, string>; countsRepeats?: boolean } = {},
): Promise<void> {
  const unavailable = (mayHaveIt: boolean, detail: ConnectorError["detail"]) =>
    new ConnectorError(
      mayHaveIt && countsRepeats ? "platform_unanswered" : "platform_unavailable",
      `${platform} could not take the callback`,
      { retryable: true, detail },
    );
  const status = await post(url, body, headers).catch((error: ConnectorError) => {
    throw unavailable(error.code !== "not_sent", { reason: error.detail["reason"] ?? error.code });
  });
  if (status >= 200 && status < 300) return;
  if (FINAL.has(status)) {
    throw new ConnectorError("platform_refused", `${platform} refused the callback with HTTP ${status}`, {
      detail: { status },
    });
  }
  throw unavailable(status >= 500, { status });
}
