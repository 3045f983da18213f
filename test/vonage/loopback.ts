import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { State } from "../../src/core/ports.ts";

export interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Answer = (res: ServerResponse, received: Received) => void;

export const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (res) => {
    res.writeHead(status, { "content-type": "application/json", ...headers });
    res.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** A loopback server that answers in the given order, the last answer again and again, and keeps what it received. */
export async function startServer(...answers: Answer[]) {
  const received: Received[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const { method, url: path, headers } = req;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
    const next = answers[Math.min(received.push(one), answers.length) - 1];
    next?.(res, one);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The keys of State alone; nothing else of it is called. */
export function createKeys() {
  const kept = new Map<string, string>();
  const state = {
    setKey: async (key: string, value: string) => void kept.set(key, value),
    getKey: async (key: string) => kept.get(key) ?? null,
  } as unknown as State;
  return { kept, state };
}
