import { Agent, request } from "undici";

/** What became of a request: a status, or how it failed. `refused` means that no byte was sent. */
export interface Outcome {
  status?: number;
  failure?: "refused" | "timeout" | "broken";
  body: string;
}

export interface Poster {
  post(
    url: string,
    options: { headers: Record<string, string>; body: string; timeoutMs: number },
  ): Promise<Outcome>;
  close(): Promise<void>;
}

const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** POSTs over a keep-alive pool of at most this many connections per host; never throws. */
export function createPoster(connections: number): Poster {
  const dispatcher = new Agent({ connections, headersTimeout: 0, bodyTimeout: 0 });
  return {
    async post(url, { headers, body, timeoutMs }) {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), timeoutMs);
      try {
        const answer = await request(url, {
          dispatcher,
          method: "POST",
          headers,
          body,
          signal: deadline.signal,
        });
        return { status: answer.statusCode, body: await answer.body.text() };
      } catch (error) {
        const code = String((error as { code?: unknown }).code);
        if (deadline.signal.aborted) return { failure: "timeout", body: "" };
        return { failure: NEVER_CONNECTED.has(code) ? "refused" : "broken", body: code };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => dispatcher.destroy(),
  };
}
