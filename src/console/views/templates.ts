import type { TemplatesAnswer } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import { ago, count, note, table } from "./parts.ts";

export const syncForm = (): Html =>
  html`<form method="post" action="/console/templates" class="filter"><button>Sync now</button></form>`;

/** What the WhatsApp account has, as of the last sync. */
export function templatesView({ syncedAt, templates }: TemplatesAnswer, now: number): Html {
  if (syncedAt === null)
    return note("plain", "The connector has no list of templates yet. Sync now, or have the platform sync.");
  const rows = templates.map(({ name, language, status, parameters, lastMismatch }) => [
    name,
    language,
    html`<span class="state ${status === "APPROVED" ? "good" : "warn"}">${status.toLowerCase()}</span>`,
    parameters.length === 0 ? "none" : parameters.join("; "),
    lastMismatch ?? "",
    status === "APPROVED"
      ? html`<a href="/console/test-send?channel=whatsapp&amp;template=${encodeURIComponent(name)}&amp;language=${encodeURIComponent(language)}" aria-label="Test ${name} (${language})">Test</a>`
      : "",
  ]);
  return html`<p>${count(templates.length, "template")}, as of ${ago(syncedAt, now)}.</p>${table(
    "Templates of the WhatsApp account",
    ["Name", "Language", "Status", "What a send must fill in", "What did not fit lately", "Try"],
    rows,
  )}`;
}
