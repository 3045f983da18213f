import type { SetupAnswer, SetupCheck } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import { ago, count, note } from "./parts.ts";

/** What was checked: what is wrong comes first. */
export function setupView({ checkedAt, checks }: SetupAnswer, now: number): Html {
  const wrong = checks.filter(({ ok }) => ok === false);
  const unknown = checks.filter(({ ok }) => ok === null);
  const right = checks.filter(({ ok }) => ok === true);
  const verdict =
    wrong.length === 0
      ? note("good", `Nothing wrong was found in ${count(checks.length, "check")}.`)
      : note("trouble", `${count(wrong.length, "thing")} to put right.`);
  return html`<div id="checks" data-live>${verdict}<p>Checked ${ago(checkedAt, now)}. <a href="/console/setup">Check again</a></p>
${group("To put right", wrong)}${group("Could not be checked", unknown)}${group("In order", right)}</div>`;
}

const MARK = { true: "In order", false: "Wrong", null: "Unknown" } as const;

function group(title: string, checks: readonly SetupCheck[]): Html | string {
  if (checks.length === 0) return "";
  return html`<section><h2>${title}</h2><ul class="checks">${checks.map(
    ({ id, title: what, ok, found, remedy }) =>
      html`<li id="check-${id}" class="${ok === null ? "unknown" : ok ? "right" : "wrong"}"><h3><span class="mark">${MARK[`${ok}`]}</span> ${what}</h3><p>${found}</p>${
        remedy ? html`<p class="do"><strong>${ok ? "Advice" : "What to do"}:</strong> ${remedy}</p>` : ""
      }</li>`,
  )}</ul></section>`;
}
