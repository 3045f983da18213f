import type { CodeTable } from "../../core/codes.ts";
import type { SMS_STATUS_CODES, STATUS_CODES } from "./contract.ts";

type StatusCode = `${(typeof STATUS_CODES)[keyof typeof STATUS_CODES]}`;
type SmsStatusCode = `${(typeof SMS_STATUS_CODES)[keyof typeof SMS_STATUS_CODES]}`;

const TEMPLATE =
  "Compare name, language, header and number of values with the approved template, and send one test.";

/** What WebEngage is told on WhatsApp, in the answer to a send or in a report. */
export const CODES: CodeTable<StatusCode> = {
  "0": ["All is well", "Nothing."],
  "2000": ["The Vonage account's balance is used up", "Top up the Vonage account, then send it again."],
  "2002": ["The request or the message in it is empty", "Fill in the message, and send a test first."],
  "2003": [
    "The number is wrong, hidden from the connector, or has no WhatsApp",
    "Correct the number: country code first, and not hashed. If it is right, use another channel for this person.",
  ],
  "2004": [
    "The sender is not a number of this connector, or may not send",
    "Make the business number in WebEngage one of the connector's numbers, and see that Vonage allows it.",
  ],
  "2005": ["The account may not do this", "Ask Vonage to allow it, with the message id."],
  "2006": ["The person has opted out with the carrier", "Take the person out of the audience."],
  "2007": ["The message is too long", "Shorten the text, or put less into the template's values."],
  "2008": [
    "The message waited too long, in the connector or at WhatsApp",
    "See on Status whether sending is slow. Send it again if it still matters.",
  ],
  "2009": [
    "It was not delivered: the phone could not be reached, the number is blocked, or the network had trouble",
    "Read the reason beside it. Try once more later, or use another channel.",
  ],
  "2010": ["WebEngage speaks a newer form of its format than this connector", "Update the connector."],
  "2011": [
    "The key or password of the request is wrong",
    "Compare the key, or user name and password, in WebEngage with those in the connector's form.",
  ],
  "2014": [
    "A limit of the account or of the provider was reached, after all tries",
    "Send it again later, and ask Vonage for a higher limit if it happens often.",
  ],
  "2015": [
    "The connector cannot take the message just now",
    "Nothing: WebEngage sends it again up to ten times, for about two hours. If it stays, look at Status.",
  ],
  "2019": [
    "A field is missing or of the wrong form, or WhatsApp does not take the content",
    "Read the sentence beside it: it names the field. Open links to pictures in a browser.",
  ],
  "2021": [
    "The template does not exist in this language",
    "See on Templates which names and languages there are. A new one has to be approved first.",
  ],
  "2022": [
    "A value is empty or wrong, or the text does not fit the template",
    "Fill every variable. For a finished text, use the approved one letter by letter.",
  ],
  "2023": ["The message does not fit its template, or WhatsApp refused it", TEMPLATE],
  "2024": [
    "The person has opted out, or has not consented",
    "Nothing: take the person out of the audience, and keep their opt-in in WebEngage up to date.",
  ],
  "2025": [
    "The person has not written to you within 24 hours, and the message is no template",
    "Use an approved template.",
  ],
  "2026": [
    "The person got as many marketing messages as Meta allows for now",
    "Nothing today. Send it again in some days, and write to this person less often.",
  ],
  "9988": [
    "Something else, or nobody knows",
    "Read the reason beside it, and look the message up by its id in the console.",
  ],
};

/** What WebEngage is told on SMS. */
export const SMS_CODES: CodeTable<SmsStatusCode> = {
  "0": CODES["0"],
  "2000": CODES["2000"],
  "2002": CODES["2002"],
  "2003": [
    "The number is wrong, hidden from the connector, or on no network",
    "Correct the number: country code first, and not hashed. If it is right, use another channel for this person.",
  ],
  "2004": [
    "The message names no sender, or one that may not send to this country",
    "Name the sender in WebEngage, or one for all in the connector's form, and see that Vonage allows it.",
  ],
  "2005": CODES["2005"],
  "2006": [
    "The person's consent is missing, or they want no advertising",
    "Take the person out of the audience until they have agreed.",
  ],
  "2007": ["The message is too long", "Shorten the text."],
  "2008": [
    "The message waited too long, in the connector or with the operator",
    "See on Status whether sending is slow. Send it again if it still matters.",
  ],
  "2009": CODES["2009"],
  "2010": CODES["2010"],
  "2011": CODES["2011"],
  "2015": [
    "The connector cannot take the message just now",
    "WebEngage sends it again for 102 seconds and then gives up. Look at Status, and send it again later.",
  ],
  "2022": [
    "India's registers (DLT) refused the message",
    "Compare text, sender, entity id and template id in WebEngage with what is registered.",
  ],
  "2024": [
    "India's registers (DLT) do not know this sender",
    "Compare the sender's header in WebEngage with what is registered.",
  ],
  "2025": [
    "India's registers (DLT) do not know this company",
    "Compare the entity id in WebEngage with what is registered.",
  ],
  "2026": [
    "India's registers (DLT) do not know this template",
    "Compare the template id and the text in WebEngage with what is registered, letter by letter.",
  ],
  "3000": [
    "The person has opted out, with you or with the carrier",
    "Nothing: take the person out of the audience, and keep their opt-in in WebEngage up to date.",
  ],
  "9988": [
    "Something else, a field that is missing or wrong among it, or nobody knows",
    "Read the words beside it, and look the message up by its id in the console.",
  ],
};
