import { asConnectorError, ConnectorError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Clock } from "./runtime.ts";

export interface CircuitBreaker {
  /** Runs the call, or rejects at once, retryable, while the neighbour is known to be away. */
  run<T>(call: () => Promise<T>): Promise<T>;
  isOpen(): boolean;
}

const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Stops asking a neighbour that failed several times in a row. After a pause one call is let through: when it
 * succeeds everything flows again, else the pause doubles. Needs no timer, so it works in an instance that sleeps.
 */
export function createCircuitBreaker(name: string, now: Clock, log: Log): CircuitBreaker {
  let failures = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let openUntil = 0;
  let probing = false;

  const isOpen = () => failures >= FAILURES_TO_OPEN;

  function succeeded(): void {
    if (isOpen()) log.warn({ neighbour: name }, `${name} is back`);
    failures = 0;
    pauseMs = FIRST_PAUSE_MS;
  }

  function failed(isProbe: boolean): void {
    const wasOpen = isOpen();
    failures++;
    if (!isOpen() || (wasOpen && !isProbe)) return;
    if (wasOpen) pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    openUntil = now() + pauseMs;
    log.error({ neighbour: name, pause_ms: pauseMs }, `${name} is away: asked again after a pause`);
  }

  return {
    isOpen,
    async run(call) {
      const isProbe = isOpen();
      if (isProbe && (probing || now() < openUntil)) {
        throw new ConnectorError("platform_unavailable", `${name} is away`, {
          retryable: true,
          detail: { breaker: "open" },
        });
      }
      probing = isProbe;
      try {
        const result = await call();
        succeeded();
        return result;
      } catch (error) {
        if (asConnectorError(error).retryable) failed(isProbe);
        else succeeded();
        throw error;
      } finally {
        if (isProbe) probing = false;
      }
    },
  };
}
