import type { Dictionary } from "../../core/insight.ts";
import type { Log } from "../../lib/log.ts";
import type { MessageEnd } from "./recorder.ts";

export interface EndLogPorts {
  /** The name of the platform behind a channel's tag. */
  platformOf(tag: string): string | undefined;
  dictionary: Dictionary;
  log: Log;
}

/**
 * One line at each message's end, however many there are, with all that the lines of its way would have said. Times
 * are milliseconds: how long it waited until it was sent, and from its acceptance to its end.
 */
export function createEndLog({ platformOf, dictionary, log }: EndLogPorts): (end: MessageEnd) => void {
  return ({ tag, id, template, outcome, code, at, acceptedAt, sentAt, attempt, vendorId }) => {
    const fields = {
      msg_id: id,
      platform: platformOf(tag),
      template: template || undefined,
      status: outcome === "delivered" ? outcome : "failed",
      code,
      words: code === undefined ? undefined : dictionary(code).description,
      attempts: attempt,
      waited_ms: between(acceptedAt, sentAt),
      took_ms: between(acceptedAt, at),
      message_uuid: vendorId,
    };
    if (outcome === "failed") log.warn(fields, "Message failed");
    // Being opted out is as it should be.
    else if (outcome === "optedOut") log.info(fields, "Message failed");
    else log.info(fields, "Message delivered");
  };
}

const between = (from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? undefined : Math.max(0, to - from);
