import type { SandboxNetwork } from "../../src/sandbox/network.ts";
import type { Outcome } from "../../src/sandbox/post.ts";
import type { Reply } from "../../src/sandbox/server.ts";
import type { Answer, Net, Request } from "./net.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

const handleFake = async (
  handler: Parameters<SandboxNetwork["serve"]>[1],
  request: Request,
): Promise<Answer | "hang" | "reset"> => {
  const url = new URL(request.url);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const reply: Reply = await handler({
    ...{ method: request.method, path: url.pathname, query: url.searchParams, headers },
    raw: {
      url: url.pathname + url.search,
      headers,
      rawHeaders: Object.entries(request.headers).flat(),
      destroyed: false,
    } as never,
    read: async () => Buffer.from(request.body),
  });
  if (typeof reply === "string") return reply;
  const { body, status } = reply;
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  const text = body === undefined ? "" : isRaw ? String(body) : JSON.stringify(body);
  reply.done?.(true);
  const type: Record<string, string> =
    body === undefined || isRaw ? {} : { "content-type": "application/json" };
  return { status, headers: { ...type, ...reply.headers }, text };
};

/** How a fake is called under that name, and calls others. */
export const networkOf = (net: Net, scheduler: Scheduler, owner: Owner, name: string): SandboxNetwork => ({
  async serve(_port, handler) {
    net.host(name, { owner, handle: (request) => handleFake(handler, request) });
    return { url: `https://${name}`, stop: async () => net.unhost(name, owner) };
  },
  createPoster: () => ({
    async post(url, { headers, body, timeoutMs }): Promise<Outcome> {
      const leftAt = scheduler.now();
      const result = await net.exchange(owner, { method: "POST", url, headers, body, deadlineMs: timeoutMs });
      const ms = scheduler.now() - leftAt;
      return "failure" in result
        ? { failure: result.failure, body: "", ms }
        : { status: result.status, body: result.text, ms };
    },
    close: async () => undefined,
  }),
});
