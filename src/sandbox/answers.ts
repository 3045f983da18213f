import type { Deed, People } from "./people.ts";
import type { World } from "./world.ts";

/** What the connector answers by itself in the sandbox. */
export const AUTO_REPLIES = {
  OPT_OUT_REPLY: "You get no more messages. Reply START to get them again.",
  OPT_IN_REPLY: "Welcome back. Reply STOP to end.",
  DEFAULT_REPLY: "Nobody reads this. Reply STOP to get no more messages.",
};

/** What people did and what became of it, in words. */
export function describeAnswers({ deeds, hidden }: People, { moengage, vonage }: World): string {
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

/** What a carrier reports of people who opted out with it. */
const isCarrierOptOut = (reason = "") => reason.startsWith("1240");

/**
 * What went wrong for people who answered: `since` is when the last campaign began, which is the one that must
 * not reach those who had opted out, and must reach everybody else.
 */
export function findUnheard(people: People, { moengage }: World, since: number): string[] {
  const entries = [...moengage.messages.values()];
  const late = entries.filter(({ offeredAt }) => offeredAt >= since);
  const isRefused = ({ statuses }: (typeof late)[number]) =>
    statuses.some(({ reason }) => reason?.startsWith("opted_out"));
  const barred = entries.filter(({ statuses }) => statuses.some(({ reason }) => isCarrierOptOut(reason)));
  const withCarrier = new Set(barred.map(({ channel, to }) => `${channel} ${to}`));
  const bothered = late.filter((entry) => people.hasOptedOut(entry.channel, entry.to) && !isRefused(entry));
  const silenced = late.filter(
    (entry) =>
      !people.hasOptedOut(entry.channel, entry.to) &&
      !withCarrier.has(`${entry.channel} ${entry.to}`) &&
      isRefused(entry),
  );

  const { STOP, START, tap } = people.deeds;
  const heard = (deed: Deed) =>
    moengage.inbound.filter((reply) => (reply.type === "text" ? reply.text.body === deed : deed === "tap"));
  const words = STOP + START + barred.length;
  return [
    ...(bothered.length > 0 ? [`${bothered.length} messages were sent to people who had said STOP`] : []),
    ...(silenced.length > 0
      ? [`${silenced.length} messages were refused to people who had not said STOP`]
      : []),
    ...(heard("tap").length === tap ? [] : [`${tap} taps, and the platform was told ${heard("tap").length}`]),
    ...(moengage.customers.length === words
      ? []
      : [
          `${words} opt-outs and opt-ins, carriers' included, and ${moengage.customers.length} profiles written`,
        ]),
  ];
}
