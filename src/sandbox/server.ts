import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SandboxRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  raw: IncomingMessage;
  /** The raw body, read when first asked for. */
  read(): Promise<Buffer>;
}

export interface Answer {
  status: number;
  /** A string or Buffer goes out as it is, anything else as JSON, undefined as an empty body. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Told once whether the whole answer could be written before the caller hung up. */
  done?: (written: boolean) => void;
}

/** `hang` never answers; `reset` destroys the connection. */
export type Reply = Answer | "hang" | "reset";
export type Handler = (request: SandboxRequest) => Reply | Promise<Reply>;

export interface SandboxServer {
  url: string;
  /** Closes the port and every connection, answered or not. */
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

async function readAll(raw: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error("body is larger than the sandbox reads");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function toRequest(raw: IncomingMessage): SandboxRequest {
  // A proxy client sends the absolute form; URL understands both.
  const url = new URL(raw.url ?? "/", `http://${raw.headers.host ?? "localhost"}`);
  let body: Promise<Buffer> | undefined;
  return {
    method: raw.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: raw.headers,
    raw,
    read() {
      body ??= readAll(raw);
      return body;
    },
  };
}

function write(response: ServerResponse, answer: Answer): void {
  const { status, body, headers = {}, done } = answer;
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  const payload = body === undefined ? "" : isRaw ? body : JSON.stringify(body);
  const type: Record<string, string> =
    body === undefined || isRaw ? {} : { "content-type": "application/json" };
  if (done !== undefined) response.once("close", () => done(response.writableFinished));
  response.writeHead(status, { ...type, ...headers });
  response.end(payload);
}

/** Starts a server on loopback (port 0: any free port); a handler that throws answers 500 and is shown on stderr. */
export async function serve(port: number, handler: Handler): Promise<SandboxServer> {
  const server = createServer((raw, response) => {
    Promise.resolve(toRequest(raw))
      .then(handler)
      .catch((error: unknown): Reply => {
        // A caller that hung up half-way is no fault of the fake.
        if (!raw.destroyed) console.error("sandbox: a handler failed:", error);
        return { status: 500, body: { message: "the fake itself failed" } };
      })
      .then((reply) => {
        if (reply === "hang") return;
        if (reply === "reset") raw.socket.destroy();
        else write(response, reply);
      })
      .catch((error: unknown) => console.error("sandbox: an answer could not be written:", error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** The JSON of a body, or undefined when it is not JSON (no JSON text parses to undefined). */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** True when the request says that its body is JSON. */
export function saysJson(request: SandboxRequest): boolean {
  return /^application\/json\b/i.test(request.headers["content-type"] ?? "");
}
