import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher } from "undici";
import { ConnectorError } from "./errors.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS";
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

/** What opens connections and says how far an exchange has come. */
export type Sockets = Pick<Agent, "dispatch"> & { destroy(): Promise<void> };

export interface HttpClientOptions {
  lookup?: LookupFunction | undefined;
  runtime?: Runtime;
  /** Real ones by default. */
  sockets?: Sockets;
}

/** Opened by the first request: what it takes is loaded then, and a start goes without. */
function openSockets(connections: number, lookup?: LookupFunction): Sockets {
  let agent: Agent | undefined;
  const open = () =>
    new Agent({
      connections,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(lookup ? { lookup } : {}) },
      maxResponseSize: MAX_RESPONSE_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  return {
    dispatch(request, handler) {
      agent ??= open();
      return agent.dispatch(request, handler);
    },
    destroy: async () => agent?.destroy(),
  };
}

/**
 * A transport with at most `connections` sockets to each neighbour. `lookup` resolves host names; an address written
 * out in the configuration is meant as it stands.
 */
export function createHttpClient(
  connections: number,
  {
    lookup,
    runtime = systemRuntime,
    sockets: agent = openSockets(connections, lookup),
  }: HttpClientOptions = {},
): HttpClient {
  let inFlight = 0;
  let whenIdle: (() => void)[] = [];

  function ended(): void {
    if (--inFlight > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  }

  function send(
    { method, url, headers, body, deadlineMs }: HttpRequest,
    resolve: (response: HttpResponse) => void,
    reject: (error: ConnectorError) => void,
  ): void {
    // From here on bytes may be out. Before it, whatever failed: the lookup, the connection, the TLS handshake or
    // the wait for a socket.
    let started: Dispatcher.DispatchController | undefined;
    let isExpired = false;
    const timer = runtime.setTimeout(() => {
      isExpired = true;
      const cause = new DOMException("The deadline has passed", "TimeoutError");
      if (started) started.abort(cause);
      else fail(cause);
    }, deadlineMs);
    timer.unref();
    let isOver = false;
    function fail(cause: unknown): void {
      if (isOver) return;
      isOver = true;
      runtime.clearTimeout(timer);
      ended();
      reject(failure(cause, started !== undefined));
    }

    let [status, answered]: [number, HttpResponse["headers"]] = [0, {}];
    const chunks: Buffer[] = [];
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        // Thrown and not aborted: the socket is in order, and the next in line can have it.
        if (isExpired) throw new Error("The deadline has passed");
        started = controller;
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        answered = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        isOver = true;
        runtime.clearTimeout(timer);
        ended();
        resolve({ status, headers: answered, text: textOf(chunks) });
      },
      onResponseError: (_controller, cause) => fail(cause),
    };
    try {
      const { origin, path } = targetOf(url);
      agent.dispatch({ origin, path, method, headers, body }, handler);
    } catch (cause) {
      fail(cause);
    }
  }

  async function drained(): Promise<void> {
    do {
      if (inFlight > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      // What waited for a call in flight to share the next one leaves now.
      await new Promise<void>((resolve) => runtime.setImmediate(resolve));
    } while (inFlight > 0);
  }

  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        inFlight++;
        send(request, resolve, reject);
      }),
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

/** The few addresses that are called again and again; taking one apart costs 2 µs. */
const targets = new Map<string, { origin: string; path: string }>();
const MOST_TARGETS = 200;

function targetOf(url: string): { origin: string; path: string } {
  const known = targets.get(url);
  if (known) return known;
  const { origin, pathname, search } = new URL(url);
  const target = { origin, path: pathname + search };
  if (targets.size >= MOST_TARGETS) targets.clear();
  targets.set(url, target);
  return target;
}

/** UTF-8, without the mark that some put before it. */
function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  if (!first) return "";
  const text = (chunks.length === 1 ? first : Buffer.concat(chunks)).toString("utf8");
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

const BYTE_ORDER_MARK = 0xfeff;

function failure(cause: unknown, isStarted: boolean): ConnectorError {
  const { name, code } = cause as { name?: string; code?: string };
  const reason = code !== undefined && typeof code === "string" ? code : (name ?? "unknown");
  const options = { retryable: true, detail: { reason } };
  return isStarted
    ? new ConnectorError("no_answer", "No answer arrived in time", options)
    : new ConnectorError("not_sent", "The request did not leave", options);
}
