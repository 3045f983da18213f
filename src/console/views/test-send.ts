import { type Html, html } from "../html.ts";
import { CHANNEL_CHOICES, field, given, select } from "./parts.ts";

/** One message to oneself; where it was sent its story takes over. */
export function testSendForm(values: Record<string, unknown>): Html {
  const channel = given(values, "channel") || "whatsapp";
  return html`<form method="post" action="/console/test-send" class="stack">
${select("channel", "Channel", CHANNEL_CHOICES, channel)}
<label>Your phone number with its country code <input name="to" required autocomplete="off" inputmode="tel" placeholder="447700900123"></label>
<fieldset><legend>WhatsApp: an approved template</legend>
${field("template", "Template", given(values, "template"), "order_shipped")}
${field("language", "Language", given(values, "language"), "en")}
<label>Values of the body’s placeholders, one a line <textarea name="parameters" rows="3"></textarea></label></fieldset>
<fieldset><legend>SMS, or a WhatsApp conversation that is open: a text</legend>
<label>Text <textarea name="text" rows="2"></textarea></label></fieldset>
<p class="buttons"><button>Send</button></p>
<p class="hint">It goes the way of every message: checked against its template, queued, sent by Vonage at its usual price. The number is not kept. Somebody who has opted out gets nothing.</p></form>`;
}
