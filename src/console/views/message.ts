import type { MessageStory, StoryStep } from "../../core/insight.ts";
import { type Html, html } from "../html.ts";
import { absolute, ago, channelLabel, note } from "./parts.ts";

type Found = Extract<MessageStory, { found: true }>;

const STATES: Record<Found["state"], string> = {
  waiting: "It waits to be sent.",
  sent: "Vonage has it and is delivering it.",
  delivered: "It was delivered.",
  read: "It was delivered and read.",
  failed: "It failed.",
  "in doubt":
    "It may or may not have been sent: Vonage's answer never arrived. It is not sent again by itself; this is settled when a status comes, or when the waiting time is over.",
};

const STEPS: Record<StoryStep["step"], string> = {
  accepted: "Accepted from the platform",
  attempt: "Taken up for sending",
  sent: "Sent: Vonage took it",
  refused: "Refused",
  "in doubt": "No answer from Vonage",
  status: "Status from Vonage",
  report: "Reported to the platform",
};

export const messageForm = (id: string): Html =>
  html`<form method="get" action="/console/message" class="filter" role="search" aria-label="Which message">
<label>Message id <input name="id" value="${id}" required autocomplete="off" size="40" placeholder="the platform’s id, our trackingId, or Vonage’s message_uuid"></label>
<button>Show</button></form>`;

/** Whether more can still happen, so that it is worth looking again. */
export const isOpen = (story: MessageStory): boolean =>
  !story.found || ["waiting", "sent", "in doubt"].includes(story.state);

/** The story of one id; `advice` is what the dictionary says of its failure. */
export function messageView(
  story: MessageStory,
  advice: { description: string; nextStep: string } | undefined,
  now: number,
): Html {
  if (!story.found)
    return html`<div id="story" data-live aria-live="polite">${note("plain", story.message)}<p>A message that was just accepted may still be in the queue: this page looks again by itself, or <a href="">look again</a>.</p></div>`;
  const tone =
    story.state === "failed" ? "trouble" : ["delivered", "read"].includes(story.state) ? "good" : "plain";
  return html`<div id="story" data-live aria-live="polite">
<p class="note ${tone}" role="status"><strong>${STATES[story.state]}</strong></p>
${
  advice && story.state === "failed"
    ? html`<div class="reason-box"><p class="what">${advice.description}</p><p class="do"><strong>Next step:</strong> ${advice.nextStep}</p></div>`
    : ""
}
<dl class="facts"><div><dt>Message id</dt><dd class="id">${story.id}</dd></div>
<div><dt>Platform</dt><dd>${story.platform} ${channelLabel(story.channel)}</dd></div>
<div><dt>Template</dt><dd>${story.template || "none"}</dd></div>
<div><dt>Vonage’s message_uuid</dt><dd class="id">${story.messageUuid ?? "none yet"}</dd></div></dl>
<h2>Step by step</h2>
<ol class="steps">${story.steps.map((step) => stepView(step, now))}</ol></div>`;
}

function stepView(step: StoryStep, now: number): Html {
  const { at, status, code, description, attempt, outcome } = step;
  const facts = [
    status && `status ${status}`,
    attempt !== undefined && attempt > 1 && `attempt ${attempt}`,
    outcome,
    code && `code ${code}`,
  ].filter(Boolean);
  return html`<li class="${step.step.replace(" ", "-")}"><strong>${STEPS[step.step]}</strong>${
    facts.length > 0 ? `: ${facts.join(", ")}` : ""
  }${description ? html`<br>${description}` : ""}<br><small>${
    at === null ? "time not known" : html`${ago(at, now)}, ${absolute(at)}`
  }</small></li>`;
}
