import type { Setting } from "../../config/settings.ts";
import { type Html, html } from "../html.ts";
import { count, table } from "./parts.ts";

/** What is in effect, without a secret, and what other systems have to be given. */
export function settingsView(settings: readonly Setting[], notes: readonly string[], mapper: object): Html {
  const set = settings.filter(({ value, fingerprints }) => value !== "" || fingerprints.length > 0);
  const unset = settings.filter((setting) => !set.includes(setting)).map(({ name }) => name);
  return html`${
    notes.length === 0
      ? ""
      : html`<section aria-labelledby="off-title"><h2 id="off-title">What is off</h2><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></section>`
  }
<section aria-labelledby="set-title"><h2 id="set-title">Settings in effect</h2>
<p>Change them in the install form, or in vcr.yml, and deploy again: the connector reads them when it starts. A secret is not shown; its fingerprint is the first eight digits of its SHA-256 (<code>printf %s 'secret' | sha256sum</code>), so that you can tell which one is in use.</p>
${table(
  "Variables that are set",
  ["Variable", "Value", "Fingerprints of active secrets"],
  set.map(({ name, value, fingerprints }) => [
    html`<code>${name}</code>`,
    value,
    fingerprints.length === 0 ? "" : `${count(fingerprints.length, "value")}: ${fingerprints.join(", ")}`,
  ]),
)}
<details><summary>${count(unset.length, "variable")} not set</summary><p>${unset.join(", ")}</p></details></section>
<section aria-labelledby="mapper-title"><h2 id="mapper-title">Mapper for the stream of events</h2>
<p>The platform’s Connected Sources needs it, where the events of people are sent there.</p>
<details><summary>Show the mapper</summary><pre tabindex="0">${JSON.stringify(mapper, null, 2)}</pre></details></section>`;
}
