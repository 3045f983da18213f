import type { ErrorCode } from "../lib/errors.ts";
import type { CodeWords } from "./insight.ts";
import type { Refusal } from "./report.ts";

/**
 * Codes of one origin: what each means and what to do next, a sentence of at most 200 characters each, for somebody
 * who writes no code. docs/codes.md is made of these tables.
 */
export type CodeTable<Code extends string = string> = Readonly<
  Record<Code, readonly [description: string, nextStep: string]>
>;

/** Undefined for a code that the table does not have. */
export function wordsIn(table: CodeTable, code: string): CodeWords | undefined {
  const entry = Object.hasOwn(table, code) ? table[code] : undefined;
  return entry && { description: entry[0], nextStep: entry[1] };
}

/** Codes of failed reports that the connector itself makes. */
export type RefusalCode = "expired" | "opted_out" | "outcome_unknown" | "content_lost";

const REFUSALS: CodeTable<RefusalCode> = {
  expired: [
    "The message expired before it could be sent",
    "See on Status whether sending is slow or paused. Then send it again to whoever still needs it.",
  ],
  opted_out: [
    "The person has opted out of messages from this sender",
    "Nothing: this is as it should be. Take the person out of the audience; they can come back with the opt-in word.",
  ],
  outcome_unknown: [
    "The outcome is unknown: Vonage neither confirmed nor refused the message",
    "It may have arrived. Look for it in Vonage's message logs before you send it again.",
  ],
  content_lost: [
    "The message was too large for the queue, and what was kept of it elsewhere is gone: send it again",
    "It was never sent. Send it again to the same people.",
  ],
};

/** Why the connector itself gives a message up, in the words of its report. */
export const ownRefusal = (code: RefusalCode): Refusal => ({ code, description: REFUSALS[code][0] });

const SERVICE = "Nothing, if it passes. If it lasts, look at Status for what is away, and ask for help.";
const FAULT = "Ask for help, with the id of a message and the time.";
const CHECK_WEBHOOKS =
  "Run the check on Setup, and compare the two webhook addresses in Vonage's dashboard yourself.";

/** Errors of the connector, and the reports that it makes itself. */
export const OWN_CODES: CodeTable<ErrorCode | RefusalCode | "unknown"> = {
  ...REFUSALS,
  unknown: [
    "Vonage says that the message failed, and gives no code",
    "Read the words beside it. If they do not help, look for the message in Vonage's message logs.",
  ],

  invalid_request: [
    "The request lacks a field, or one is not filled in as it should be",
    "Compare the sender's settings in your platform with the install guide; the message's words name the field.",
  ],
  invalid_recipient: [
    "The recipient is not a phone number that can be right",
    "Correct the number in your platform: country code first, no zero in front of it or behind it.",
  ],
  invalid_sender: [
    "The message is from a number that this connector does not serve",
    "Make the sender in your platform one of the connector's own numbers (Settings shows them).",
  ],
  invalid_template: [
    "The message does not fit its template",
    "Compare it with the approved template: parameters, header, buttons and cards. Sync the templates if it was changed.",
  ],
  missing_template: [
    "There is no approved template of this name and language",
    "See on Templates which names and languages there are. A new one has to be approved and synced first.",
  ],
  template_mismatch: [
    "The values do not fit the template's placeholders",
    "Fill every placeholder, and give people without that attribute a fallback text or leave them out.",
  ],
  unread_message: [
    "The finished text does not fit any approved template",
    "Use the approved text letter by letter, or have your platform send the values instead of the whole text.",
  ],
  empty_message: [
    "The message has no text and no template",
    "Fill in the message in your platform, and send a test first.",
  ],
  message_too_long: ["The text is longer than its channel takes", "Shorten the text."],
  unsupported_version: [
    "The platform speaks a newer form of its format than this connector",
    "Update the connector, and ask for help if that does not do it.",
  ],

  unauthorized: [
    "The key or password of the request is wrong",
    "Compare the key and secret in your platform with those of the connector. Copy them again if in doubt.",
  ],
  unsupported_media_type: [
    "The request is of a type that the connector does not read",
    "Set the content type in your platform's sender to the one of the install guide.",
  ],
  too_large: ["The message is larger than 1 MB", "Shorten the text, or put less into the template's values."],
  empty_body: [
    "The request is empty",
    "Compare the sender's settings in your platform with the install guide, and send a test.",
  ],
  not_json: [
    "The request cannot be read",
    "Compare the body in your platform's sender with the install guide: a bracket or a quotation mark may be missing.",
  ],
  unreadable: [
    "The request did not arrive whole",
    "Nothing, if it was one. If they are many, ask your platform's support whether it breaks connections off.",
  ],
  not_found: [
    "Nothing is served at this address, or its channel is off",
    "Correct the address in your platform's sender, and see on Setup whether the channel is on.",
  ],

  backlog_full: [
    "More messages wait than can be sent in time",
    "Send the rest later, or ask Vonage for a higher limit and raise the rate in the connector's form.",
  ],
  overloaded: [
    "The connector had more to do than it could",
    "Nothing: it is tried again. If it lasts, ask for help and tell how large the campaign is.",
  ],
  deadline: ["The connector did not answer in time", SERVICE],
  stopping: [
    "The connector was being restarted",
    "Most platforms send it again by themselves. Compare what was accepted with your audience before you send again.",
  ],
  internal: ["A fault in the connector", FAULT],

  unsigned: [
    "A report of Vonage came without its signature",
    "Switch signed webhooks on in Vonage's dashboard. Vonage sends the report again for 24 hours.",
  ],
  signature_mismatch: [
    "The signature secret is not the one of the Vonage account",
    "Copy the signature secret again from Vonage's dashboard into the connector's form. Reports wait for 24 hours.",
  ],
  forged_webhook: [
    "A report was altered on its way, or somebody forged it. It was refused",
    "Nothing, if it was one. If they are many, ask whoever runs your network whether something alters requests.",
  ],
  other_account: [
    "A report came from another Vonage account",
    "Check that the API key and the application in the connector's form belong to the same account.",
  ],
  wrong_time: [
    "A report has a time that cannot be right",
    "Ask for help: a clock is wrong. The reports wait for 24 hours.",
  ],
  channel_off: [
    "There is something to tell for a channel that is off",
    "Set the channel's fields in the connector's form again; the log names them. Reports wait for 24 hours.",
  ],
  invalid_webhook: ["Vonage sent a report that the connector does not understand", FAULT],

  not_sent: ["The neighbour could not be reached", SERVICE],
  no_answer: ["No answer came in time", SERVICE],

  foreign_job: [
    "Somebody else's work, or work signed with an older key, was on the queue. It was refused",
    "If the application's key was changed, set the previous key as well (Settings). Otherwise nothing.",
  ],
  unknown_job_version: [
    "Another version of the connector put this on the queue",
    "Run the version that made it, or wait: it is kept until then.",
  ],
  unreadable_job: ["Something on the queue cannot be read", FAULT],
  queue_unavailable: [
    "The queue of Vonage Cloud Runtime did not take the message at once",
    "Most platforms send it again by themselves. Compare what was accepted with your audience before you send again.",
  ],
  claim_unanswered: [
    "The store of Vonage Cloud Runtime does not answer, so the message waits",
    "Nothing: it is sent when the store answers again.",
  ],
  state_away: [
    "The store of Vonage Cloud Runtime does not answer, so figures and stories cannot be shown",
    "Try again in a minute: nothing that was counted is lost.",
  ],

  provider_refused: ["A service of Vonage Cloud Runtime refused what the connector asked", SERVICE],
  provider_garbled: ["A service of Vonage Cloud Runtime answered something that is not understood", SERVICE],
  status_under_way: [
    "Two reports of one message came at the same time: one waits for the other",
    "Nothing: it is told some seconds later.",
  ],

  platform_unavailable: [
    "Your platform cannot be reached, so its reports wait",
    "Compare the report address on Setup with the one your platform shows. Reports wait for 24 hours.",
  ],
  platform_unanswered: [
    "The platform did not answer what it was told, and may have it all the same",
    "Nothing: it is told again after ten minutes, then less and less often. Its figures may count it twice.",
  ],
  platform_refused: [
    "Your platform refused a report",
    "Copy the report address again from the sender that is in use in your platform.",
  ],
  platform_garbled: [
    "What answers at the report address is not your platform",
    "Copy the report address again from your platform, letter by letter.",
  ],

  alert_refused: [
    "Whoever takes the alerts did not take one",
    "Compare ALERT_WEBHOOK_URL with the address that your chat shows.",
  ],

  templates_pending: [
    "The list of templates is still being fetched",
    "Try again in a minute. If it lasts, see on Setup why the list cannot be had.",
  ],
  templates_unavailable: [
    "Vonage does not tell the list of templates now",
    "Try again in some minutes. Your platform keeps the templates that it has.",
  ],
  templates_late: [
    "Vonage did not tell the list of templates in time",
    "Try again in some minutes. Your platform keeps the templates that it has.",
  ],
  templates_refused: [
    "Vonage refuses to tell the list of templates",
    "Set the WhatsApp Business Account's id in the connector's form; key, application and it must be of one account.",
  ],
  templates_malformed: ["Vonage's list of templates is not understood", FAULT],
  application_unknown: ["Vonage does not tell the settings of its application", CHECK_WEBHOOKS],
};
