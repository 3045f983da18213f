import { once } from "node:events";
import { Agent, request, Server } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { listen, type RunningServer } from "../../src/http/server.ts";
import { systemRuntime } from "../../src/lib/runtime.ts";
import { until } from "../support/ports.ts";
import { createGate } from "./gate.ts";

const servers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((stop) => stop()));
});

async function open(app: express.Express): Promise<RunningServer> {
  const server = await listen(app, 0);
  servers.push(() => server.stop(0));
  return server;
}

/** As `open`, with Node's server, which `listen` keeps to itself. */
async function openSeen(app: express.Express) {
  const listening = jest.spyOn(Server.prototype, "listen");
  const { port } = await open(app);
  const [server] = listening.mock.contexts as Server[];
  listening.mockRestore();
  return { port, server: server as Server };
}

/** An app that uses what Express adds to requests and responses. */
function createEcho() {
  const app = express();
  app.use(express.json());
  app.post("/echo/:name", (req, res) => {
    res
      .status(201)
      .location("/there")
      .cookie("a", "b")
      .set(
        "x-own",
        [Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response].join(),
      )
      .json({
        ...{ name: req.params.name, query: req.query, body: req.body, type: req.is("json"), ip: req.ip },
        ...{ host: req.hostname, accepts: req.accepts(["html", "json"]), agent: req.get("user-agent") },
      });
  });
  app.get("/stream", (_req, res) => {
    res.write("one");
    res.end("two");
  });
  return app;
}

async function journey(port: number) {
  const url = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "application/json", accept: "application/json", "user-agent": "me" };
  const answers = [
    await fetch(`${url}/echo/Ana?a=1&a=2`, { method: "POST", headers, body: '{"x":[1]}' }),
    await fetch(`${url}/echo/Ana`, { method: "POST", headers, body: "{" }),
    await fetch(`${url}/stream`),
    await fetch(`${url}/stream`, { method: "HEAD" }),
    await fetch(`${url}/nowhere`),
  ];
  return Promise.all(
    answers.map(async (answer) => {
      const { date: _, ...rest } = Object.fromEntries(answer.headers);
      // Stack traces name files, and Express's own page is not what is compared here.
      return { status: answer.status, headers: rest, text: answer.ok ? await answer.text() : "" };
    }),
  );
}

describe("the server", () => {
  it("behaves as plain Express does, with nothing left for Express to swap", async () => {
    const plainApp = createEcho();
    const plain = plainApp.listen(0);
    servers.push(() => new Promise((resolve) => plain.close(resolve)));
    await once(plain, "listening");
    const { port } = await open(createEcho());
    const [own, theirs] = [await journey(port), await journey((plain.address() as { port: number }).port)];
    plain.closeAllConnections();
    const withoutKeepAlive = (answers: typeof own) =>
      answers.map(({ headers: { "keep-alive": _, "content-length": __, ...headers }, ...rest }) => ({
        ...rest,
        headers,
      }));
    expect(withoutKeepAlive(own)).toEqual(withoutKeepAlive(theirs));
    expect(own[0]).toMatchObject({ status: 201, headers: { "x-own": "true,true", location: "/there" } });
  });

  it("gives requests and responses their prototypes at birth", async () => {
    const app = createEcho();
    const { server, port } = await openSeen(app);
    const born: boolean[] = [];
    server.prependListener("request", (req, res) => {
      born.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response);
    });
    await fetch(`http://127.0.0.1:${port}/stream`);
    expect(born).toEqual([true, true]);
  });

  it("gives a request 20 s to arrive and its headers 10 s", async () => {
    expect((await openSeen(express())).server).toMatchObject({
      requestTimeout: 20_000,
      headersTimeout: 10_000,
      keepAliveTimeout: 65_000,
    });
  });

  // A 408 would make Vonage drop a webhook for good.
  it.each([
    ["ERR_HTTP_REQUEST_TIMEOUT", "503 Service Unavailable"],
    ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
    ["HPE_INVALID_METHOD", "400 Bad Request"],
  ])("answers %s, where no request came about, with %s", async (code, status) => {
    const { port, server } = await openSeen(express());
    const connected = once(server, "connection");
    const client = connect(port, "127.0.0.1");
    const [socket] = await connected;
    let received = "";
    client.on("data", (chunk: Buffer) => {
      received += chunk;
    });
    server.emit("clientError", Object.assign(new Error("x"), { code }), socket);
    await once(client, "end");
    expect(received.split("\r\n")[0]).toBe(`HTTP/1.1 ${status}`);
  });

  describe("with as many sockets open as it lets in", () => {
    const MOST = 3;
    async function openFull(paths: string[], hurry = 1) {
      const gate = createGate();
      const refused: object[] = [];
      const app = express()
        .get("/busy", async (_req, res) => {
          await gate.passed;
          res.send("done");
        })
        .get("/", (_req, res) => void res.send("ok"));
      const server = await listen(app, 0, {
        runtime: {
          ...systemRuntime,
          setTimeout: (work, ms) => systemRuntime.setTimeout(work, ms / hurry),
        },
        mostConnections: MOST,
        refused: (_request, { what, error, status }) => refused.push({ what, code: error.code, status }),
      });
      servers.push(() => server.stop(0));
      const open = async (text: string) => {
        const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
        await once(socket, "connect");
        socket.write(text);
        const seen = { text: "", isClosed: false };
        socket.on("data", (chunk: Buffer) => {
          seen.text += chunk;
        });
        socket.once("close", () => {
          seen.isClosed = true;
        });
        return seen;
      };
      const sockets = [];
      for (const text of paths) sockets.push(await open(text));
      return { gate, refused, open, sockets, port: server.port };
    }
    const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const CUT = "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ";

    it("closes the one whose request has been unfinished for the longest time, with 503, and serves the new one", async () => {
      const { gate, open, sockets, refused } = await openFull([ask("/busy"), CUT, CUT]);
      await gate.reached(() => gate.waiting === 1);
      const late = await open(ask("/"));
      await until(() => late.text.endsWith("ok") && sockets[1]?.isClosed === true);
      gate.open();
      await until(() => sockets[0]?.text.endsWith("done") === true);
      expect(sockets.map(({ text }) => text.split("\r\n")[0])).toEqual([
        "HTTP/1.1 200 OK",
        "HTTP/1.1 503 Service Unavailable",
        "",
      ]);
      expect(refused).toEqual([{ what: "Connection refused", code: "overloaded", status: 503 }]);
    });

    it("does not wait for the end of one that was turned away and goes on sending", async () => {
      const { gate, port } = await openFull([ask("/busy"), ask("/busy"), ask("/busy")], 20);
      await gate.reached(() => gate.waiting === 3);
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => undefined);
      const dribble = setInterval(() => socket.write("x"), 5);
      const answers: string[] = [];
      socket.on("data", (chunk: Buffer) => answers.push(String(chunk).split("\r\n")[0] ?? ""));
      // Writing to what is closed ends in an error, which is no fault here.
      await new Promise((resolve) => socket.once("close", resolve));
      clearInterval(dribble);
      gate.open();
      expect(answers).toEqual(["HTTP/1.1 503 Service Unavailable"]);
    });

    it("closes one that was answered before and is kept alive, without another answer", async () => {
      const { gate, open, sockets } = await openFull([ask("/"), ask("/busy"), ask("/busy")]);
      await gate.reached(() => gate.waiting === 2 && sockets[0]?.text.endsWith("ok") === true);
      const late = await open(ask("/"));
      await until(() => late.text.endsWith("ok") && sockets[0]?.isClosed === true);
      expect(sockets[0]?.text.match(/HTTP/g)).toEqual(["HTTP"]);
      gate.open();
    });

    it("answers the new one 503 when all are busy, and serves again once one is free", async () => {
      const { gate, open, sockets } = await openFull([ask("/busy"), ask("/busy"), ask("/busy")]);
      await gate.reached(() => gate.waiting === MOST);
      const late = await open(ask("/"));
      await until(() => late.isClosed);
      expect(late.text).toBe(
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      );
      gate.open();
      await until(() => sockets.every(({ text }) => text.endsWith("done")));
      const next = await open(ask("/"));
      await until(() => next.text.endsWith("ok"));
    });
  });

  it("rejects when the port cannot be had", async () => {
    const { port } = await open(express());
    await expect(listen(express(), port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("stopping", () => {
  const get = (port: number, agent: Agent) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ port, path: "/", agent }, (res) => {
        res.resume().on("end", () => resolve(res.statusCode));
      })
        .on("error", reject)
        .end();
    });

  it("answers what is in hand, takes nothing new, and does not wait for idle keep-alive sockets", async () => {
    const gate = createGate();
    const app = express().get("/", async (_req, res) => {
      await gate.passed;
      res.send("done");
    });
    const server = await listen(app, 0);
    const agent = new Agent({ keepAlive: true });
    const inHand = get(server.port, agent);
    await gate.reached(() => gate.waiting > 0);
    const started = Date.now();
    const stopped = server.stop(5_000);
    gate.open();
    expect(await inHand).toBe(200);
    await stopped;
    agent.destroy();
    expect(Date.now() - started).toBeLessThan(4_000);
    await expect(get(server.port, new Agent())).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("closes what never ends, after the grace", async () => {
    const server = await listen(express(), 0);
    const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    const closed = once(socket, "close");
    await server.stop(20);
    await closed;
  });
});
