import { describe, expect, it } from "@jest/globals";
import type { InboundReply } from "../../../src/core/reply.ts";
import { replyToInbound, replyToSubscription } from "../../../src/platforms/moengage/from-reply.ts";

const AT = Date.UTC(2026, 0, 15, 10, 30, 0, 900);
const reply = (over: Partial<InboundReply> = {}): InboundReply => ({
  ...{
    kind: "opt_out",
    id: "in-1",
    channel: "whatsapp",
    person: "447700900123",
    sender: "14155550100",
    at: AT,
  },
  ...over,
});
const wire = { from: "447700900123", waba_number: "14155550100", timestamp: "1768473000" };
const button = { payload: "{'orderid' : '12345'}", text: "Yes, cancel it" };

describe("a reply as MoEngage's inbound callback", () => {
  it.each([
    [
      "STOP",
      reply({ messageId: "m-1" }),
      { ...wire, type: "text", text: { body: "STOP" }, context: { msg_id: "m-1" } },
    ],
    [
      "STOP in answer to nothing known",
      reply(),
      { ...wire, type: "text", text: { body: "STOP" }, context: {} },
    ],
    [
      "STOP by a button, in the word MoEngage knows",
      reply({ button }),
      { ...wire, type: "text", text: { body: "STOP" }, context: {} },
    ],
    ["START", reply({ kind: "opt_in" }), { ...wire, type: "text", text: { body: "START" }, context: {} }],
    [
      "STOP from somebody whose number nobody knows",
      reply({ person: "US.13491208655302741918" }),
      { ...wire, from: "US.13491208655302741918", type: "text", text: { body: "STOP" }, context: {} },
    ],
    [
      "a tap",
      reply({ kind: "button", messageId: "m-1", button }),
      { ...wire, type: "button", button, context: { msg_id: "m-1" } },
    ],
    ["a tap on a message that is not known", reply({ kind: "button", button }), undefined],
    ["anything else", reply({ kind: "other", messageId: "m-1" }), undefined],
  ])("%s", (_, given, expected) => {
    expect(replyToInbound(given)).toEqual(expected);
  });
});

describe("a reply as an update of the person's profile", () => {
  const update = (attributes: object) => ({ type: "customer", update_existing_only: true, attributes });
  it.each([
    ["WhatsApp STOP", reply(), update({ moe_mobile: "447700900123", moe_wa_subscription: false })],
    [
      "WhatsApp START",
      reply({ kind: "opt_in" }),
      update({ moe_mobile: "447700900123", moe_wa_subscription: true }),
    ],
    [
      "SMS STOP",
      reply({ channel: "sms" }),
      update({ moe_mobile: "447700900123", moe_sms_subscription: "OPTOUT" }),
    ],
    [
      "SMS START",
      reply({ channel: "sms", kind: "opt_in" }),
      update({ moe_mobile: "447700900123", moe_sms_subscription: "OPTIN" }),
    ],
    ["a tap", reply({ kind: "button", button }), undefined],
    ["anything else", reply({ kind: "other" }), undefined],
    ["somebody whose number nobody knows", reply({ person: "US.13491208655302741918" }), undefined],
  ])("%s", (_, given, expected) => {
    expect(replyToSubscription(given, false)).toEqual(expected);
  });

  it("names the person by customer id where that is the phone number", () => {
    expect(replyToSubscription(reply(), true)).toEqual({
      ...update({ moe_wa_subscription: false }),
      customer_id: "447700900123",
    });
  });
});
