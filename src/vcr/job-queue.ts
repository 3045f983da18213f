import { randomUUID } from "node:crypto";
import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import { idOf, type Job, type ParkedJob, type QueuePurpose, queueOf } from "../core/job.ts";
import type { JobQueue, State } from "../core/ports.ts";
import { createBatcher } from "../lib/batcher.ts";
import { ConnectorError } from "../lib/errors.ts";
import type { Clock } from "../lib/runtime.ts";
import type { JobSigner, SignedJob } from "./job-signer.ts";
import { tryLock } from "./lock.ts";

export interface QueueSettings {
  serviceName: string;
  /** Where jobs are delivered. */
  callbackPath: string;
  ratePerSecond: number;
  maxInflight: number;
  /** Documented payload limit of one enqueue request. https://developer.vonage.com/en/vonage-cloud-runtime/providers/queue */
  maxRequestBytes: number;
  /** A parked job outlives its message. */
  parkedTtlSeconds: number;
}

const PURPOSES: readonly QueuePurpose[] = ["whatsapp", "sms", "reports"];

/** Full requests leave at once; with a slow queue two in flight would cap intake under a thousand a second. */
const BATCH = { maxItems: 100, maxInflight: 32, partialInflight: 2, maxWaiting: 20_000, maxWaitMs: 1_500 };

export const queueName = (serviceName: string, purpose: QueuePurpose) => `${serviceName}-${purpose}`;

/** The JobQueue port on VCR's queues: jobs are sealed, those too large are parked in State, requests are shared. */
export function createJobQueue(
  session: VCRSession,
  settings: QueueSettings,
  signer: JobSigner,
  state: State,
  now: Clock,
): JobQueue {
  const sdk = new SdkQueue(session);
  const maxBytes = settings.maxRequestBytes - 2;
  const lanes = Object.fromEntries(
    PURPOSES.map((purpose) => [purpose, createLane(queueName(settings.serviceName, purpose))]),
  );

  function createLane(name: string) {
    const url = session.config
      .getExecutionUrl("queue-service", `queue/${name}/enqueue`)
      .split("?")[0] as string;
    const put = createBatcher<SignedJob, void>(
      async (jobs) => {
        await sdk.enqueue(name, jobs);
        return jobs.map(() => undefined);
      },
      { ...BATCH, maxBytes, sizeOf: requestBytes, now },
    );
    return { url, put };
  }

  /** Keeps the job in State, and makes the one that stands for it on the queue. */
  async function park(job: Job, whole: SignedJob): Promise<SignedJob> {
    const key = `job:${randomUUID()}`;
    await state.setKey(key, JSON.stringify(whole), settings.parkedTtlSeconds);
    const { attempt } = job;
    const id = idOf(job).slice(0, LONGEST_LOGGED_ID);
    return signer.sign({ kind: "parked", attempt, queue: queueOf(job), id, key, ...reportable(job) });
  }

  return {
    async put(job: Job) {
      const lane = lanes[queueOf(job)] as ReturnType<typeof createLane>;
      const whole = signer.sign(job);
      try {
        await lane.put(requestBytes(whole) > maxBytes ? await park(job, whole) : whole);
      } catch (cause) {
        throw new ConnectorError("queue_unavailable", "The queue did not take the job", {
          retryable: true,
          cause,
        });
      }
      return { url: lane.url };
    },
  };
}

/** The job that is parked under a key; undefined when it is not there any more. Rejects when State is down. */
export async function unpark(key: string, signer: JobSigner, state: State): Promise<Job | undefined> {
  const text = await state.getKey(key);
  return text === null ? undefined : signer.verify(JSON.parse(text));
}

/** What a report of the message inside needs; an id that would itself be too large stays behind. */
function reportable(job: Job): Pick<ParkedJob, "message"> {
  if (job.kind !== "send" || job.message.id.length > LONGEST_REPORTABLE_ID) return {};
  const { id, origin, channel, to } = job.message;
  return { message: { id, origin, channel, to } };
}

const LONGEST_LOGGED_ID = 100;
const LONGEST_REPORTABLE_ID = 500;

/** Jobs that wait on a queue, as far as the provider's figures tell: it gives none for the length itself. */
export async function waitingJobs(session: VCRSession, name: string): Promise<number> {
  const { stats } = await new SdkQueue(session).getQueueDetails(name);
  return Math.max(0, stats.totalEnqueue - stats.totalSent - stats.totalError);
}

/** What a job adds to an enqueue request, its comma included. */
const requestBytes = (job: SignedJob) => Buffer.byteLength(JSON.stringify(job)) + 1;

/**
 * Makes sure the queues exist with the configured rate. Replicas start together and the provider has no
 * "create if absent": the first to count up a key creates, the others wait until the queue is there.
 * Rejects when it could not be done; safe to call again.
 */
export async function ensureQueues(
  session: VCRSession,
  settings: QueueSettings,
  state: State,
  pause: () => Promise<void>,
): Promise<void> {
  const sdk = new SdkQueue(session);
  const rate = { maxInflight: settings.maxInflight, msgPerSecond: settings.ratePerSecond };

  async function rateOf(name: string): Promise<typeof rate | undefined> {
    try {
      return (await sdk.getQueueDetails(name)).queueDetails.rate;
    } catch (error) {
      // How an absent queue is told is not documented: any refusal of the question but these may mean it.
      const status = error instanceof ConnectorError ? Number(error.detail["status"]) : Number.NaN;
      if (status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status)) return undefined;
      throw error;
    }
  }

  async function ensure(name: string): Promise<void> {
    for (let tries = 0; tries < CREATION_TRIES; tries++) {
      const current = await rateOf(name);
      if (current?.maxInflight === rate.maxInflight && current.msgPerSecond === rate.msgPerSecond) return;
      if (current) {
        await sdk.updateQueue(name, rate);
        return;
      }
      if (await tryLock(state, `create queue ${name}`, CREATION_LOCK_SECONDS)) {
        await createOnce(name);
        return;
      }
      await pause();
    }
    // Whoever was first has died in between.
    await createOnce(name);
  }

  async function createOnce(name: string): Promise<void> {
    try {
      await sdk.createQueue(name, settings.callbackPath, { ...rate, active: true });
    } catch (error) {
      if (!(await rateOf(name))) throw error;
    }
  }

  for (const purpose of PURPOSES) await ensure(queueName(settings.serviceName, purpose));
}

const CREATION_TRIES = 20;
/** A creator that died is replaced after this long. */
const CREATION_LOCK_SECONDS = 10;
