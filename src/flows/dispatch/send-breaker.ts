import type { Clock } from "../../lib/runtime.ts";

/**
 * A circuit breaker for sends: closed, everything passes; open, one message at a time is tried, until one shows that
 * sending works again. Needs no timer, so it works in an instance that sleeps.
 */
export interface SendBreaker {
  /** Whether a message may go now. */
  letsPass(): boolean;
  /** The message goes; while the breaker is open it is the probe. */
  passes(id: string): void;
  /** The message did not go after all: another one may be the probe at once. */
  giveBack(id: string): void;
  /** Open, and this message is not the probe. */
  isClosedTo(id: string): boolean;
  /** Its send ended, whatever came of it: the next probe is due after a pause. */
  ended(id: string): void;
  /** A send failed in the way that this breaker watches. Returns how many in a row. */
  failed(): number;
  /** Sending works. True when it was open. */
  succeeded(): boolean;
  isOpen(): boolean;
  /** When it last worked, as far as this process knows. */
  workedAt(): number;
}

export interface SendBreakerOptions {
  failuresToOpen: number;
  /** Between two probes; where it may grow, it doubles with each that fails. */
  pauseMs: number;
  longestPauseMs?: number;
}

export function createSendBreaker(
  { failuresToOpen, pauseMs, longestPauseMs = pauseMs }: SendBreakerOptions,
  now: Clock,
): SendBreaker {
  let failures = 0;
  let isOpen = false;
  let probe: string | undefined;
  let probeAt = 0;
  let pause = pauseMs;
  let workedAt = Number.NEGATIVE_INFINITY;

  return {
    letsPass: () => !isOpen || (probe === undefined && now() >= probeAt),
    passes(id) {
      if (isOpen) probe = id;
    },
    giveBack(id) {
      if (probe === id) probe = undefined;
    },
    isClosedTo: (id) => isOpen && probe !== id,
    ended(id) {
      if (probe !== id) return;
      probe = undefined;
      probeAt = now() + pause;
      pause = Math.min(longestPauseMs, pause * 2);
    },
    failed() {
      failures++;
      if (!isOpen && failures >= failuresToOpen) {
        isOpen = true;
        pause = pauseMs;
        probeAt = now() + pause;
      }
      return failures;
    },
    succeeded() {
      const wasOpen = isOpen;
      failures = 0;
      isOpen = false;
      probe = undefined;
      workedAt = now();
      return wasOpen;
    },
    isOpen: () => isOpen,
    workedAt: () => workedAt,
  };
}
