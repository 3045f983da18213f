import type { Channel, OutboundMessage } from "../../core/message.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

export interface BacklogPorts {
  /** Jobs waiting on a channel's queue. */
  waiting(channel: Channel): Promise<number>;
  /** Messages a second that can be sent on it now. */
  rate(channel: Channel): number;
  now: Clock;
  log: Log;
}

/**
 * Refuses what cannot be sent in time. Throws ConnectorError `backlog_full` (429) when what waits before a message
 * needs longer than the message lives; otherwise counts it, and returns what takes that back for a message that the
 * queue did not take. Never waits for the queue's figures: they are fetched behind a send, and what this process
 * accepted since is added.
 */
export function createBacklog({
  waiting,
  rate,
  now,
  log,
}: BacklogPorts): (message: OutboundMessage) => () => void {
  const channels = new Map<Channel, Known>();

  function knownOf(channel: Channel): Known {
    const known = channels.get(channel) ?? {
      depth: 0,
      since: 0,
      countedAt: now(),
      fetchedAt: 0,
      fetching: false,
    };
    channels.set(channel, known);
    return known;
  }

  async function refresh(channel: Channel, known: Known): Promise<void> {
    if (known.fetching || now() - known.fetchedAt < REFRESH_MS) return;
    known.fetching = true;
    const before = known.since;
    try {
      known.depth = await waiting(channel);
    } catch (error) {
      log.warn({ channel, ...loggableError(error) }, "The queue's length is unknown");
      // Sending goes on while nobody tells how much is left, and so must taking.
      const sent = (rate(channel) * (now() - known.countedAt)) / 1_000;
      known.depth = Math.max(0, known.depth + before - sent);
    }
    // What came during the fetch may not be in the figure.
    known.since = Math.max(0, known.since - before);
    known.countedAt = now();
    known.fetchedAt = now();
    known.fetching = false;
  }

  return ({ channel, expiresAt }) => {
    const known = knownOf(channel);
    void refresh(channel, known);
    const secondsToSend = (known.depth + known.since) / rate(channel);
    const secondsToLive = (expiresAt - now()) / 1_000;
    if (secondsToSend > secondsToLive) {
      throw new ConnectorError(
        "backlog_full",
        "More messages are waiting than can be sent in their time to live: send later, or ask Vonage for a higher rate",
        {
          retryable: true,
          httpStatus: 429,
          detail: { waiting: known.depth + known.since, rate: Math.round(rate(channel)) },
        },
      );
    }
    known.since++;
    return () => {
      known.since = Math.max(0, known.since - 1);
    };
  };
}

interface Known {
  depth: number;
  /** Accepted since the depth was asked for. */
  since: number;
  countedAt: number;
  fetchedAt: number;
  fetching: boolean;
}

const REFRESH_MS = 5_000;
