import type { OutboundMessage } from "../../core/message.ts";
import type { JobQueue } from "../../core/ports.ts";
import type { Log } from "../../lib/log.ts";

export interface AcceptPorts {
  queue: JobQueue;
  log: Log;
}

/** Resolves once the queue has the message. Rejects, retryable, when it may not have it. */
export async function accept(message: OutboundMessage, { queue, log }: AcceptPorts): Promise<void> {
  const { url } = await queue.put({ kind: "send", attempt: 1, message });
  log.info(
    { msg_id: message.id, channel: message.channel, origin: message.origin },
    `Sending POST to ${url}`,
  );
}
