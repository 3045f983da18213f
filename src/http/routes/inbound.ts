import type { InboundMessage } from "../../core/reply.ts";
import { fromInbound } from "../../vonage/from-inbound.ts";
import { type WebhookPorts, webhookRoute } from "../webhook.ts";

export const INBOUND_PATH = "/webhooks/inbound";

export interface InboundPorts extends WebhookPorts {
  /** Resolves to what was made of it. */
  receiveInbound(inbound: InboundMessage): Promise<string>;
}

/** A person's message: 200 once it has had its effect or the platform will be told by a job, 503 to be sent it again. */
export function inboundRoute(ports: InboundPorts) {
  return webhookRoute(ports, async (body) => {
    const inbound = fromInbound(body, ports.now());
    if (inbound) return ports.receiveInbound(inbound);
    ports.log.info({}, "Inbound message ignored: not a channel of this connector");
    return "ignored";
  });
}
