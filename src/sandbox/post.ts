import { Agent, request } from "undici";

/** What became of a request: a status, or how it failed. `refused` means that no byte was sent. */
export interface Outcome {
  status?: number;
  failure?: "refused" | "timeout" | "broken";
  body: string;
  /** From the moment there was a connection for it; the wait for one is the fake's own. */
  ms: number;
}

export interface Poster {
  post(
    url: string,
    options: { headers: Record<string, string>; body: string; timeoutMs: number },
  ): Promise<Outcome>;
  close(): Promise<void>;
}

const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** At most so many holders at a time; `acquire` resolves in the order of asking. */
function createSemaphore(most: number) {
  const line: (() => void)[] = [];
  let taken = 0;
  return {
    async acquire(): Promise<void> {
      if (taken >= most) await new Promise<void>((resolve) => line.push(resolve));
      else taken += 1;
    },
    release(): void {
      const next = line.shift();
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}

/**
 * POSTs over keep-alive connections, at most this many at a time; never throws. What waits for a connection has
 * not left yet, so that its clock starts after that.
 */
export function createPoster(connections: number): Poster {
  const dispatcher = new Agent({ connections, headersTimeout: 0, bodyTimeout: 0 });
  const semaphore = createSemaphore(connections);

  async function post(
    url: string,
    { headers, body, timeoutMs }: Parameters<Poster["post"]>[1],
  ): Promise<Omit<Outcome, "ms">> {
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
  }

  return {
    async post(url, options) {
      await semaphore.acquire();
      const leftAt = Date.now();
      try {
        return { ...(await post(url, options)), ms: Date.now() - leftAt };
      } finally {
        semaphore.release();
      }
    },
    close: () => dispatcher.destroy(),
  };
}
