import type { Channel } from "../../core/message.ts";
import type { ImportOutcome, OptOutAnswer, OptOutRequest } from "../../flows/inbound/opt-outs.ts";
import { type Html, html } from "../html.ts";
import { ago, CHANNEL_CHOICES, channelLabel, count, given, note, number, select } from "./parts.ts";

const MANY = [
  { value: "add", label: "opt them out, or bring back an export" },
  { value: "remove", label: "remove their opt-outs" },
];

export const totalsView = (totals: Record<Channel, number>): Html =>
  html`<dl class="figures" id="totals" data-live>${CHANNEL_CHOICES.map(
    ({ value, label }) =>
      html`<div class="figure"><dt>Opted out of ${label}</dt><dd>${number(totals[value as Channel] ?? 0)}</dd></div>`,
  )}</dl>`;

export function optOutForms(values: Record<string, unknown>): Html {
  const channel = given(values, "channel") || "whatsapp";
  return html`<section aria-labelledby="one-title"><h2 id="one-title">One person</h2>
<form method="post" action="/console/opt-outs" class="stack">
${select("channel", "Channel", CHANNEL_CHOICES, channel)}
<label>Phone number with its country code <input name="number" required autocomplete="off" inputmode="tel" placeholder="447700900123"></label>
<p class="buttons"><button name="action" value="check">Look up</button>
<button name="action" value="add">Opt out</button>
<button name="action" value="remove">Remove the opt-out</button></p>
<p class="hint">Remove an opt-out only for a person who has subscribed again somewhere else, on your website for example. No platform is told: change the person’s subscription there as well.</p></form></section>
<section aria-labelledby="many-title"><h2 id="many-title">Many people</h2>
<form method="post" action="/console/opt-outs" class="stack">
${select("channel", "Channel", CHANNEL_CHOICES, channel)}
${select("action", "What to do", MANY, "add")}
<label>Numbers, one a line, or a CSV with the numbers in its first column; or what an export has kept <textarea name="csv" rows="6" required></textarea></label>
<label><input type="checkbox" name="dryRun" value="true" checked> only try it out, change nothing</label>
<p class="buttons"><button>Go</button></p></form></section>`;
}

export function optOutDone(
  { channel, number: person, optedOut, since, changed }: OptOutAnswer,
  action: OptOutRequest["action"],
  now: number,
): Html {
  const name = channelLabel(channel);
  const is = optedOut ? `has opted out of ${name}` : `gets messages on ${name}`;
  const when = since === null ? "" : html`, since ${ago(since, now)}`;
  const did = action === "check" ? "" : changed ? "Done. " : "There was nothing to change. ";
  return note("plain", html`${did}The person with the number ${person} ${is}${when}.`);
}

export function imported({ changed, same, faults, dryRun }: ImportOutcome): Html {
  const what = dryRun ? "would be changed" : "changed";
  return html`${note("plain", `${count(changed, "person", "people")} ${what}, ${same} need no change, ${count(faults.length, "line")} skipped.${dryRun ? " Nothing was changed." : ""}`)}${
    faults.length === 0 ? "" : html`<ul>${faults.slice(0, 100).map((fault) => html`<li>${fault}</li>`)}</ul>`
  }`;
}
