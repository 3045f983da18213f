import { type QueuePurpose, queueOfMessage } from "../../core/job.ts";
import type { OutboundMessage } from "../../core/message.ts";
import { ConnectorError, loggableError } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Clock } from "../../lib/runtime.ts";

export interface BacklogPorts {
  /** Jobs waiting on a queue. */
  waiting(queue: QueuePurpose): Promise<number>;
  /** Messages a second that can be sent from it now. */
  rate(queue: QueuePurpose): number;
  now: Clock;
  log: Log;
}

/** What waits to be sent, and whether one more message can still be sent in its time to live. */
export interface Backlog {
  /**
   * Counts the message among those that wait; `release` takes that back when the queue did not get it. Throws
   * ConnectorError `backlog_full` (429) when what waits before it needs longer than the message lives.
   */
  reserve(message: OutboundMessage): { release(): void };
}

/**
 * A send never waits for the queue's figures: they are fetched behind it, and what this process accepted since is
 * added.
 */
export function createBacklog({ waiting, rate, now, log }: BacklogPorts): Backlog {
  const queues = new Map<QueuePurpose, Known>();

  function knownOf(queue: QueuePurpose): Known {
    const known = queues.get(queue) ?? {
      depth: 0,
      since: 0,
      countedAt: now(),
      fetchedAt: 0,
      fetching: false,
    };
    queues.set(queue, known);
    return known;
  }

  async function refresh(queue: QueuePurpose, known: Known): Promise<void> {
    if (known.fetching || now() - known.fetchedAt < REFRESH_MS) return;
    known.fetching = true;
    const before = known.since;
    try {
      known.depth = await waiting(queue);
    } catch (error) {
      log.warn({ queue, ...loggableError(error) }, "The queue's length is unknown");
      // Sending goes on while nobody tells how much is left, and so must taking.
      const sent = (rate(queue) * (now() - known.countedAt)) / 1_000;
      known.depth = Math.max(0, known.depth + before - sent);
    }
    // What came during the fetch may not be in the figure.
    known.since = Math.max(0, known.since - before);
    known.countedAt = now();
    known.fetchedAt = now();
    known.fetching = false;
  }

  function reserve(message: OutboundMessage) {
    const queue = queueOfMessage(message);
    const known = knownOf(queue);
    void refresh(queue, known);
    const secondsToSend = (known.depth + known.since) / rate(queue);
    const secondsToLive = (message.expiresAt - now()) / 1_000;
    if (secondsToSend > secondsToLive) {
      throw new ConnectorError(
        "backlog_full",
        "More messages are waiting than can be sent in their time to live: send later, or ask Vonage for a higher rate",
        {
          retryable: true,
          httpStatus: 429,
          detail: { waiting: known.depth + known.since, rate: Math.round(rate(queue)) },
        },
      );
    }
    known.since++;
    return {
      release() {
        known.since = Math.max(0, known.since - 1);
      },
    };
  }

  return { reserve };
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
