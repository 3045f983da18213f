import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type LookupFunction,
  type Socket,
  type Server as TcpServer,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { until } from "../support/ports.ts";
import { SELF_SIGNED } from "../support/self-signed.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

async function listening(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(
    () => server.close(),
    () => (server as Server).closeAllConnections?.(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (listener: RequestListener) => listening(createServer(listener));

function open(connections = 4, lookup?: LookupFunction): HttpClient {
  const httpClient = createHttpClient(connections, { lookup });
  opened.push(() => httpClient.close());
  return httpClient;
}

const ask = (url: string, over: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  url,
  body: "hello",
  deadlineMs: 1_000,
  ...over,
});

describe("an exchange", () => {
  it("carries method, path, headers and body, and brings status, headers and text back", async () => {
    const url = await serve(async (req, res) => {
      const body = (await req.toArray()).join("");
      res
        .writeHead(418, { "retry-after": "7" })
        .end([req.method, req.url, req.headers["x-a"], body].join(" "));
    });
    const answer = await open().request(
      ask(`${url}/a/b?c=d%20e`, { method: "PUT", headers: { "x-a": "1" } }),
    );
    expect({ ...answer, headers: answer.headers["retry-after"] }).toEqual({
      status: 418,
      headers: "7",
      text: "PUT /a/b?c=d%20e 1 hello",
    });
  });

  it.each([200, 204, 301, 404, 429, 500, 503])(
    "resolves with status %i, a redirect not followed",
    async (status) => {
      const url = await serve((_req, res) => res.writeHead(status, { location: "/elsewhere" }).end());
      expect(await open().request(ask(url))).toMatchObject({ status, text: "" });
    },
  );

  it("needs no body", async () => {
    const url = await serve((req, res) => res.end(req.method));
    const { body: _, ...request } = ask(url, { method: "GET" });
    expect(await open().request(request)).toMatchObject({ text: "GET" });
  });
});

describe("the sockets", () => {
  it("are kept and shared, never more than allowed", async () => {
    let sockets = 0;
    const server = createServer((_req, res) => res.end("ok")).on("connection", () => sockets++);
    const url = await listening(server);
    const httpClient = open(3);
    for (let round = 0; round < 4; round++)
      await Promise.all(Array.from({ length: 10 }, () => httpClient.request(ask(url))));
    expect(sockets).toBeLessThanOrEqual(3);
  });

  it("are closed with the transport", async () => {
    let closed = 0;
    const server = createServer((_req, res) => res.end("ok"));
    server.on("connection", (socket) => socket.on("close", () => closed++));
    const url = await listening(server);
    const httpClient = createHttpClient(2);
    await httpClient.request(ask(url));
    await httpClient.close();
    await until(() => closed === 1);
  });
});

describe("a request that surely did not leave", () => {
  it.each([
    ["nobody listens", "http://127.0.0.1:1/"],
    ["nobody listens on any of a name's addresses", "http://localhost:1/"],
    ["the port is none", "http://127.0.0.1:0/"],
  ])("rejects as not sent: %s", async (_, url) => {
    await expect(open().request(ask(url))).rejects.toMatchObject({
      code: "not_sent",
      retryable: true,
      detail: { reason: expect.any(String) },
    });
  });

  it("rejects as not sent when a header cannot be written", async () => {
    const url = await serve((_req, res) => res.end());
    await expect(open().request(ask(url, { headers: { "x-a": "a\r\nb" } }))).rejects.toMatchObject({
      code: "not_sent",
    });
  });
});

/** Sockets, each given to `serve`; closed with the test. */
async function tcp(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  opened.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  const url = await listening(
    createTcpServer((socket) => {
      sockets.add(socket.on("error", () => undefined));
      serve(socket);
    }),
  );
  return url.replace("http:", "https:");
}

const failing =
  (code: string): LookupFunction =>
  (_host, _options, callback) =>
    callback(Object.assign(new Error(code), { code }), "", 0);

describe("of 30 sends none may have left", () => {
  interface Neighbour {
    url: () => Promise<string> | string;
    connections?: number;
    lookup?: LookupFunction;
    deadlineMs?: number;
  }
  it.each<[string, Neighbour]>([
    ["nobody listens", { url: () => "https://127.0.0.1:1/" }],
    ["nobody listens, and each waits for one socket", { url: () => "https://127.0.0.1:1/", connections: 1 }],
    ["the handshake is closed", { url: () => tcp((socket) => socket.once("data", () => socket.end())) }],
    [
      "the handshake is reset",
      { url: () => tcp((socket) => socket.once("data", () => socket.resetAndDestroy())) },
    ],
    ["the connection is closed at once", { url: () => tcp((socket) => socket.destroy()) }],
    ["it speaks another protocol", { url: () => tcp((socket) => void socket.write("SSH-2.0-x\r\n")) }],
    [
      "it speaks HTTP without TLS",
      { url: async () => (await serve((_, res) => res.end())).replace("http:", "https:") },
    ],
    [
      "nobody trusts its certificate",
      {
        url: async () => {
          const server = createTlsServer(SELF_SIGNED).on("tlsClientError", () => undefined);
          return (await listening(server)).replace("http:", "https:");
        },
      },
    ],
    ["the handshake never ends", { url: () => tcp(() => undefined), deadlineMs: 200 }],
    ["the process has no file left", { url: () => "https://a.test/", lookup: failing("EMFILE") }],
    ["the name cannot be looked up", { url: () => "https://a.test/", lookup: failing("EBUSY") }],
    ["the lookup never ends", { url: () => "https://a.test/", lookup: () => undefined, deadlineMs: 200 }],
  ])("%s", async (_, { url, connections = 4, lookup, deadlineMs = 2_000 }) => {
    const httpClient = open(connections, lookup);
    const target = await url();
    const started = Date.now();
    const codes = await Promise.all(
      Array.from({ length: 30 }, () =>
        httpClient.request(ask(target, { deadlineMs })).then(
          () => "answered",
          ({ code }) => code,
        ),
      ),
    );
    expect(codes).toEqual(Array(30).fill("not_sent"));
    expect(Date.now() - started).toBeLessThan(deadlineMs + 500);
  });

  it("that waited for a socket until their deadline, while the one before them hangs", async () => {
    let requests = 0;
    const url = await serve(() => void requests++);
    const httpClient = open(1);
    const hanging = httpClient.request(ask(url, { deadlineMs: 400 })).catch(({ code }) => code);
    await until(() => requests === 1);
    const waiting = Array.from({ length: 30 }, () =>
      httpClient.request(ask(url, { deadlineMs: 100 })).catch(({ code }) => code),
    );
    expect(await Promise.all(waiting)).toEqual(Array(30).fill("not_sent"));
    expect(await hanging).toBe("no_answer");
    // Nor do they leave once a socket is free.
    const last = httpClient.request(ask(url, { deadlineMs: 100 })).catch(({ code }) => code);
    expect([await last, requests]).toEqual(["no_answer", 2]);
  });

  it("that waited behind one whose connection was cut: they go out on the next", async () => {
    let requests = 0;
    const url = await serve((req, res) => (++requests === 1 ? req.socket.destroy() : res.end("ok")));
    const httpClient = open(1);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () =>
        httpClient.request(ask(url)).then(
          ({ text }) => text,
          ({ code }) => code,
        ),
      ),
    );
    expect(outcomes).toEqual(["no_answer", ...Array(29).fill("ok")]);
  });

  it("on a kept socket that was closed in between: they go out on a new one", async () => {
    const closed: Socket[] = [];
    const server = createServer((req, res) => {
      res.end("ok", () => req.socket.end());
    }).on("connection", (socket) => socket.on("close", () => closed.push(socket)));
    const url = await listening(server);
    const httpClient = open(1);
    for (let n = 1; n <= 30; n++) {
      expect(await httpClient.request(ask(url))).toMatchObject({ status: 200 });
      await until(() => closed.length === n);
    }
  });
});

describe("a request that may have arrived", () => {
  it.each<[string, RequestListener]>([
    ["no answer comes", () => undefined],
    ["the answer's body does not end", (_req, res) => void res.writeHead(200).write("half")],
    ["the connection is cut", (req) => req.socket.destroy()],
    [
      "the connection is cut within the answer",
      (req, res) => {
        res.writeHead(200, { "content-length": "100" }).write("half", () => req.socket.destroy());
      },
    ],
    ["the answer is endless", (_req, res) => void res.writeHead(200).end(Buffer.alloc(9 * 1024 * 1024))],
  ])("rejects as no answer: %s", async (_, listener) => {
    const url = await serve(listener);
    const started = Date.now();
    await expect(open().request(ask(url, { deadlineMs: 200 }))).rejects.toMatchObject({
      code: "no_answer",
      retryable: true,
      detail: { reason: expect.any(String) },
    });
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it("rejects as no answer when what answers is not HTTP", async () => {
    const url = await listening(
      createTcpServer((socket) => socket.on("data", () => socket.end("SSH-2.0\r\n"))),
    );
    await expect(open().request(ask(url))).rejects.toMatchObject({ code: "no_answer" });
  });

  it("rejects as no answer when the connection is closed after the handshake and the request", async () => {
    let requests = 0;
    const url = await listening(
      createTcpServer((socket) =>
        socket.once("data", () => {
          requests++;
          socket.destroy();
        }),
      ),
    );
    const httpClient = open(8);
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => httpClient.request(ask(url)).catch(({ code }) => code)),
    );
    expect([codes, requests]).toEqual([Array(30).fill("no_answer"), 30]);
  });

  it("leaves the transport usable for the next", async () => {
    let calls = 0;
    const url = await serve((req, res) => (++calls === 1 ? req.socket.destroy() : res.end("ok")));
    const httpClient = open(1);
    await expect(httpClient.request(ask(url))).rejects.toMatchObject({ code: "no_answer" });
    expect(await httpClient.request(ask(url))).toMatchObject({ status: 200 });
  });
});
