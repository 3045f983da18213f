import { type People, personKey } from "./people.ts";
import type { World } from "./world.ts";

/** What the connector answers by itself in the sandbox. */
export const AUTO_REPLIES = {
  OPT_OUT_REPLY: "You get no more messages. Reply START to get them again.",
  OPT_IN_REPLY: "Welcome back. Reply STOP to end.",
  DEFAULT_REPLY: "Nobody reads this. Reply STOP to get no more messages.",
};

/** What people did and what became of it, in words. */
export function describeAnswers(
  { deeds, hidden }: People,
  { platforms: { moengage }, vonage }: World,
): string {
  const said = Object.entries(deeds).map(([deed, count]) => `${count} ${deed}`);
  const texts: Record<string, string> = AUTO_REPLIES;
  const sent = Object.keys(texts).map((name) => {
    const count = vonage.messages.filter(({ request }) => "text" in request && request.text === texts[name]);
    return `${count.length} ${name}`;
  });
  return [
    `people answered: ${said.join(", ")}; ${hidden} of them hid their number`,
    `the platform was told: ${moengage.inbound.length} answers, ${moengage.customers.length} profiles written`,
    `they were answered: ${sent.join(", ")}`,
  ].join("\n");
}

/** People whom a carrier reports as opted out with it, by what Vonage told of them. */
function barredByCarrier({ vonage }: World): Set<string> {
  const barred = vonage.webhooks.filter(({ body }) => {
    const error = body["error"] as { type: string } | undefined;
    return body["channel"] === "sms" && error?.type.endsWith("#1240");
  });
  return new Set(barred.map(({ body }) => personKey("sms", String(body["to"]))));
}

/**
 * What went wrong for people who answered: `since` is when the last campaign began, which is the one that must
 * not reach those who had opted out, and must reach everybody else.
 */
export function findUnheard(people: People, world: World, since: number): string[] {
  const { moengage } = world.platforms;
  const barred = barredByCarrier(world);
  const late = [...moengage.messages.values()].filter(({ offeredAt }) => offeredAt >= since);
  const isRefused = ({ statuses }: (typeof late)[number]) =>
    statuses.some(({ reason }) => reason?.includes("opted_out"));
  const bothered = late.filter((entry) => people.hasOptedOut(entry.channel, entry.to) && !isRefused(entry));
  const silenced = late.filter(
    ({ channel, to, ...entry }) =>
      !people.hasOptedOut(channel, to) &&
      !barred.has(personKey(channel, to)) &&
      isRefused({ channel, to, ...entry }),
  );
  const taps = moengage.inbound.filter(({ type }) => type === "button").length;

  const profileOf = (number: string, attribute: "moe_wa_subscription" | "moe_sms_subscription") =>
    moengage.customers
      .map(({ attributes }) => attributes)
      .findLast((attributes) => attributes.moe_mobile === number && attribute in attributes)?.[attribute];
  const wrong = [...people.lastWords].filter(([person, { channel, number, said }]) => {
    if (barred.has(person)) return false;
    return channel === "whatsapp"
      ? profileOf(number, "moe_wa_subscription") !== (said === "START")
      : profileOf(number, "moe_sms_subscription") !== (said === "START" ? "OPTIN" : "OPTOUT");
  });

  const problems: [number, string][] = [
    [bothered.length, "messages were sent to people who had said STOP"],
    [silenced.length, "messages were refused to people who had not said STOP"],
    [people.deeds.tap - taps, "taps were not told to the platform"],
    [wrong.length, "people whose profile does not say what they said last"],
  ];
  return problems.filter(([count]) => count !== 0).map(([count, words]) => `${count} ${words}`);
}
