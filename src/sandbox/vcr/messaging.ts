import { parseJson, type Reply, type SandboxRequest } from "../server.ts";
import { Subscription, Unsubscription } from "./contract.ts";

export interface Subscribed extends Subscription {
  kind: "messages" | "events";
}

export interface Messaging {
  handle(request: SandboxRequest): Promise<Reply>;
  /** What is subscribed now, in order of arrival. */
  subscriptions(): Subscribed[];
}

const KINDS: Record<string, Subscribed["kind"]> = {
  "/subscribe-inbound-messages": "messages",
  "/subscribe-inbound-events": "events",
};

const refuse = (status: number, message: string): Reply => ({ status, body: { error: message } });

/** The callback router's register; the sandbox records subscriptions and routes nothing. */
export function createMessaging(): Messaging {
  let subscriptions: Subscribed[] = [];
  return {
    subscriptions: () => [...subscriptions],
    async handle(request) {
      const kind = KINDS[request.path];
      const body = parseJson(await request.read());
      if (request.method !== "POST") return refuse(405, "no such method");
      if (kind !== undefined) {
        const wanted = Subscription.safeParse(body);
        if (!wanted.success) return refuse(400, wanted.error.message);
        subscriptions.push({ kind, ...wanted.data });
        return { status: 200, body: { id: wanted.data.callback.id } };
      }
      if (request.path !== "/") return refuse(404, "no such path");
      const wanted = Unsubscription.safeParse(body);
      if (!wanted.success) return refuse(400, wanted.error.message);
      const gone = new Set(wanted.data.actions.map((action) => action.payload.id));
      subscriptions = subscriptions.filter((subscribed) => !gone.has(subscribed.callback.id));
      return { status: 200, body: { status: "ok" } };
    },
  };
}
