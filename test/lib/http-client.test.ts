import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../src/lib/http-client.ts";
import { until } from "../support/ports.ts";

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

function open(connections = 4): HttpClient {
  const httpClient = createHttpClient(connections);
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

  it("leaves the transport usable for the next", async () => {
    let calls = 0;
    const url = await serve((req, res) => (++calls === 1 ? req.socket.destroy() : res.end("ok")));
    const httpClient = open(1);
    await expect(httpClient.request(ask(url))).rejects.toMatchObject({ code: "no_answer" });
    expect(await httpClient.request(ask(url))).toMatchObject({ status: 200 });
  });
});
