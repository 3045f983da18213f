import { type Html, html } from "../html.ts";

export const PAGES = [
  ["status", "Status"],
  ["results", "Results"],
  ["failures", "Failures"],
  ["message", "Message"],
  ["setup", "Setup"],
  ["test-send", "Test send"],
  ["opt-outs", "Opt-outs"],
  ["held", "Held"],
  ["templates", "Templates"],
  ["settings", "Settings"],
] as const;

export type PageName = (typeof PAGES)[number][0];

export interface Page {
  name: PageName | "";
  title: string;
  /** One sentence below the title. */
  intro: string | Html;
  body: Html;
  /** Seconds after which what is marked as live is shown anew, where the browser runs scripts. */
  liveSeconds?: number;
}

/** A whole page. */
export function layout({ name, title, intro, body, liveSeconds }: Page): string {
  const links = PAGES.map(
    ([path, label]) =>
      html`<li><a href="/console/${path}"${path === name ? html` aria-current="page"` : ""}>${label}</a></li>`,
  );
  const live = liveSeconds === undefined ? "" : html` data-live-seconds="${liveSeconds}"`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Vonage connector</title>
<link rel="stylesheet" href="/console/assets/console.css">
<link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml">
<script src="/console/assets/console.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><p class="brand">Vonage connector</p><nav aria-label="Pages"><ul>${links}</ul></nav></header>
<main id="content" tabindex="-1"${live}>
<h1>${title}</h1>
<p class="intro">${intro}</p>
<p id="stale" class="note trouble" role="alert" hidden>The connector does not answer, so this is what it last showed. It is asked again and again.</p>
${body}
</main>
<footer><p>Times are yours to read as “ago”; point at one for the exact time in UTC. Nobody’s phone number is shown beyond its last four digits.</p></footer>
</body>
</html>
`.text;
}
