import type { OutboundMessage } from "../../core/message.ts";
import type { JobQueue } from "../../core/ports.ts";
import type { Log } from "../../lib/log.ts";
import type { Recorder } from "../insight/recorder.ts";
import type { Preflight } from "../templates/preflight.ts";
import type { Backlog } from "./backlog.ts";

export interface AcceptPorts {
  preflight: Preflight;
  /** Resolves when messages may be queued: the very first start has the queues to create. */
  ready: Promise<unknown>;
  backlog: Backlog;
  queue: JobQueue;
  recorder: Pick<Recorder, "accepted">;
  log: Log;
}

/** Takes a message in charge, which may wait so long for a list of templates. */
export type Accept = (message: OutboundMessage, templatesMs?: number) => Promise<void>;

/**
 * Resolves once the durable queue has the message: from then on it is sent, or reported failed. Rejects with a
 * ConnectorError: `invalid_template` or `missing_template` when its template cannot take it, `backlog_full` (429)
 * when it could not be sent in its time to live, retryable when the queue may not have it.
 */
export function createAccept({ preflight, ready, backlog, queue, recorder, log }: AcceptPorts): Accept {
  return async (message, templatesMs) => {
    await preflight(message, templatesMs);
    await ready;
    const place = backlog.reserve(message);
    const { url } = await queue.put({ kind: "send", attempt: 1, message }).catch((error) => {
      place.release();
      throw error;
    });
    const { id, channel, origin } = message;
    if (log.follows(id)) log.info({ msg_id: id, channel, origin }, `Sending POST to ${url}`);
    recorder.accepted(message);
  };
}
