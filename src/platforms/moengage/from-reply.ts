import type { InboundReply } from "../../core/reply.ts";
import type { SubscriptionUpdate, WhatsAppInbound } from "./contract.ts";

/** The words MoEngage knows, whatever keyword, language or button the person used. */
const CANONICAL = { opt_out: "STOP", opt_in: "START" } as const;

/** A reply as MoEngage's inbound callback; undefined for what MoEngage has no place for. */
export function replyToInbound(reply: InboundReply): WhatsAppInbound | undefined {
  const common = {
    from: reply.person,
    waba_number: reply.sender,
    timestamp: String(Math.floor(reply.at / 1_000)),
    context: { msg_id: reply.messageId },
  };
  switch (reply.kind) {
    case "opt_out":
    case "opt_in":
      return { ...common, type: "text", text: { body: CANONICAL[reply.kind] } };
    case "button":
      return reply.button && reply.messageId !== undefined
        ? { ...common, type: "button", button: reply.button }
        : undefined;
    case "other":
      return undefined;
  }
}

/**
 * An opt-out or opt-in as an update of the person's profile, found by mobile number or by a customer id that is
 * the number; undefined for a person whose number is not known.
 */
export function replyToSubscription(
  reply: InboundReply,
  customerIdIsPhone: boolean,
): SubscriptionUpdate | undefined {
  if ((reply.kind !== "opt_out" && reply.kind !== "opt_in") || !/^\d+$/.test(reply.person)) return undefined;
  const optIn = reply.kind === "opt_in";
  const subscription =
    reply.channel === "whatsapp"
      ? { moe_wa_subscription: optIn }
      : { moe_sms_subscription: optIn ? ("OPTIN" as const) : ("OPTOUT" as const) };
  return {
    type: "customer",
    update_existing_only: true,
    customer_id: customerIdIsPhone ? reply.person : undefined,
    attributes: { moe_mobile: customerIdIsPhone ? undefined : reply.person, ...subscription },
  };
}
