import { randomUUID } from "node:crypto";
import type { Credentials } from "../../src/sandbox/credentials.ts";
import type { SandboxNetwork } from "../../src/sandbox/network.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { parseJson, type Reply, type SandboxRequest } from "../../src/sandbox/server.ts";
import { createAuth } from "../../src/sandbox/vonage/auth.ts";
import { parseSend } from "../../src/sandbox/vonage/contract.ts";
import { type AcceptedMessage, sandboxWaba, signWebhook } from "../../src/sandbox/vonage/index.ts";
import { type StatusName, statusBody } from "../../src/sandbox/vonage/lifecycle.ts";
import { problem } from "../../src/sandbox/vonage/problems.ts";
import { createRoutes } from "../../src/sandbox/vonage/routes.ts";
import { createTemplateApi } from "../../src/sandbox/vonage/template-api.ts";
import type { Book } from "./book.ts";
import { createPoster } from "./network.ts";

/** When each status comes, in milliseconds after the send. */
const LIFE: [StatusName, number][] = [
  ["submitted", 20],
  ["delivered", 400],
  ["read", 1_200],
];
const WEBHOOK_TIMEOUT_MS = 15_000;
const RETRY = { firstMs: 5_000, mostMs: 15 * 60_000 };

/**
 * The Messages API and its statuses: the checks of the sandbox's fake, and none of its records, which would not fit
 * into memory. `apps` are the replicas' addresses, served in turn.
 */
export async function startVonage(options: {
  credentials: Credentials;
  answerMs: number;
  /** Webhooks at a time. */
  connections: number;
  book: Book;
  network: SandboxNetwork;
  apps(): readonly string[];
  /** A status was taken. */
  taken(): void;
}) {
  const { credentials, answerMs, book } = options;
  const auth = createAuth(credentials);
  const random = createRandom(1);
  const poster = createPoster(options.connections);
  const latencies: number[] = [];
  /** While set, statuses wait here instead of coming by themselves. */
  let held: AcceptedMessage[] | undefined;
  let open = 0;
  let turn = 0;

  const statusUrl = () => {
    const apps = options.apps();
    return `${apps[turn++ % apps.length]}/webhooks/status`;
  };

  /** One status, again while it is not taken, as Vonage does. Resolves when it was. */
  async function tell(message: AcceptedMessage, status: StatusName): Promise<void> {
    open++;
    const body = JSON.stringify(statusBody(message, status, { at: Date.now(), random }));
    for (let wait = RETRY.firstMs; ; wait = Math.min(wait * 2, RETRY.mostMs)) {
      const headers = {
        "content-type": "application/json",
        authorization: `Bearer ${signWebhook(credentials, body)}`,
      };
      const outcome = await poster.post(statusUrl(), { headers, body, timeoutMs: WEBHOOK_TIMEOUT_MS });
      latencies.push(outcome.ms);
      book.webhookAnswered(String(outcome.status ?? outcome.failure));
      const isAgain = outcome.status === undefined || outcome.status === 429 || outcome.status >= 500;
      if (!isAgain) break;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    open--;
    options.taken();
  }

  async function send(request: SandboxRequest): Promise<Reply> {
    const refusal = auth.checkSend(request);
    if (refusal) return refusal;
    const parsed = parseSend(parseJson(await request.read()));
    if ("invalid" in parsed) {
      book.counts.wrong++;
      return problem(422, { extra: { ...parsed.invalid } });
    }
    const message: AcceptedMessage = {
      ...{ uuid: randomUUID(), request: parsed.ok, headers: {}, at: Date.now() },
    };
    book.sent(parsed.ok.client_ref ?? "");
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    if (held) held.push(message);
    else for (const [status, afterMs] of LIFE) setTimeout(() => void tell(message, status), afterMs);
    return {
      status: 202,
      body: { message_uuid: message.uuid },
      headers: { "x-request-id": randomUUID() },
    };
  }

  const wabas = [sandboxWaba()];
  const routes = createRoutes({
    ...{ auth, send, credentials },
    urls: () => ({ statusUrl: `${options.apps()[0]}/webhooks/status`, inboundUrl: "" }),
    management: createTemplateApi(auth, () => wabas),
  });
  const server = await options.network.serve(0, async (request) => {
    const route = routes(request);
    return "status" in route ? route : route.answer(request);
  });
  return {
    url: server.url,
    stop: () => Promise.all([server.stop(), poster.close()]),
    warm: poster.warm,
    tell,
    /** How long webhooks took to be answered, since this was last asked. */
    takeLatencies: () => latencies.splice(0),
    /** Statuses that are due and not taken yet. */
    open: () => open,
    hold() {
      held = [];
    },
    held: () => held ?? [],
  };
}
