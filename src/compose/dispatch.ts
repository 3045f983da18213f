import type { Config } from "../config/schema.ts";
import { type Job, perQueue, type QueuePurpose, queueOf } from "../core/job.ts";
import type { JobQueue, Sender } from "../core/ports.ts";
import { type AckDelay, createAckDelay } from "../flows/dispatch/ack-delay.ts";
import { createClaims } from "../flows/dispatch/claims.ts";
import { type DispatchPorts, dispatch, sharedByCopies } from "../flows/dispatch/dispatch.ts";
import { createSendGate, type SendGate } from "../flows/dispatch/send-gate.ts";
import { STATUS_PATHS } from "../http/routes/status.ts";
import type { HttpClient } from "../lib/http-client.ts";
import type { Log } from "../lib/log.ts";
import type { Runtime } from "../lib/runtime.ts";
import { createVonageSender } from "../vonage/client.ts";
import type { Metrics } from "./metrics.ts";

/** How fast each queue is worked through, and how many of its deliveries wait. */
export type Pacing = Record<QueuePurpose, { gate: SendGate; ackDelay: AckDelay }>;

/** One for each queue: a throttle, or deliveries that wait, on one must not stop another. */
export function composePacing({ dispatch }: Config, runtime: Runtime, log: Log): Pacing {
  const whatsappGate = createSendGate(dispatch.ratePerSecond, runtime.now, log);
  const pacingOf = (purpose: QueuePurpose) => {
    // What is written in a chat leaves through the gate of its channel, in front of the others.
    const isWhatsApp = purpose === "whatsapp" || purpose === "chat";
    const gate = isWhatsApp ? whatsappGate : createSendGate(dispatch.ratePerSecond, runtime.now, log);
    const ackDelay = createAckDelay(Math.ceil(dispatch.maxInflight / 2), runtime);
    return { gate, ackDelay };
  };
  return perQueue(pacingOf);
}

type Made = "sender" | "claims" | "unknownOutcome" | "gate" | "ackDelay";

/** What the queue's deliveries are done with. */
export function composeDispatch(
  config: Config,
  ports: Omit<DispatchPorts, Made> & {
    httpClient: HttpClient;
    pacing: Pacing;
    metrics: Metrics;
    runtime: Runtime;
  },
): (job: Job) => Promise<void> {
  const { httpClient, pacing, metrics, runtime, ...given } = ports;
  const { state, now, random, log } = given;
  const sender = createVonageSender(
    {
      apiHost: config.vonageApiHost,
      applicationId: config.application.id,
      privateKey: config.application.privateKey,
      statusUrl: statusUrlOf(config),
    },
    httpClient,
    state,
    now,
  );
  const dispatchPorts = {
    ...given,
    sender: counted(sender, metrics, runtime),
    claims: createClaims(state, { random, now }, log),
    unknownOutcome: config.inDoubt,
  };
  return sharedByCopies((job, putsBack) => {
    const queue: JobQueue = {
      put(next) {
        putsBack();
        return given.queue.put(next);
      },
    };
    return dispatch(job, { ...dispatchPorts, queue, ...pacing[queueOf(job)] });
  });
}

/** Vonage takes only https addresses that it can reach. */
function statusUrlOf({ instance: { publicUrl }, listeners }: Config): string | undefined {
  return publicUrl?.startsWith("https://") && !listeners ? `${publicUrl}${STATUS_PATHS[0]}` : undefined;
}

function counted(
  sender: Sender,
  { sends, sendDuration, queueWait }: Metrics,
  { now, monotonic }: Pick<Runtime, "now" | "monotonic">,
): Sender {
  return {
    async send(message) {
      const started = monotonic();
      const left = now();
      let outcome = "unknown";
      try {
        const result = await sender.send(message);
        outcome = result.outcome;
        if (outcome === "accepted") queueWait.observe((left - message.acceptedAt) / 1_000, message.channel);
        return result;
      } finally {
        sends.inc(message.channel, outcome);
        sendDuration.observe((monotonic() - started) / 1_000);
      }
    },
  };
}
