import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Express } from "express";

export interface Call {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** One request to an Express app, without a socket: a pair as Node's server would make it. */
export function call(app: Express, { method, url, headers, body }: Call): Promise<Answered> {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as Socket;
  Object.assign(socket, { remoteAddress: "127.0.0.1" });
  const bytes = Buffer.from(body);
  const given = { ...headers, "content-length": String(bytes.length), host: new URL(url, "http://sim").host };
  const req = Object.assign(new IncomingMessage(socket), {
    method,
    url,
    httpVersion: "1.1",
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    headers: Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])),
    rawHeaders: Object.entries(given).flat(),
  });
  const res = new ServerResponse(req);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const write = (chunk: unknown) => {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
      return true;
    };
    Object.assign(res, {
      write,
      end(chunk?: unknown) {
        write(chunk);
        if (!res.headersSent) res.writeHead(res.statusCode);
        Object.assign(res, { finished: true });
        resolve({
          status: res.statusCode,
          headers: res.getHeaders() as Answered["headers"],
          text: Buffer.concat(chunks).toString("utf8"),
        });
        res.emit("finish");
        res.emit("close");
        return res;
      },
    });
    app(req as never, res as never);
    req.push(bytes);
    req.push(null);
    Object.assign(req, { complete: true });
  });
}
