import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { State } from "../../src/core/ports.ts";
import type { Vcr } from "../../src/sandbox/vcr/index.ts";
import { ensureListeners } from "../../src/vcr/listeners.ts";
import { createMemoryState, unavailable } from "../support/ports.ts";
import { closeReplicas, openVcr, startReplica } from "./runtime.ts";

const SETTINGS = {
  channels: ["whatsapp", "sms"] as const,
  inboundPath: "/webhooks/inbound",
  statusPath: "/webhooks/status",
};
const ALL = ["sms events", "sms messages", "whatsapp events", "whatsapp messages"];

let vcr: Vcr;
let state: ReturnType<typeof createMemoryState>;
beforeEach(async () => {
  ({ vcr } = await openVcr());
  state = createMemoryState();
});
afterEach(async () => {
  expect(vcr.records().violations).toEqual([]);
  await closeReplicas();
  await vcr.stop();
});

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
function subscribe(over: Partial<State> = {}, wait = pause) {
  return ensureListeners(startReplica(vcr).session, SETTINGS, { ...state, ...over }, wait, Math.random);
}
const subscribed = () =>
  vcr
    .records()
    .subscriptions.map(({ kind, from }) => `${from.type} ${kind}`)
    .sort();

describe("subscribing to the callback router", () => {
  it("is done once for every channel, by however many replicas and restarts", async () => {
    await Promise.all(Array.from({ length: 5 }, () => subscribe({}, () => pause().then(pause))));
    await subscribe();
    expect(subscribed()).toEqual(ALL);
  });

  it("is not told as done while another process has the lock and nobody has subscribed", async () => {
    const lock = { key: "lock:listeners whatsapp inbound", ttl: 30, scope: "instance" } as const;
    await state.increment(lock, "owner");
    await subscribe();
    expect(subscribed()).toEqual(ALL);
  });

  it("is done by the next who tries after its owner failed", async () => {
    await expect(subscribe({ write: () => Promise.reject(unavailable()) })).rejects.toMatchObject({
      retryable: true,
    });
    const before = subscribed();
    await subscribe();
    expect([before, subscribed()]).toEqual([["whatsapp messages"], [...ALL, "whatsapp messages"].sort()]);
  });
});
