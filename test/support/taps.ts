import { Agent, request } from "undici";
import type { PlatformName } from "../../src/sandbox/platforms.ts";
import { type Reply, type SandboxRequest, type SandboxServer, serve } from "../../src/sandbox/server.ts";

export type Neighbour = "vcr" | "vonage" | PlatformName;

/** A request that the connector made, with the body's very bytes in `text`. */
export interface Call {
  to: Neighbour;
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, unknown>;
  text: string;
  body: unknown;
  /** Undefined while it is not answered, 0 when the connection ended before. */
  status?: number;
}

export interface Taps {
  /** In order. */
  calls: Call[];
  /** Puts a server in front of a fake that writes down what passes; resolves to its address. */
  through(to: string, target: string): Promise<string>;
  stop(): Promise<void>;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Faults of the fake pass as they are. */
async function pass(call: Call, incoming: SandboxRequest, target: string, agent: Agent): Promise<Reply> {
  const { method, path, query, headers, raw } = incoming;
  const body = await incoming.read();
  const hungUp = new AbortController();
  const hangUp = () => hungUp.abort();
  raw.socket.once("close", hangUp);
  const { host: _h, connection: _c, "content-length": _l, "transfer-encoding": _t, ...kept } = headers;
  try {
    const answer = await request(`${target}${path}?${query}`, {
      dispatcher: agent,
      method: method as "GET" | "POST" | "PUT" | "DELETE",
      headers: kept,
      signal: hungUp.signal,
      ...(body.length > 0 ? { body } : {}),
    });
    const given = Buffer.from(await answer.body.arrayBuffer());
    call.status = answer.statusCode;
    const { connection: _cc, "transfer-encoding": _tt, "keep-alive": _ka, ...passed } = answer.headers;
    return { status: answer.statusCode, body: given, headers: passed as Record<string, string> };
  } catch {
    call.status = 0;
    return "reset";
  } finally {
    raw.socket.off("close", hangUp);
  }
}

export function createTaps(): Taps {
  const calls: Call[] = [];
  const servers: SandboxServer[] = [];
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return {
    calls,
    async through(to, target) {
      const server = await serve(0, async (incoming) => {
        const { method, path, query, headers } = incoming;
        const text = (await incoming.read()).toString("utf8");
        const call = { to: to as Neighbour, method, path, query, headers, text, body: parsed(text) };
        calls.push(call);
        return pass(call, incoming, target, agent);
      });
      servers.push(server);
      return server.url;
    },
    async stop() {
      await Promise.all([...servers.map((server) => server.stop()), agent.destroy()]);
    },
  };
}
