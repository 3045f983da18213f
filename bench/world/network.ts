import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import type { SandboxNetwork } from "../../src/sandbox/network.ts";
import type { Outcome, Poster } from "../../src/sandbox/post.ts";
import type { Answer, Handler, SandboxRequest, SandboxServer } from "../../src/sandbox/server.ts";

/**
 * The fakes' network, as cheap as it can be: HTTP/1.1 by hand over plain sockets, since Node's own server and undici
 * would make the world slower than what it measures. It understands what the three subjects say: bodies with a length
 * or in chunks, keep-alive, no pipelining.
 */
export const FAST_NETWORK: SandboxNetwork = { serve, createPoster };

const NOTHING: Buffer = Buffer.alloc(0);
const HEAD_END = Buffer.from("\r\n\r\n");

interface Parsed {
  first: string;
  headers: Record<string, string>;
  rawHeaders: string[];
  body: Buffer;
  /** How many bytes of the input it took. */
  bytes: number;
}

/** The first whole request or answer of the bytes, or undefined while some of it is still to come. */
export function parseHttp(bytes: Buffer): Parsed | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    headers[name.toLowerCase()] = value;
    rawHeaders.push(name, value);
  }
  const from = end + HEAD_END.length;
  const body =
    headers["transfer-encoding"] === "chunked"
      ? chunked(bytes, from)
      : ofLength(bytes, from, Number(headers["content-length"] ?? 0));
  return body && { first, headers, rawHeaders, ...body };
}

function ofLength(bytes: Buffer, from: number, length: number) {
  const to = from + length;
  return bytes.length < to ? undefined : { body: bytes.subarray(from, to), bytes: to };
}

function chunked(bytes: Buffer, from: number) {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), bytes: start + 2 };
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}

/** Calls `take` with each whole message that comes in on the socket. */
function read(socket: Socket, take: (message: Parsed) => void): void {
  let rest: Buffer = NOTHING;
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let message = parseHttp(rest); message; message = parseHttp(rest)) {
      rest = rest.subarray(message.bytes);
      take(message);
    }
  });
}

function toRequest({ first, headers, rawHeaders, body }: Parsed, socket: Socket): SandboxRequest {
  const [method = "", target = ""] = first.split(" ");
  const mark = target.indexOf("?");
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark)),
    headers: headers as IncomingHttpHeaders,
    raw: { url: target, rawHeaders, socket } as unknown as IncomingMessage,
    read: async () => body,
  };
}

function answerText({ status, body, headers }: Answer): string {
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  const text = body === undefined ? "" : isRaw ? String(body) : JSON.stringify(body);
  let head = `HTTP/1.1 ${status} -\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
  if (body !== undefined && !isRaw) head += "content-type: application/json\r\n";
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  return `${head}\r\n${text}`;
}

async function serve(port: number, handler: Handler): Promise<SandboxServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    read(socket, async (message) => {
      const reply = await handler(toRequest(message, socket));
      if (reply === "hang") return;
      if (reply === "reset") socket.destroy();
      else if (socket.writable) socket.write(answerText(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** The same, and what the subject uses of it: sockets by neighbour, and tokens that were signed. */
export function createCensus() {
  const sockets = new Map<string, Set<unknown>>();
  const tokens = new Set<string>();
  return {
    networkOf(neighbour: string): SandboxNetwork {
      const own = new Set<unknown>();
      sockets.set(neighbour, own);
      return {
        createPoster,
        serve: (port, handler) =>
          serve(port, (request) => {
            own.add(request.raw.socket);
            tokens.add(request.headers.authorization ?? "");
            return handler(request);
          }),
      };
    },
    counts: () => ({
      tokens: [...tokens].filter((token) => token.startsWith("Bearer ")).length,
      sockets: Object.fromEntries([...sockets].map(([neighbour, { size }]) => [neighbour, size])),
    }),
  };
}

interface Call {
  text: string;
  port: number;
  host: string;
  timeoutMs: number;
  done(outcome: Outcome): void;
}

/** How often calls that have waited for too long are looked for. */
const LOOK_MS = 100;

export interface FastPoster extends Poster {
  /** Opens all sockets to these addresses, an equal share to each. Resolves once they were taken. */
  warm(urls: readonly string[]): Promise<void>;
}

/** POSTs over keep-alive sockets, at most so many at a time; never throws. */
export function createPoster(connections: number): FastPoster {
  const free = new Map<number, Wire[]>();
  const busy = new Set<Wire>();
  let line: Call[] = [];
  let head = 0;
  const look = setInterval(() => {
    const now = performance.now();
    for (const wire of busy) if (now > wire.lateAt) wire.end("timeout");
  }, LOOK_MS);
  look.unref();

  type Wire = ReturnType<typeof open>;
  function open(port: number) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let call: Call | undefined;
    let startedAt = 0;
    let wasUsed = false;
    const finish = (outcome: Omit<Outcome, "ms">) => {
      const { done } = call as Call;
      call = undefined;
      busy.delete(wire);
      done({ ...outcome, ms: performance.now() - startedAt });
      next();
    };
    const wire = {
      lateAt: 0,
      isOpen: () => !socket.destroyed && socket.writable,
      start(wanted: Call) {
        call = wanted;
        startedAt = performance.now();
        wire.lateAt = startedAt + wanted.timeoutMs;
        busy.add(wire);
        socket.write(wanted.text);
      },
      end(failure: "timeout" | "broken" | "refused") {
        socket.destroy();
        if (call) finish({ failure, body: "" });
      },
    };
    socket.on("error", ({ code }: NodeJS.ErrnoException) =>
      wire.end(code === "ECONNREFUSED" && !wasUsed ? "refused" : "broken"),
    );
    socket.on("close", () => wire.end("broken"));
    read(socket, ({ first, headers, body }) => {
      if (!call) return;
      wasUsed = true;
      if (headers["connection"] === "close") socket.end();
      else idleOf(port).push(wire);
      finish({ status: Number(first.slice(9, 12)), body: body.toString() });
    });
    return wire;
  }

  function idleOf(port: number): Wire[] {
    const idle = free.get(port) ?? [];
    free.set(port, idle);
    return idle;
  }

  function next(): void {
    while (head < line.length && busy.size < connections) {
      const call = line[head++] as Call;
      if (head > 1_000 && head * 2 > line.length) {
        line = line.slice(head);
        head = 0;
      }
      const idle = idleOf(call.port);
      let wire = idle.pop();
      while (wire && !wire.isOpen()) wire = idle.pop();
      (wire ?? open(call.port)).start(call);
    }
  }

  return {
    post(url, { headers, body, timeoutMs }) {
      const { port, host, pathname, search } = addressOf(url);
      let text = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
      for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
      return new Promise((done) => {
        line.push({ text: `${text}\r\n${body}`, port: Number(port), host, timeoutMs, done });
        next();
      });
    },
    // Node takes one new connection each time its event loop goes round: a busy subject would take seconds for them.
    async warm(urls) {
      const opened = urls.map((url) => {
        const port = Number(addressOf(url).port);
        const wires = Array.from({ length: Math.ceil(connections / urls.length) }, () => open(port));
        idleOf(port).push(...wires);
        return { url, port };
      });
      // They are taken in order, so whoever has its answer on the last of them knows that all were.
      await Promise.all(
        opened.map(({ url, port }) => {
          const text = `GET /_/health HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`;
          const call = { text, port, host: "", timeoutMs: 60_000 };
          return new Promise<unknown>((done) =>
            idleOf(port)
              .pop()
              ?.start({ ...call, done }),
          );
        }),
      );
    },
    async close() {
      clearInterval(look);
      for (const wire of busy) wire.end("broken");
      for (const idle of free.values()) for (const wire of idle) wire.end("broken");
    },
  };
}

const addresses = new Map<string, URL>();

/** There are a handful of addresses, and millions of calls. */
function addressOf(url: string): URL {
  const known = addresses.get(url) ?? new URL(url);
  addresses.set(url, known);
  return known;
}

/** A port that nobody listens on, for a subject to be started on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
