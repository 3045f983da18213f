import { Queue as SdkQueue, type VCRSession } from "@vonage/vcr-sdk";
import { QUEUE_PURPOSES } from "../core/job.ts";
import type { State } from "../core/ports.ts";
import { queueName } from "./job-queue.ts";
import { tryLock } from "./lock.ts";
import { ProviderRefusal } from "./session.ts";

export interface QueueSettings {
  serviceName: string;
  /** Where jobs are delivered. */
  callbackPath: string;
  ratePerSecond: number;
  maxInflight: number;
}

const CREATION_TRIES = 20;
/** A creator that died is replaced after this long. */
const CREATION_LOCK_SECONDS = 10;

/** Refusals that say nothing of whether the queue is there. */
const SAY_NOTHING = [401, 403, 408, 429];

type QueueDetails = Awaited<ReturnType<SdkQueue["getQueueDetails"]>>["queueDetails"];

/** Undefined when there is no such queue. Rejects when that is not known. */
async function detailsOf(sdk: SdkQueue, name: string): Promise<QueueDetails | undefined> {
  try {
    return (await sdk.getQueueDetails(name)).queueDetails;
  } catch (error) {
    // How an absent queue is told is not documented: any other refusal of the question may mean it.
    const status = error instanceof ProviderRefusal ? error.status : 0;
    if (status >= 400 && status < 500 && !SAY_NOTHING.includes(status)) return undefined;
    throw error;
  }
}

/** How the queues stand, by their names: one that is paused takes jobs and delivers none. */
export async function lookAtQueues(
  session: VCRSession,
  serviceName: string,
): Promise<Map<string, "running" | "paused" | "absent">> {
  const sdk = new SdkQueue(session);
  const looks = QUEUE_PURPOSES.map(async (purpose) => {
    const name = queueName(serviceName, purpose);
    const details = await detailsOf(sdk, name);
    return [name, details ? (details.active === false ? "paused" : "running") : "absent"] as const;
  });
  return new Map(await Promise.all(looks));
}

/**
 * Makes sure the queues exist with the configured rate. Replicas start together and the provider has no
 * "create if absent": the first to count up a key creates, the others wait until the queue is there.
 * `onCreated` hears of each queue that was not there before and that this call made; one whose making got no answer
 * is not among them. Rejects when it could not be done; safe to call again.
 */
export async function ensureQueues(
  session: VCRSession,
  settings: QueueSettings,
  state: State,
  pause: () => Promise<void>,
  onCreated: (name: string) => void = () => undefined,
): Promise<void> {
  const sdk = new SdkQueue(session);
  const rate = { maxInflight: settings.maxInflight, msgPerSecond: settings.ratePerSecond };

  const rateOf = async (name: string) => (await detailsOf(sdk, name))?.rate;

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
      return;
    }
    onCreated(name);
  }

  for (const purpose of QUEUE_PURPOSES) await ensure(queueName(settings.serviceName, purpose));
}
