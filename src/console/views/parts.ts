import type { Channel } from "../../core/message.ts";
import { CHANNEL_LABEL } from "../../core/message.ts";
import { inAddress } from "../../core/text.ts";
import { type Html, html } from "../html.ts";
import type { Loaded } from "../loaded.ts";

/** Pieces that several pages share. Everything here is pure and escaped. */

export const channelLabel = (channel: Channel) => CHANNEL_LABEL[channel] ?? channel;

export const number = (value: number) => value.toLocaleString("en");

/** `one` for a single thing, with `s` for more. */
export const count = (value: number, one: string, many = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : many}`;

const UNITS: [ms: number, name: string][] = [
  [24 * 3_600_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** A span of time in its largest unit. */
export function duration(ms: number): string {
  const [unit, name] = UNITS.find(([size]) => ms >= size) ?? [1_000, "second"];
  return count(Math.max(0, Math.round(ms / unit)), name);
}

/** How long ago, with the time itself for whoever points at it. */
export function ago(at: string | null, now: number): Html {
  if (at === null || Number.isNaN(Date.parse(at))) return html`<span class="none">never</span>`;
  const ms = now - Date.parse(at);
  const words = Math.abs(ms) < 5_000 ? "just now" : ms > 0 ? `${duration(ms)} ago` : `in ${duration(-ms)}`;
  return html`<time datetime="${at}" title="${absolute(at)}">${words}</time>`;
}

/** In UTC, for campaigns of any country. */
export const absolute = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** What was loaded, or a note that says why it was not. A live page shows it anew as a whole where it has other parts then. */
export const section = <T>(loaded: Loaded<T>, view: (value: T) => Html): Html =>
  html`<div id="loaded">${loaded.is === "there" ? view(loaded.value) : note("trouble", loaded.why)}</div>`;

export const note = (kind: "good" | "trouble" | "plain", text: string | Html): Html =>
  html`<p class="note ${kind}" role="${kind === "trouble" ? "alert" : "status"}">${text}</p>`;

/** The link to a message's story; a request that was refused may have had no id. */
export const story = (id: string): Html =>
  id === ""
    ? html`<span class="none">no id</span>`
    : html`<a class="id" href="/console/message?id=${inAddress(id)}">${id}</a>`;

/** A table that scrolls by itself where it is wider than a phone. The first cell of each row is its heading. */
export function table(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly (Html | string)[])[],
): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}

export interface Choice {
  value: string;
  label: string;
}

export const select = (name: string, label: string, choices: readonly Choice[], chosen: string): Html =>
  html`<label>${label} <select name="${name}">${choices.map(
    ({ value, label: words }) =>
      html`<option value="${value}"${value === chosen ? html` selected` : ""}>${words}</option>`,
  )}</select></label>`;

export const field = (name: string, label: string, value = "", hint = ""): Html =>
  html`<label>${label} <input name="${name}" value="${value}" autocomplete="off"${
    hint ? html` placeholder="${hint}"` : ""
  }></label>`;

export const CHANNEL_CHOICES: Choice[] = [
  { value: "whatsapp", label: "WhatsApp" },
  { value: "sms", label: "SMS" },
];

export const SINCE_CHOICES: Choice[] = [
  { value: "1h", label: "the last hour" },
  { value: "24h", label: "the last 24 hours" },
  { value: "7d", label: "the last 7 days" },
  { value: "14d", label: "the last 14 days" },
];

/** A field as it was given, to be shown again. */
export const given = (values: Record<string, unknown>, name: string): string =>
  typeof values[name] === "string" ? (values[name] as string) : "";
