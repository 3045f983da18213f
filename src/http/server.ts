import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Express } from "express";
import { ConnectorError } from "../lib/errors.ts";
import { type Runtime, systemRuntime } from "../lib/runtime.ts";
import { boundConnections, byHand } from "./connections.ts";
import type { RefusalLog } from "./refusals.ts";

export interface RunningServer {
  port: number;
  /** Accepts no new request, waits for those being answered, at most `graceMs`, and then closes every socket. */
  stop(graceMs: number): Promise<void>;
}

/** A request has this long to arrive whole, so that a trickle of bytes does not occupy a socket. */
const REQUEST_TIMEOUT_MS = 20_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the proxies in front keep their sockets, so that it is they who close first. */
const KEEP_ALIVE_MS = 65_000;
const SWEEP_MS = 5;
/** Many times what is open at 3,333 requests a second while all is well; an idle one takes about 10 KB. */
const MOST_CONNECTIONS = 8_192;

export interface ListenOptions {
  runtime?: Runtime;
  /** Hears of what is refused before a request has come about. */
  refused?: RefusalLog["refused"];
  /** Hears of every connection. */
  connected?: () => void;
  mostConnections?: number;
}

/** Listens on all interfaces. Rejects when the port cannot be had. */
export async function listen(
  app: Express,
  port: number,
  {
    runtime = systemRuntime,
    refused = () => undefined,
    connected = () => undefined,
    mostConnections = MOST_CONNECTIONS,
  }: ListenOptions = {},
): Promise<RunningServer> {
  const server = createServer(
    {
      ...expressClasses(app),
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2_000,
    },
    app,
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => refuse(error, socket, refused));
  boundConnections(server, mostConnections, {
    runtime,
    refused() {
      const error = new ConnectorError("overloaded", "Too many connections are open", { retryable: true });
      refused({ path: "" }, { what: "Connection refused", error, status: 503 });
    },
  });
  server.on("connection", connected);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: (graceMs) => stop(server, graceMs, runtime) };
}

/**
 * What Node answers where no request came about. Its own 408 for one that arrives too slowly would make Vonage drop
 * a webhook for good; 503 makes it come again.
 */
const REFUSALS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: "503 Service Unavailable",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

function refuse({ code = "" }: NodeJS.ErrnoException, socket: Duplex, refused: RefusalLog["refused"]): void {
  if (code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer = REFUSALS[code] ?? "400 Bad Request";
  const error = new ConnectorError("unreadable", "No request could be read", { detail: { reason: code } });
  refused({ path: "" }, { what: "Request refused", error, status: Number.parseInt(answer, 10) });
  socket.end(byHand(answer));
}

/**
 * Express gives every request and response its own prototypes, which costs V8 its optimisations; there is nothing to
 * swap when they are born with them. Classes, since V8 makes their objects as fast as Node's own.
 */
function expressClasses(app: Express) {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse<ExpressRequest> {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype as Express["request"];
  app.response = ExpressResponse.prototype as unknown as Express["response"];
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}

async function stop(server: Server, graceMs: number, runtime: Runtime): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Whoever has a socket open goes on using it, unless the answer says that it is the last.
  server.prependListener("request", (_req, res) => res.setHeader("connection", "close"));
  // A socket kept alive becomes idle only once its last answer is out.
  const sweep = runtime.setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = runtime.setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  runtime.clearInterval(sweep);
  runtime.clearTimeout(timer);
}
