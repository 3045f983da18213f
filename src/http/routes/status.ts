import type { MessageStatus } from "../../core/status.ts";
import { fromStatus } from "../../vonage/from-status.ts";
import { type WebhookPorts, webhookRoute } from "../webhook.ts";

export const STATUS_PATHS = ["/webhooks/status", "/webhooks/passed-message-status"];

export interface StatusPorts extends WebhookPorts {
  /** Resolves to what was made of it. */
  receiveStatus(status: MessageStatus): Promise<string>;
}

/** A status of Vonage: 200 once the platform has it or never wants it, 503 to be sent it again. */
export function statusRoute(ports: StatusPorts) {
  return webhookRoute(ports, (body) => ports.receiveStatus(fromStatus(body, ports.now())));
}
