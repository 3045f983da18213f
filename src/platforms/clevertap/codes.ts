import type { CodeTable } from "../../core/codes.ts";
import type { ANSWER_CODES, SMS_CODES, STATUS_CODES } from "./contract.ts";

type AnswerCode = `${(typeof ANSWER_CODES)[keyof typeof ANSWER_CODES]}`;
type StatusCode = `${(typeof STATUS_CODES)[keyof typeof STATUS_CODES]}`;
type SmsCode = (typeof SMS_CODES)[keyof typeof SMS_CODES];

const READ = "Read the words beside it, and look the message up by its id in the console.";
const DLT = "Compare it in CleverTap and with Vonage with what is registered, letter by letter.";

/** What CleverTap is told of WhatsApp messages: from 2000 on in the answer to a send, from 1000 on in a report. */
export const CODES: CodeTable<AnswerCode | StatusCode> = {
  "2000": [
    "The user name or password of the request is wrong",
    "Compare the user name and password in CleverTap's provider with those in the connector's form.",
  ],
  "2001": [
    "The message does not fit its template, or there is no such template",
    "Do what the words beside it say: they name each difference. Correct the template in CleverTap and save it again.",
  ],
  "2002": [
    "The recipient's number cannot be right",
    "Correct the number: country code first, no zero in front.",
  ],
  "2003": ["The person is not subscribed", "Take the person out of the audience."],
  "2004": [
    "The message can never be sent as it is, most often because its sender is not a number of this connector",
    "Read the words beside it. Make the mobile number in CleverTap's provider one of the connector's numbers.",
  ],
  "1000": [
    "The Vonage account may not do this, or its balance is used up",
    "Top up the Vonage account, or ask Vonage to allow it. Then send it again.",
  ],
  "1001": [
    "The template or a value put into it was refused",
    "Compare name, language and values with the approved template, and send one test.",
  ],
  "1002": ["The recipient's number is wrong", "Correct the number: country code first."],
  "1003": ["The number is no longer in use", "Take the number out of the audience."],
  "1004": [
    "Too many messages in a short time, for this number or for the account",
    "Send it again later, and ask Vonage for a higher limit if it happens often.",
  ],
  "1005": [
    "The person cannot be reached now, or has no WhatsApp",
    "Try once more later, or use another channel for this person.",
  ],
  "1006": [
    "The person has opted out, or the number is blocked",
    "Nothing: take the person out of the audience.",
  ],
  "1007": ["The person's phone cannot take this message", "Use a simpler message, or another channel."],
  "1008": [
    "The person has not written to you within 24 hours, and the message is no template",
    "Use an approved template.",
  ],
  "1009": ["Something else, or nobody knows", READ],
  "1010": [
    "Meta held it back: the person got as many marketing messages as it allows for now",
    "Nothing today. Send it again in some days, and write to this person less often.",
  ],
};

/** What CleverTap is told of failed SMS. */
export const SMS_CODES_IN_WORDS: CodeTable<SmsCode> = {
  "900": ["Something else, or nobody knows", READ],
  "902": [
    "It was taken for spam or fraud",
    "Ask Vonage which rule held it back, with the message id, and change the text or the audience.",
  ],
  "903": [
    "The person has opted out, with you or with the carrier, or the number is blocked",
    "Nothing: take the person out of the audience.",
  ],
  "904": [
    "It failed at Vonage or its supplier",
    "Send it again later. If it lasts, ask Vonage with the message id.",
  ],
  "905": ["The person cannot receive it now, for example without credit", "Try once more later."],
  "906": ["India's registers (DLT) do not know this sender", DLT],
  "907": ["India's registers (DLT) do not know this company", DLT],
  "908": ["India's registers (DLT) do not know this template", DLT],
  "909": [
    "The person's consent is missing in India's registers (DLT)",
    "Take the person out of the audience.",
  ],
  "910": ["The number is wrong, or no longer in use", "Correct the number, or take it out of the audience."],
  "914": [
    "It was not delivered: the phone could not be reached",
    "Try once more later, or use another channel.",
  ],
  "916": [
    "The message waited too long, in the connector or with the operator",
    "See on Status whether sending is slow. Send it again if it still matters.",
  ],
};
