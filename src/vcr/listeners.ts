import { Messages, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket, State } from "../core/ports.ts";
import type { Runtime } from "../lib/runtime.ts";
import { tryLock } from "./lock.ts";

export interface ListenerSettings {
  channels: readonly ("whatsapp" | "sms")[];
  inboundPath: string;
  statusPath: string;
}

/** The callback id of each subscription. */
const SUBSCRIPTIONS: Bucket = { key: "listeners", ttl: null, scope: "instance" };
const LOCK_SECONDS = 30;
/** Longer than a subscription takes: who has not written its id by then has failed or died. */
const TRIES = 20;

/**
 * Subscribes this instance once to VCR's callback router, for every sender of its channels: neither a replica
 * nor a restart subscribes again. Resolves once every subscription is there; safe to call again after a failure.
 * https://developer.vonage.com/en/vonage-cloud-runtime/providers/messages
 */
export async function ensureListeners(
  session: VCRSession,
  settings: ListenerSettings,
  state: State,
  pause: () => Promise<void>,
  random: Runtime["random"],
): Promise<void> {
  const messages = new Messages(session);
  for (const channel of settings.channels) {
    // Null stands for anybody, which the SDK's types do not say.
    const anybody = { type: channel, number: null as unknown as string };
    const subscriptions = {
      [`${channel} inbound`]: () => messages.onMessage(settings.inboundPath, anybody, anybody),
      [`${channel} status`]: () => messages.onMessageEvent(settings.statusPath, anybody, anybody),
    };
    for (const [name, subscribe] of Object.entries(subscriptions)) await ensure(name, subscribe);
  }

  /**
   * Asking for a lock keeps it alive, so that an owner who died cannot be waited out: who has asked often enough
   * takes over. Not all at the same moment, so that the others find the subscription made.
   */
  async function ensure(name: string, subscribe: () => Promise<string>): Promise<void> {
    const patience = TRIES * (1 + random());
    for (let tries = 0; ; tries++) {
      if ((await state.read(SUBSCRIPTIONS, name)) !== null) return;
      if (tries >= patience || (await tryLock(state, `listeners ${name}`, LOCK_SECONDS))) break;
      await pause();
    }
    await state.write(SUBSCRIPTIONS, name, await subscribe());
  }
}
