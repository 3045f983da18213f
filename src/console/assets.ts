import { CSS } from "./style.ts";

/** Runs in the browser as it stands: shows anew what is marked as live, where nobody is at work in it, or says that it cannot. */
const SCRIPT = `"use strict";
const main = document.querySelector("main[data-live-seconds]");
const stale = document.getElementById("stale");
let times = 0;
if (main) window.setTimeout(refresh, Number(main.dataset.liveSeconds) * 1000);
async function refresh() {
  let seconds = Number(main.dataset.liveSeconds);
  try {
    if (!document.hidden) {
      const late = new AbortController();
      window.setTimeout(() => late.abort(), 10000);
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: late.signal });
      stale.hidden = answer.ok;
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const [before, after] = [document, fresh].map((page) => page.getElementById("loaded"));
        if (parts(before) !== parts(after)) show(before, after);
        else for (const part of before.querySelectorAll("[data-live][id]")) show(part, fresh.getElementById(part.id));
        const next = fresh.querySelector("main[data-live-seconds]");
        if (!next) return;
        seconds = Number(next.dataset.liveSeconds);
      }
    }
  } catch {
    stale.hidden = false;
  }
  // A page that is left open asks less and less often, down to once a minute.
  times += 1;
  window.setTimeout(refresh, Math.min(60, seconds * Math.max(1, times / 15)) * 1000);
}
function parts(loaded) {
  return [...loaded.querySelectorAll("[data-live][id]")].map(({ id }) => id).join(" ");
}
function show(part, fresh) {
  if (!fresh || part.innerHTML === fresh.innerHTML || part.contains(document.activeElement)) return;
  const open = [...part.querySelectorAll("details[open][id]")].map(({ id }) => id);
  part.innerHTML = fresh.innerHTML;
  part.className = fresh.className;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
}
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#5b2be0"/><path d="M4 5l4 7 4-7" fill="none" stroke="#fff" stroke-width="2"/></svg>`;

/** What the pages load, all from here. */
export const ASSETS: Record<string, { type: string; text: string }> = {
  "console.css": { type: "text/css; charset=utf-8", text: CSS },
  "console.js": { type: "text/javascript; charset=utf-8", text: SCRIPT },
  "icon.svg": { type: "image/svg+xml", text: ICON },
};
