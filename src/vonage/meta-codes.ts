import type { CodeTable } from "../core/codes.ts";

const TRY_LATER = "Send it again later. If it lasts, look at Meta's status page for the WhatsApp platform.";
const TEMPLATE =
  "Sync the templates and compare the message with the approved template in WhatsApp Manager; send one test.";
const NUMBER = "See the number in WhatsApp Manager, and ask Vonage to register it again.";
const MANAGER = "Open WhatsApp Manager: it says what is wrong with the account and how to appeal.";
const SLOWER = "Send it again later, and more slowly: lower the rate in the connector's form.";
const CONNECTOR_FAULT = "Ask for help, with the message id: the connector should not send this.";

/**
 * Codes of Meta's own that Vonage passes on for WhatsApp, in place of its own or in its words:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
export const META_CODES: CodeTable = {
  "368": ["Meta has blocked the WhatsApp account for breaking its rules, for now", MANAGER],
  "130403": [
    "Meta does not allow this message to this person",
    "Nothing: take the person out of the audience.",
  ],
  "130429": ["More messages a second than this WhatsApp number may send", SLOWER],
  "130472": [
    "Meta held it back: the person is in one of its experiments on marketing messages",
    "Nothing: sending again does not help. Use another channel for this person.",
  ],
  "130497": [
    "This WhatsApp account may not write to people in this country",
    "Take the country out of the audience, or see in WhatsApp Manager what the account may do.",
  ],
  "131000": ["Meta had a fault of its own", TRY_LATER],
  "131005": [
    "Vonage may not send for this WhatsApp account",
    "Connect the number with Vonage again, or ask Vonage.",
  ],
  "131008": ["Something that the message needs is missing", TEMPLATE],
  "131009": ["A value of the message is not valid", TEMPLATE],
  "131016": ["WhatsApp was not available for a moment", TRY_LATER],
  "131021": ["Sender and recipient are the same number", "Take your own number out of the audience."],
  "131026": [
    "WhatsApp cannot deliver to this number: no WhatsApp, an old version, or its terms are not accepted",
    "Use another channel for this person, such as SMS.",
  ],
  "131031": ["Meta has locked the WhatsApp account", MANAGER],
  "131037": [
    "The display name of the WhatsApp number is not approved",
    "Have the display name approved in WhatsApp Manager.",
  ],
  "131042": [
    "The WhatsApp account has no valid way to pay",
    "Repair the payment method in WhatsApp Manager, or ask Vonage if the account is paid through Vonage.",
  ],
  "131045": ["The WhatsApp number is not registered as it should be", NUMBER],
  "131047": [
    "The person has not written to you within 24 hours, so only a template can be sent",
    "Use an approved template.",
  ],
  "131048": [
    "Too many people have blocked this number or reported it as spam, so Meta limits it",
    "Pause campaigns from this number, write to people who want it, and see its quality in WhatsApp Manager.",
  ],
  "131049": [
    "Meta held it back: this person got as many marketing messages as Meta allows for now",
    "Nothing today. Send it again in some days, and write to this person less often.",
  ],
  "131050": [
    "The person has stopped marketing messages of your brand in WhatsApp",
    "Nothing: take the person out of marketing audiences.",
  ],
  "131051": ["WhatsApp does not know this kind of message", CONNECTOR_FAULT],
  "131052": [
    "A file that the person sent cannot be loaded",
    "Nothing: it is about what they sent, not your message.",
  ],
  "131053": [
    "WhatsApp could not load the picture, video or document",
    "Open the link in a browser without logging in, and use a file of a kind and size that WhatsApp takes.",
  ],
  "131055": ["This WhatsApp number may not send this kind of message", MANAGER],
  "131056": [
    "Too many messages from this number to the same person in a short time",
    "Send fewer messages to the same person, and this one again some minutes later.",
  ],
  "131057": ["The WhatsApp number is being moved or upgraded", "Send it again in some minutes."],
  "131063": [
    "This template can be sent as a marketing message only",
    "Choose another template, or have it approved anew.",
  ],
  "132000": ["The number of values differs from the template's placeholders", TEMPLATE],
  "132001": ["There is no approved template of this name and language", TEMPLATE],
  "132005": [
    "With the values put in, a text of the template is too long",
    "Shorten the values, or the template.",
  ],
  "132007": ["The content breaks WhatsApp's rules for templates", "Change the template in WhatsApp Manager."],
  "132008": ["A value has a form that the template does not allow", TEMPLATE],
  "132012": [
    "A value has a form that the template does not allow, or its header is of another kind",
    TEMPLATE,
  ],
  "132015": [
    "Meta has paused the template, because people did not like it",
    "Choose another template, or improve this one in WhatsApp Manager and wait until it is active again.",
  ],
  "132016": [
    "Meta has switched the template off for good, because people did not like it",
    "Make a new template with another content.",
  ],
  "132018": ["A value has a form that the template does not allow", TEMPLATE],
  "132068": ["The form behind the template's button is blocked", "See the flow in WhatsApp Manager."],
  "132069": ["The form behind the template's button is slowed down by Meta", "Send it again in an hour."],
  "133000": ["The WhatsApp number is not set up to the end", NUMBER],
  "133004": ["WhatsApp was not available for a moment", TRY_LATER],
  "133005": ["The PIN of the WhatsApp number is wrong", NUMBER],
  "133006": ["The WhatsApp number has to be verified again", NUMBER],
  "133008": ["The PIN of the WhatsApp number was wrong too often", NUMBER],
  "133009": ["The PIN of the WhatsApp number was tried too often", NUMBER],
  "133010": ["The WhatsApp number is not registered on WhatsApp's platform", NUMBER],
  "133015": ["The WhatsApp number was deleted a moment ago", NUMBER],
  "134011": ["A form for payment in the template is not set up", MANAGER],
  "135000": ["Meta could not take the message, and gives no reason", TEMPLATE],
  "137000": ["The template's button has no address to go to", TEMPLATE],
};
