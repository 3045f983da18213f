import type { DeadLettersAnswer } from "../../core/insight.ts";
import type { ReplayAnswer } from "../../flows/dispatch/replay-letters.ts";
import { type Html, html } from "../html.ts";
import { ago, count, note, SINCE_CHOICES, select, story, table } from "./parts.ts";

const KINDS: Record<string, string> = {
  send: "a message to be sent",
  report: "a report for the platform",
  reply: "a reply for the platform",
  "unknown-outcome": "a message whose outcome is unknown",
  offloaded: "a large report or reply",
};

export const replayed = ({ replayed: times, left, dryRun }: ReplayAnswer): Html =>
  note(
    "plain",
    dryRun
      ? `${count(times, "message")} would be put back, ${left} would stay. Nothing was changed.`
      : `${count(times, "message")} put back on the queue, ${left} still held.`,
  );

/** What the queues gave up on, and how to put it back. */
export function heldView({ letters }: DeadLettersAnswer, now: number): Html {
  if (letters.length === 0) return note("good", "Nothing is held: every message found its way.");
  const rows = letters.map(({ key, queue, kind, id, attempt, at, reason }) => [
    id === null ? "not readable" : story(id),
    KINDS[kind] ?? kind,
    queue,
    attempt === null ? "" : String(attempt),
    ago(at, now),
    reason,
    id === null
      ? ""
      : html`<form method="post" action="/console/held"><input type="hidden" name="ids" value="${key}"><button aria-label="Put back ${id}">Put back</button></form>`,
  ]);
  return html`<form method="post" action="/console/held" class="filter">
${select("since", "Put back what was found in", SINCE_CHOICES, "24h")}
<label><input type="checkbox" name="dryRun" value="true" checked> only try it out</label><button>Put back</button></form>
<form method="post" action="/console/held" class="filter"><input type="hidden" name="all" value="true"><button>Put everything back now</button></form>
<div id="letters" data-live>${table("What is held, the oldest first", ["Message", "What it is", "Queue", "Attempt", "Found", "Why it is here", "Put back"], rows)}</div>`;
}
