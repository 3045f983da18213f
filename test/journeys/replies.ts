import { expect } from "@jest/globals";
import { userIdOf, whatsappInbound } from "../../src/sandbox/vonage/index.ts";
import { buildWhatsAppSend, RECIPIENT, WABA_NUMBER } from "../support/builders.ts";
import { type Journey, until } from "../support/journey.ts";

export const REPLIES = {
  OPT_OUT_REPLY: "You have opted out, canary",
  OPT_IN_REPLY: "You have opted in, canary",
  DEFAULT_REPLY: "Sorry, reply START or STOP, canary",
};
export const PARTY = { from: RECIPIENT, to: WABA_NUMBER };
export const SMS_PARTY = { from: RECIPIENT, to: "14155550101" };
export const USER = userIdOf(RECIPIENT);

type Party = Parameters<typeof whatsappInbound>[1];
export const typed = (text: string, party: Party = PARTY) => whatsappInbound("text", party, { text });
export const tapped = (contextUuid: string, text: string, payload: unknown) =>
  whatsappInbound("button", { ...PARTY, contextUuid }, { button: { text, payload } });

export const inbound = (journey: Journey, body: object) => journey.webhook("/webhooks/inbound", body);
/** What each name last said. */
export function stored(journey: Journey, channel = "whatsapp") {
  const flat = journey.vcr.state("account", "HGETALL", `suppressed:${channel}`) as string[];
  const words = flat
    .flatMap((field, at) => (at % 2 ? [] : [{ words: field.split(" "), at: Number(flat[at + 1]) }]))
    .sort((a, b) => a.at - b.at);
  return Object.fromEntries(words.map(({ words: [word, name] }) => [name, word]));
}
/** What the platform was told of people's answers, without the time. */
export const told = (journey: Journey) =>
  journey.moengage.inbound.map(({ from, context, ...rest }) => ({
    from,
    context,
    said: rest.type === "text" ? rest.text.body : rest.button,
  }));
export const profiles = (journey: Journey) => journey.moengage.customers.map(({ attributes }) => attributes);
/** The connector's own texts. */
export const autoReplies = (journey: Journey) =>
  journey.vonage.messages
    .filter(({ request }) => request.client_ref?.startsWith("1var."))
    .map(({ request }) => ({ to: request.to, text: "text" in request ? request.text : "" }));
/** By queue, what it took; those that took nothing are left out. */
export const accepted = (journey: Journey) =>
  Object.fromEntries(
    Object.entries(journey.vcr.records().queues)
      .filter(([, queue]) => queue.accepted > 0)
      .map(([name, queue]) => [name.split("-").at(-1), queue.accepted]),
  );
export const said = (journey: Journey, pattern: RegExp) =>
  journey.lines.map(({ msg }) => msg).filter((msg) => pattern.test(msg));

export async function campaign(journey: Journey, id: string, to = RECIPIENT) {
  const before = journey.vonage.messages.length;
  await journey.send(buildWhatsAppSend({ msg_id: id, to }));
  await until(`${id} is sent`, () => journey.vonage.messages.length > before);
  const message = journey.vonage.messages[before];
  if (!message) throw new Error("not sent");
  return message;
}

/** The message is refused for the opt-out, and the platform told so. */
export async function suppressed(journey: Journey, id: string, to = RECIPIENT) {
  const before = journey.vonage.messages.length;
  await journey.send(buildWhatsAppSend({ msg_id: id, to }));
  await until(`${id} is reported`, () => journey.moengage.messages.get(id)?.statuses.length === 1);
  expect(journey.moengage.messages.get(id)?.statuses).toMatchObject([
    { status: "failed", reason: "opted_out The person has opted out of messages from this sender" },
  ]);
  expect(journey.vonage.messages.length).toBe(before);
}
