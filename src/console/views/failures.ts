import type { FailuresAnswer } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import { ago, field, given, note, SINCE_CHOICES, select, story, table } from "./parts.ts";

export const failuresForm = (values: Record<string, unknown>): Html =>
  html`<form method="get" action="/console/failures" class="filter" role="search" aria-label="Which failures">
${select("since", "Failed in", SINCE_CHOICES, given(values, "since") || "24h")}
${field("template", "Template", given(values, "template"), "all")}
${field("code", "Code", given(values, "code"), "all")}
<button>Show</button></form>`;

/** The latest failures one by one. */
export function failuresView({ failures }: FailuresAnswer, now: number): Html {
  if (failures.length === 0) return note("good", "No message failed in this time.");
  const rows = failures.map(({ at, id, platform, template, code, description, nextStep }) => [
    story(id),
    ago(at, now),
    platform,
    template || "none",
    html`${description} <small>(code ${code})</small>`,
    nextStep,
  ]);
  return html`<div id="failures" data-live>${table(
    "The latest failures, the newest first",
    ["Message", "When", "Platform", "Template", "What happened", "Next step"],
    rows,
  )}</div>`;
}
