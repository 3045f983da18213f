import type { ChannelState } from "../../core/insight.ts";
import { CHANNEL_LABEL } from "../../core/message.ts";
import type { Probe } from "./check.ts";
import { DAY_MS, good, type SetupPorts, unknown, wrong } from "./ports.ts";

/** What keeps messages from leaving. */
export function sendingProbes({ facts, status, queues, emptiedAt, now }: SetupPorts): Probe[] {
  const lately = (at: number) => at > 0 && now() - at < 7 * DAY_MS;
  return [
    {
      ...{ id: "channels", title: "Channels" },
      look: async () =>
        facts.channels.length === 0
          ? wrong("No channel is on, so nothing can be sent", facts.notes.join(". "))
          : good(`On: ${facts.channels.map(({ name }) => name).join(", ")}`, facts.notes.join(". ")),
    },
    {
      ...{ id: "sending", title: "Sending goes on" },
      async look() {
        const { channels } = await status();
        const stopped = channels.filter(({ state }) => state === "paused" || state === "slowed");
        return stopped.length === 0
          ? good("Nothing is paused or slowed down")
          : wrong(
              stopped.map((channel) => `${labelOf(channel)}: ${channel.state}, ${channel.reason}`).join("; "),
              "Do what the reason says: top up the balance, repair the key pair, link the sender, or wait. Nothing is lost meanwhile",
            );
      },
    },
    {
      ...{ id: "rates", title: "Speed" },
      async look() {
        const { ratePerSecond: rate, messageTtlSeconds: ttl } = facts;
        const found = `${rate} messages a second: ${(rate * ttl).toLocaleString("en")} can be sent within their time to live`;
        const late = (await status()).channels.filter(
          ({ secondsToEmpty }) => (secondsToEmpty ?? 0) > ttl / 2,
        );
        if (late.length > 0)
          return wrong(
            `${late.map(labelOf).join(", ")}: what waits needs more than half of its time to live`,
            "Send the rest later, or ask Vonage for a higher limit and raise DISPATCH_RATE_PER_SECOND",
          );
        const both = new Set(facts.channels.map(({ channel }) => channel)).size > 1;
        return good(
          found,
          both && rate > 15
            ? `WhatsApp and SMS have this speed each. If Vonage answers 429, halve DISPATCH_RATE_PER_SECOND to ${Math.floor(rate / 2)}`
            : "",
        );
      },
    },
    {
      ...{ id: "queues", title: "The queues" },
      async look() {
        const named = async (how: string) =>
          [...(await queues())].filter(([, is]) => is === how).map(([name]) => name);
        const [paused, absent] = await Promise.all([named("paused"), named("absent")]);
        if (paused.length > 0)
          return wrong(
            `Paused at VCR: ${paused.join(", ")}`,
            "Have it resumed (resumeQueue of the VCR SDK). On the Marketplace ask Vonage's support",
          );
        return absent.length > 0
          ? wrong(
              `Not there: ${absent.join(", ")}`,
              "The connector makes it again within half a minute. What waited on it is lost",
            )
          : good("They are there and running");
      },
    },
    {
      ...{ id: "neighbours", title: "Whom the connector needs" },
      async look() {
        const { dependencies } = await status();
        const away = dependencies.filter(({ up }) => up === false);
        return away.length === 0
          ? good("Nobody is known to be away")
          : wrong(
              away.map(({ name, note }) => `${name} is away${note ? `: ${note}` : ""}`).join("; "),
              "Wait, and look at the status page of whoever is away. What was accepted is kept",
            );
      },
    },
    {
      ...{ id: "state", title: "What the connector remembers" },
      async look() {
        if (lately(emptiedAt("account")))
          return wrong(
            "The account's State was emptied: who has opted out is lost, for every instance of the account",
            "Pause the campaigns, open Opt-outs, and import your last export or the platform's own list. Ask Vonage why it happened",
          );
        return lately(emptiedAt("instance"))
          ? wrong(
              "This instance's State was emptied: what was sent, and what was told of it, is lost",
              "There is nothing to do but to ask Vonage why it happened",
            )
          : good("Nothing was lost in the last week");
      },
    },
    {
      ...{ id: "held", title: "Messages that could not be processed" },
      async look() {
        const { deadLetters } = await status();
        if (deadLetters === null) return unknown("Not known now");
        return deadLetters === 0
          ? good("None is held")
          : wrong(
              `${deadLetters} are held`,
              "They come back by themselves, five times at the most. Held shows why they are there, and puts them back",
            );
      },
    },
    {
      ...{ id: "sms-sender", title: "The SMS sender" },
      async look() {
        if (!facts.channels.some(({ channel }) => channel === "sms")) return good("SMS is off");
        return facts.smsSender
          ? good(`${facts.smsSender} is used where a send names none`)
          : good("There is none: a send that names no sender is refused", "Set SMS_SENDER_ID");
      },
    },
  ];

  function labelOf({ platform, channel }: ChannelState): string {
    const known = facts.channels.find(
      (one) => one.channel === channel && one.name.toLowerCase().startsWith(platform),
    );
    return known?.name ?? `${platform} ${CHANNEL_LABEL[channel]}`;
  }
}
