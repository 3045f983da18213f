import { Agent } from "undici";
import { ConnectorError } from "./errors.ts";
import { PRIVATE_ADDRESS, publicLookup } from "./public-lookup.ts";
import { systemRuntime } from "./runtime.ts";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Milliseconds for the whole exchange, connecting included. */
  deadlineMs: number;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface HttpClient {
  /**
   * One exchange over pooled keep-alive sockets; redirects are not followed. Any HTTP status resolves.
   * Rejects with a retryable ConnectorError: `not_sent` when the request surely did not leave,
   * `no_answer` when it may have arrived.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 3_000;
const CLOSE_GRACE_MS = 500;
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

// Codes of failures before the first byte of the request could be written.
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UND_ERR_INVALID_ARG",
  PRIVATE_ADDRESS,
]);

/**
 * A transport with at most `connections` sockets to each neighbour. `publicAddressesOnly` refuses host names that
 * lead into a private network; an address written out in the configuration is meant as it stands.
 */
export function createHttpClient(
  connections: number,
  { publicAddressesOnly = false, runtime = systemRuntime } = {},
): HttpClient {
  const agent = new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(publicAddressesOnly ? { lookup: publicLookup } : {}) },
    maxResponseSize: MAX_RESPONSE_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const inFlight = new Set<Promise<HttpResponse>>();

  async function send({ method, url, headers, body, deadlineMs }: HttpRequest): Promise<HttpResponse> {
    const deadline = new AbortController();
    const expire = () => deadline.abort(new DOMException("The deadline has passed", "TimeoutError"));
    const timer = runtime.setTimeout(expire, deadlineMs);
    timer.unref();
    try {
      const { origin, pathname, search } = new URL(url);
      const response = await agent.request({
        origin,
        path: pathname + search,
        method,
        signal: deadline.signal,
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers, text };
    } catch (cause) {
      throw failure(cause);
    } finally {
      runtime.clearTimeout(timer);
    }
  }

  async function drained(): Promise<void> {
    do {
      await Promise.allSettled(inFlight);
      // What waited for a call in flight to share the next one leaves now.
      await new Promise<void>((resolve) => runtime.setImmediate(resolve));
    } while (inFlight.size > 0);
  }

  return {
    request(request) {
      const exchange = send(request);
      inFlight.add(exchange);
      const end = () => inFlight.delete(exchange);
      exchange.then(end, end);
      return exchange;
    },
    async close() {
      // Lets what is being written reach the other side, without waiting for one that hangs. Not `agent.close()`:
      // it forgets the sockets that `destroy` then has to end.
      const grace = new Promise<void>((resolve) => {
        runtime.setTimeout(resolve, CLOSE_GRACE_MS).unref();
      });
      await Promise.race([drained(), grace]);
      await agent.destroy();
    },
  };
}

function failure(cause: unknown): ConnectorError {
  const { name, code } = cause as { name?: string; code?: string };
  const reason = code !== undefined && typeof code === "string" ? code : (name ?? "unknown");
  return NOT_SENT.has(reason)
    ? new ConnectorError("not_sent", "The connection could not be opened", {
        retryable: true,
        detail: { reason },
      })
    : new ConnectorError("no_answer", "No answer arrived in time", { retryable: true, detail: { reason } });
}
