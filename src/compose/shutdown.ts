import type { AckDelay } from "../flows/dispatch/ack-delay.ts";
import type { DeadLetters } from "../flows/dispatch/dead-letters.ts";
import type { Alerts } from "../flows/insight/alerts.ts";
import type { Journal } from "../flows/insight/journal.ts";
import type { RefusalLog } from "../http/refusals.ts";
import type { RunningServer } from "../http/server.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";

/** Of the ten seconds a stop may take, two of which it goes on serving, this many are for what is in hand. */
const STOP_GRACE_MS = 6_000;
const EVENTS_GRACE_MS = 500;
const FIGURES_GRACE_MS = 1_000;
const DRAIN_GRACE_MS = 500;

export interface ShutdownPorts {
  /** It says that it stops, and serves on for so long. */
  drain(): void;
  drainMs: number;
  stopping: AbortController;
  deadLetters: Pick<DeadLetters, "stop">;
  pacing: Record<string, { ackDelay: Pick<AckDelay, "release"> }>;
  server: Pick<RunningServer, "stop">;
  events: { stop(): Promise<void> } | undefined;
  journal: Pick<Journal, "stop">;
  alerts: Pick<Alerts, "stop"> | undefined;
  state: { drained(): Promise<void> };
  refusals: Pick<RefusalLog, "flush">;
  httpClients: Record<string, { close(): Promise<void> }>;
  /** What goes on behind the start. */
  preparing: Promise<unknown>;
  runtime: Runtime;
  log: Log;
}

/** Ends what is in hand, from the outside inwards. */
export async function shutDown(ports: ShutdownPorts): Promise<void> {
  const { runtime, events, state } = ports;
  ports.drain();
  if (ports.drainMs > 0) await new Promise<void>((served) => void runtime.setTimeout(served, ports.drainMs));
  ports.stopping.abort();
  ports.alerts?.stop();
  const looked = ports.deadLetters.stop();
  for (const { ackDelay } of Object.values(ports.pacing)) ackDelay.release();
  await ports.server.stop(STOP_GRACE_MS);
  // Events are the least of it: what a slow neighbour does not take in a moment is dropped.
  await withDeadline(events?.stop() ?? Promise.resolve(), EVENTS_GRACE_MS, "", runtime).catch(
    () => undefined,
  );
  await withDeadline(ports.journal.stop(), FIGURES_GRACE_MS, "", runtime).catch(() => undefined);
  await withDeadline(state.drained(), DRAIN_GRACE_MS, "", runtime).catch(() => undefined);
  ports.refusals.flush();
  await Promise.all(Object.values(ports.httpClients).map((httpClient) => httpClient.close()));
  // Only now: what waits for a neighbour that hangs has lost its socket.
  await Promise.all([ports.preparing, looked]);
  ports.log.info({}, "Connector has stopped");
}
