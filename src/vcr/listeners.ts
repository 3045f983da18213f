import { Messages, type VCRSession } from "@vonage/vcr-sdk";
import type { Bucket, State } from "../core/ports.ts";
import { tryLock } from "./lock.ts";

export interface ListenerSettings {
  channels: readonly ("whatsapp" | "sms")[];
  inboundPath: string;
  statusPath: string;
}

/** The callback id of each subscription. */
const SUBSCRIPTIONS: Bucket = { key: "listeners", ttl: null, scope: "instance" };
const LOCK_SECONDS = 30;

/**
 * Subscribes this instance once to VCR's callback router, for every sender of its channels: neither a replica
 * nor a restart subscribes again. Rejects when that failed; safe to call again.
 * https://developer.vonage.com/en/vonage-cloud-runtime/providers/messages
 */
export async function ensureListeners(
  session: VCRSession,
  settings: ListenerSettings,
  state: State,
): Promise<void> {
  const messages = new Messages(session);
  for (const channel of settings.channels) {
    // Null stands for anybody, which the SDK's types do not say.
    const anybody = { type: channel, number: null as unknown as string };
    const subscriptions = {
      [`${channel} inbound`]: () => messages.onMessage(settings.inboundPath, anybody, anybody),
      [`${channel} status`]: () => messages.onMessageEvent(settings.statusPath, anybody, anybody),
    };
    for (const [name, subscribe] of Object.entries(subscriptions)) {
      if ((await state.read(SUBSCRIPTIONS, name)) !== null) continue;
      if (await tryLock(state, `listeners ${name}`, LOCK_SECONDS)) {
        await state.write(SUBSCRIPTIONS, name, await subscribe());
      }
    }
  }
}
