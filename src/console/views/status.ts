import type { ChannelState, StatusAnswer } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import { ago, channelLabel, count, duration, number, table } from "./parts.ts";

const STATES: Record<ChannelState["state"], string> = {
  sending: "sending",
  slowed: "slowed down",
  paused: "paused",
  idle: "nothing to send",
  off: "off",
};

/** Is it running, what waits, and who is away. */
export function statusView(status: StatusAnswer, now: number): Html {
  const troubles = troublesOf(status);
  return html`
<div id="summary" data-live role="status" class="note ${troubles.length === 0 ? "good" : "trouble"}">${
    troubles.length === 0
      ? html`<p><strong>All is well.</strong> ${waitingWords(status)}</p>`
      : html`<p><strong>Needs a look:</strong></p><ul>${troubles.map((trouble) => html`<li>${trouble}</li>`)}</ul>`
  }</div>
<section id="channels" data-live aria-labelledby="channels-title"><h2 id="channels-title">Channels</h2>
${table(
  "What is sent, and how fast",
  [
    "Channel",
    "State",
    "Waiting",
    "Speed",
    "Empty in",
    "Last accepted",
    "Last sent",
    "Last status",
    "Last report",
  ],
  status.channels.map((channel) => channelRow(channel, now)),
)}</section>
<section id="neighbours" data-live aria-labelledby="neighbours-title"><h2 id="neighbours-title">Whom the connector needs</h2>
${table(
  "Who answers",
  ["Name", "State", "Since", "Note"],
  status.dependencies.map(({ name, up, since, note }) => [
    name,
    html`<span class="state ${up === false ? "bad" : up ? "good" : ""}">${up === null ? "not asked yet" : up ? "answers" : "away"}</span>`,
    since === null ? "" : ago(since, now),
    note,
  ]),
)}</section>
<section id="replicas" data-live aria-labelledby="replicas-title"><h2 id="replicas-title">Processes</h2>
${table(
  "Processes of this instance",
  ["Process", "Version", "Started", "Last seen"],
  status.replicas.map(({ id, version, startedAt, seenAt }) => [
    id,
    version,
    ago(startedAt, now),
    ago(seenAt, now),
  ]),
)}</section>`;
}

function channelRow(channel: ChannelState, now: number): (Html | string)[] {
  const { platform, state, reason, waiting, ratePerSecond, secondsToEmpty } = channel;
  const tone = state === "paused" ? "bad" : state === "slowed" ? "warn" : state === "off" ? "" : "good";
  return [
    `${platform} ${channelLabel(channel.channel)}`,
    html`<span class="state ${tone}">${STATES[state]}</span>${reason ? html` <span class="reason">${reason}</span>` : ""}`,
    waiting === null ? "?" : number(waiting),
    ratePerSecond === null ? "" : `${number(ratePerSecond)} a second`,
    secondsToEmpty === null || !waiting ? "" : duration(secondsToEmpty * 1_000),
    ago(channel.lastAcceptedAt, now),
    ago(channel.lastSentAt, now),
    ago(channel.lastStatusAt, now),
    ago(channel.lastReportAt, now),
  ];
}

function troublesOf({ channels, dependencies, deadLetters, inDoubt }: StatusAnswer): (Html | string)[] {
  const stopped = channels
    .filter(({ state }) => state === "paused" || state === "slowed")
    .map(
      ({ platform, channel, state, reason }) =>
        html`${platform} ${channelLabel(channel)} is ${STATES[state]}${reason ? `: ${reason}` : ""}`,
    );
  const away = dependencies
    .filter(({ up }) => up === false)
    .map(({ name, note }) => html`${name} is away${note ? `: ${note}` : ""}`);
  const held = deadLetters
    ? [
        html`${count(deadLetters, "message")} could not be processed: <a href="/console/held">see what is held</a>`,
      ]
    : [];
  const doubt = inDoubt
    ? [
        `${count(inDoubt, "message")} may or may not have been sent: the answer never arrived. They are settled by themselves`,
      ]
    : [];
  const off = channels.every(({ on }) => !on)
    ? [html`No channel is on, so nothing can be sent: <a href="/console/setup">see Setup</a>`]
    : [];
  return [...off, ...stopped, ...away, ...held, ...doubt];
}

function waitingWords({ channels }: StatusAnswer): string {
  // Platforms share the queues of a channel.
  const on = channels.filter((channel) => channel.on);
  const ofChannels = new Map(on.map(({ channel, waiting }) => [channel, waiting ?? 0]));
  const waiting = [...ofChannels.values()].reduce((sum, ofChannel) => sum + ofChannel, 0);
  return waiting === 0 ? "Nothing waits to be sent." : `${count(waiting, "message")} on the way.`;
}
