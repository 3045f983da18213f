import type { Random } from "../random.ts";
import type { SendRequest } from "./contract.ts";
import { failureError, pickFailure } from "./failures.ts";
import { userIdOf } from "./inbound.ts";

/** What happens to messages after they were accepted; shares between 0 and 1. */
export interface Traffic {
  /** false: no status by itself, the test sends them. */
  statuses: boolean;
  /** Least and most milliseconds from one status to the next. */
  delayMs: [number, number];
  failureShare: number;
  /** Messages that Vonage takes and then finds too many: refused as throttled. */
  throttledShare: number;
  readShare: number;
  /** Statuses sent twice; messages whose statuses come in the wrong order. */
  doubleShare: number;
  shuffleShare: number;
  /** Messages whose first status arrives before the answer to the send. */
  beforeAnswerShare: number;
  /** Webhooks first sent without a signature. */
  unsignedShare: number;
  /** Webhooks signed with another secret, at every attempt. */
  wrongSignatureShare: number;
  /** Requests per second that the account may make; null: no limit. */
  ratePerSecond: number | null;
}

export const DEFAULT_TRAFFIC: Traffic = {
  statuses: true,
  delayMs: [20, 400],
  failureShare: 0,
  throttledShare: 0,
  readShare: 0.5,
  doubleShare: 0,
  shuffleShare: 0,
  beforeAnswerShare: 0,
  unsignedShare: 0,
  wrongSignatureShare: 0,
  ratePerSecond: null,
};

export interface AcceptedMessage {
  uuid: string;
  request: SendRequest;
  headers: Record<string, unknown>;
  /** Epoch milliseconds. */
  at: number;
}

export type StatusName = "submitted" | "delivered" | "read" | "rejected" | "undeliverable";

const WABA_ID = "104996122399160";

function whatsappDetails({ request: { to } }: AcceptedMessage, random: Random) {
  return {
    profile: { name: "Jane Smith" },
    whatsapp: {
      waba_id: WABA_ID,
      recipient: /^\d+$/.test(to) ? { user_id: userIdOf(to), wa_id: to } : { user_id: to },
      pricing: { type: "regular", pricing_model: "PMP", category: "marketing" },
      conversation: { id: random.hex(32), origin: { type: "marketing" } },
    },
  };
}

/** The whole body of a status webhook, version v1. */
export function statusBody(
  message: AcceptedMessage,
  status: StatusName,
  options: { at: number; error?: object | undefined; random: Random },
): Record<string, unknown> {
  const { request } = message;
  const isSms = request.channel === "sms";
  const chargedAt = isSms ? "submitted" : "delivered";
  const segments = isSms ? Math.ceil(request.text.length / 160) : 0;
  return {
    message_uuid: message.uuid,
    to: request.to,
    from: request.from,
    timestamp: new Date(options.at).toISOString().replace(/\.\d+Z$/, "Z"),
    status,
    channel: request.channel,
    ...(request.client_ref === undefined ? {} : { client_ref: request.client_ref }),
    ...(options.error === undefined ? {} : { error: options.error }),
    ...(status === chargedAt ? { usage: { currency: "EUR", price: isSms ? "0.0333" : "0" } } : {}),
    ...(isSms
      ? { destination: { network_code: "23430" }, sms: { count_total: String(segments) } }
      : whatsappDetails(message, options.random)),
  };
}

/** One status of a message's life and when it happens, milliseconds after the acceptance. */
export interface Step {
  status: StatusName;
  error?: object;
  afterMs: number;
}

/** Draws a life: submitted, then delivered and perhaps read, or refused with a reason. */
export function planLife(channel: "whatsapp" | "sms", traffic: Traffic, random: Random): Step[] {
  const steps: Step[] = [];
  let afterMs = 0;
  const step = (status: StatusName, error?: object) => {
    afterMs += random.between(...traffic.delayMs);
    steps.push({ status, afterMs, ...(error === undefined ? {} : { error }) });
  };
  if (random.chance(traffic.throttledShare)) {
    step("rejected", failureError(1000, "Throttled", random));
    return steps;
  }
  const fails = random.chance(traffic.failureShare);
  // A refusal by Vonage itself comes without `submitted`, one by the provider after it.
  if (!fails || random.chance(0.5)) step("submitted");
  if (fails) {
    const { status, error } = pickFailure(channel, random);
    step(status, error);
    return steps;
  }
  step("delivered");
  if (channel === "whatsapp" && random.chance(traffic.readShare)) step("read");
  return steps;
}
