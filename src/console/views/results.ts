import type { Reason, ResultRow, ResultsAnswer } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import {
  absolute,
  CHANNEL_CHOICES,
  type Choice,
  channelLabel,
  count,
  field,
  given,
  note,
  number,
  SINCE_CHOICES,
  select,
  story,
} from "./parts.ts";

const STAGES = [
  ["accepted", "Accepted"],
  ["sent", "Sent"],
  ["delivered", "Delivered"],
  ["read", "Read"],
  ["failed", "Failed"],
  ["waiting", "Waiting"],
  ["optedOut", "Opted out"],
  ["refused", "Refused"],
] as const;
const SHARE_OF_ACCEPTED = new Set<string>(["sent", "delivered", "read", "failed"]);

/** Of these the first few are told at the top: whoever puts those right has most of it. */
const MOST_STEPS = 5;

/** Which results, by form. */
export function resultsForm(values: Record<string, unknown>, platforms: readonly Choice[]): Html {
  const query = new URLSearchParams(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  return html`<form method="get" action="/console/results" class="filter" role="search" aria-label="Which results">
${select("since", "Accepted in", SINCE_CHOICES, given(values, "since") || "24h")}
${select("platform", "Platform", [{ value: "", label: "all" }, ...platforms], given(values, "platform"))}
${select("channel", "Channel", [{ value: "", label: "all" }, ...CHANNEL_CHOICES], given(values, "channel"))}
${field("template", "Template", given(values, "template"), "all")}
<button>Show</button> <a href="/console/api/results.csv?${query.toString()}">Download for a spreadsheet</a></form>`;
}

/** Template by template what became of the messages, and what to do about those that failed. */
export function resultsView({ from, rows }: ResultsAnswer): Html {
  if (rows.length === 0)
    return note(
      "plain",
      `Nothing was sent since ${absolute(from)}. A campaign shows up here within a minute.`,
    );
  const sums = STAGES.map(([stage, label]) => {
    const sum = rows.reduce((total, row) => total + row[stage], 0);
    return html`<div class="figure ${stage}"><dt>${label}</dt><dd>${number(sum)}</dd></div>`;
  });
  return html`<section id="totals" data-live aria-live="polite" aria-label="All together"><p class="since">Since ${absolute(from)}, all together:</p><dl class="figures">${sums}</dl></section>
<div id="next-steps" data-live>${nextSteps(rows)}</div>
<section id="rows" data-live aria-labelledby="rows-title"><h2 id="rows-title">Template by template</h2>${rows.toSorted(worstFirst).map(rowView)}</section>`;
}

const worstFirst = (a: ResultRow, b: ResultRow) =>
  b.failed + b.refused - (a.failed + a.refused) || b.accepted - a.accepted;

/** The reasons of all rows together, the most frequent first. */
function nextSteps(rows: readonly ResultRow[]): Html {
  const byCode = new Map<string, Reason & { where: Set<string> }>();
  for (const row of rows) {
    for (const reason of row.reasons) {
      const known = byCode.get(reason.code) ?? { ...reason, count: 0, samples: [], where: new Set<string>() };
      known.count += reason.count;
      known.samples = [...known.samples, ...reason.samples].slice(0, 3);
      known.where.add(nameOf(row));
      byCode.set(reason.code, known);
    }
  }
  const all = [...byCode.values()].toSorted(
    (a, b) => Number(isChoice(a)) - Number(isChoice(b)) || b.count - a.count,
  );
  if (all.length === 0) return note("good", "No message failed. There is nothing to do.");
  const steps = all
    .slice(0, MOST_STEPS)
    .map(
      ({ where, ...reason }) =>
        html`<li>${reasonView(reason)}<p class="where">In ${[...where].slice(0, 3).join(", ")}${where.size > 3 ? ` and ${where.size - 3} more` : ""}</p></li>`,
    );
  return html`<section class="next" aria-labelledby="next-title"><h2 id="next-title">What to do next</h2><ol>${steps}</ol></section>`;
}

/** A person's own choice is as it should be, however often. */
const isChoice = ({ code }: Reason) => code === "opted_out";

function rowView(row: ResultRow): Html {
  const figures = STAGES.map(([stage, label]) => {
    const share =
      SHARE_OF_ACCEPTED.has(stage) && row.accepted > 0
        ? html` <small>${Math.round((100 * row[stage]) / row.accepted)} %</small>`
        : "";
    return html`<div class="figure ${stage}"><dt>${label}</dt><dd>${number(row[stage])}${share}</dd></div>`;
  });
  const reasons =
    row.reasons.length === 0
      ? ""
      : html`<details id="why-${idOf(row)}"><summary>Why ${count(row.failed + row.refused + row.optedOut, "message")} did not arrive</summary><ul class="reasons">${row.reasons.map((reason) => html`<li>${reasonView(reason)}</li>`)}</ul></details>`;
  return html`<article class="row"><h3>${nameOf(row)}</h3>
<p class="about">${row.platform} ${channelLabel(row.channel)} from ${row.sender || "its sender"}</p>
<dl class="figures">${figures}</dl>${reasons}</article>`;
}

const nameOf = ({ template, language, channel }: ResultRow) =>
  template === ""
    ? `${channelLabel(channel)} without a template`
    : language
      ? `${template} (${language})`
      : template;

/** Tells one row of the page from another, in letters that an attribute takes. */
const idOf = ({ platform, channel, sender, template, language }: ResultRow) =>
  Buffer.from([platform, channel, sender, template, language].join("|")).toString("base64url");

function reasonView({ code, description, nextStep, count: times, samples }: Reason): Html {
  return html`<div class="reason-box"><p class="what"><strong>${count(times, "message")}</strong>: ${description} <small>(code ${code})</small></p>
<p class="do"><strong>Next step:</strong> ${nextStep}</p>${
    samples.length === 0
      ? ""
      : html`<p class="samples">For example ${samples.map((id) => html`${story(id)} `)}</p>`
  }</div>`;
}
