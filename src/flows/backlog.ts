import type { Channel, OutboundMessage } from "../core/message.ts";
import type { Clock, Log } from "../core/ports.ts";
import { ConnectorError, loggableError } from "../errors.ts";

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
 * needs longer than the message lives. Never waits for the queue's figures: they are fetched behind a send, and
 * what this process accepted since is added.
 */
export function createBacklog({ waiting, rate, now, log }: BacklogPorts): (message: OutboundMessage) => void {
  const channels = new Map<Channel, { depth: number; since: number; fetchedAt: number; fetching: boolean }>();

  function refresh(channel: Channel): void {
    const known = channels.get(channel) ?? { depth: 0, since: 0, fetchedAt: 0, fetching: false };
    channels.set(channel, known);
    if (known.fetching || now() - known.fetchedAt < REFRESH_MS) return;
    known.fetching = true;
    waiting(channel)
      .then((depth) => {
        known.depth = depth;
        known.since = 0;
      })
      .catch((error) => log.warn({ channel, ...loggableError(error) }, "The queue's length is unknown"))
      .finally(() => {
        known.fetchedAt = now();
        known.fetching = false;
      });
  }

  return ({ channel, expiresAt }) => {
    refresh(channel);
    const known = channels.get(channel);
    if (!known) return;
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
  };
}

const REFRESH_MS = 5_000;
