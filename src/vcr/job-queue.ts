import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import { type Job, QUEUE_PURPOSES, type QueuePurpose, queueOf } from "../core/job.ts";
import type { JobQueue } from "../core/ports.ts";
import { createBatcher } from "../lib/batcher.ts";
import { asConnectorError, ConnectorError, type ErrorCode } from "../lib/errors.ts";
import type { Runtime } from "../lib/runtime.ts";
import type { JobSigner, SignedJob } from "./job-signer.ts";
import type { LargePayloads } from "./large-payload.ts";
import { SerialisedBody } from "./session.ts";

export interface JobQueueSettings {
  serviceName: string;
  /** Documented payload limit of one enqueue request. https://developer.vonage.com/en/vonage-cloud-runtime/providers/queue */
  maxRequestBytes: number;
}

/** Full requests leave at once; with a slow queue two in flight would cap intake under a thousand a second. */
const BATCH = { maxItems: 100, maxInflight: 32, partialInflight: 2, maxWaiting: 20_000, maxWaitMs: 1_500 };

export const queueName = (serviceName: string, purpose: QueuePurpose) => `${serviceName}-${purpose}`;

/** The JobQueue port on VCR's queues: jobs are signed, those too large are offloaded, requests are shared. */
export function createJobQueue(
  session: VCRSession,
  settings: JobQueueSettings,
  signer: JobSigner,
  largePayloads: LargePayloads,
  runtime: Runtime,
): JobQueue {
  const sdk = new SdkQueue(session);
  // The brackets of the list that a request is.
  const maxBytes = settings.maxRequestBytes - 2;
  const queues = new Map(
    QUEUE_PURPOSES.map((purpose) => [purpose, open(queueName(settings.serviceName, purpose))]),
  );

  function open(name: string) {
    const [url = ""] = session.config.getExecutionUrl("queue-service", `queue/${name}/enqueue`).split("?");
    const put = createBatcher<QueuedJob, void>(
      async (jobs) => {
        const list = new SerialisedBody(`[${jobs.map(({ text }) => text).join(",")}]`);
        await sdk.enqueue(name, list as unknown as object[]);
        return jobs.map(() => undefined);
      },
      { ...BATCH, maxBytes, sizeOf: ({ bytes }) => bytes },
      runtime,
    );
    return { url, put };
  }

  return {
    async put(job) {
      const { url, put } = queues.get(queueOf(job)) as ReturnType<typeof open>;
      let copyKey: string | undefined;
      try {
        const signed = signer.sign(job);
        const queued = serialised(signed);
        if (queued.bytes <= maxBytes) {
          await put(queued);
          return { url };
        }
        const small = await largePayloads.offload(job, signed);
        copyKey = keyOf(small);
        await put(serialised(signer.sign(small)));
      } catch (cause) {
        // Nobody will ever ask for it, and whoever repeats the request makes another.
        if (copyKey !== undefined && SURELY_NOT_PUT.has(asConnectorError(cause).code))
          largePayloads.discard(copyKey).catch(() => undefined);
        throw new ConnectorError("queue_unavailable", "The queue did not take the job", {
          retryable: true,
          cause,
        });
      }
      return { url };
    },
  };
}

/** Of failures to put a job on a queue: it did not leave. */
const SURELY_NOT_PUT = new Set<ErrorCode>(["not_sent", "overloaded"]);

/** The copy that a job which was made small refers to. */
function keyOf(small: Job): string | undefined {
  if (small.kind === "offloaded") return small.key;
  return "message" in small && "contentKey" in small.message ? small.message.contentKey : undefined;
}

/** A job as it stands in an enqueue request: serialised once, to be measured and to be sent. */
interface QueuedJob {
  text: string;
  /** What it adds to the request, its comma included. */
  bytes: number;
}

function serialised(job: SignedJob): QueuedJob {
  const text = JSON.stringify(job);
  return { text, bytes: Buffer.byteLength(text) + 1 };
}

/** How a queue stands. Jobs that wait, as far as the provider's figures tell: it gives none for the length itself. */
export async function queueStanding(
  session: VCRSession,
  name: string,
): Promise<{ waiting: number; isPaused: boolean }> {
  const { stats, queueDetails } = await new SdkQueue(session).getQueueDetails(name);
  const waiting = Math.max(0, stats.totalEnqueue - stats.totalSent - stats.totalError);
  return { waiting, isPaused: queueDetails?.active === false };
}
