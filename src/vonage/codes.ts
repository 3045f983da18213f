import type { CodeTable } from "../core/codes.ts";

const TRY_LATER = "Send it again later. If it lasts, look at Vonage's status page.";
const WRONG_NUMBER = "Correct the number in your platform, or take it out of the audience.";
const ASK_VONAGE =
  "Ask Vonage to allow it, with your API key and one message id. Sending again does not help before.";
const FRAUD_RULES = "See the rules of Fraud Defender in Vonage's dashboard, and change them or ask Vonage.";
const CONNECTOR_FAULT = "Ask for help, with the message id: the connector should not send this.";
const BALANCE =
  "Top up the Vonage account. Messages that wait go out by themselves, failed ones have to be sent again.";
const CREDENTIALS =
  "Check API key, application id and private key in the connector's form against Vonage's dashboard.";
const MEDIA =
  "Open the link in a browser without logging in, and use a file of the kind and size that WhatsApp takes.";

/**
 * Codes of the Messages API's status webhooks (`error.title`), https://developer.vonage.com/en/api-errors/messages.
 * The numbers of its HTTP answers are translated into these (errors.ts).
 */
export const STATUS_CODES: CodeTable = {
  "1000": [
    "More messages were sent than the Vonage account may send at a time",
    "Send it again later. If it happens often, lower the rate in the connector's form, or ask Vonage for a higher limit.",
  ],
  "1010": ["Something that the message needs is missing", CONNECTOR_FAULT],
  "1020": [
    "A value of the message is not valid",
    "Compare the template's values and the links in it with the approved template; Vonage's words may name the field.",
  ],
  "1021": ["The message's tag is not valid", CONNECTOR_FAULT],
  "1022": [
    "The template or the values put into it are not valid",
    "Sync the templates. Compare name, language, header and number of values with the approved template; send one test.",
  ],
  "1030": ["Vonage had a fault of its own", TRY_LATER],
  "1040": [
    "Vonage cannot read the message, for example because the number's country is unknown",
    WRONG_NUMBER,
  ],
  "1050": ["This number may not receive messages: it is barred", "Take the number out of the audience."],
  "1060": ["Vonage has barred the account from sending", ASK_VONAGE],
  "1070": [
    "The quota of the account or of the provider is used up",
    "Check the balance and the limits in Vonage's dashboard, or ask Vonage for a higher limit.",
  ],
  "1080": ["The Vonage account may not use this way of sending", ASK_VONAGE],
  "1090": ["The message is too long", "Shorten the text."],
  "1100": ["The message could not be handed over to the provider", TRY_LATER],
  "1120": [
    "The rules of the country do not allow this sender",
    "Register the sender for that country with Vonage, or send from a number or name that is allowed there.",
  ],
  "1130": ["The message's time to live is not valid", CONNECTOR_FAULT],
  "1140": ["The Vonage account may not do this", ASK_VONAGE],
  "1150": ["The kind of message is not valid", CONNECTOR_FAULT],
  "1160": [
    "A demo account may only write to the numbers on its list",
    "Add the number to the list in Vonage's dashboard, or top up the account so that it is no demo account.",
  ],
  "1170": ["The recipient is not a valid number", WRONG_NUMBER],
  "1180": ["The phone cannot be reached just now, for example because it is off", TRY_LATER],
  "1190": ["The number is no longer in use", "Take the number out of the audience."],
  "1200": ["The number has moved to another network and cannot be found", TRY_LATER],
  "1210": [
    "A spam filter refused the message",
    "Change the text: fewer links and capitals, and the name of your brand. Ask Vonage if it stays.",
  ],
  "1220": ["The phone was busy", TRY_LATER],
  "1230": ["The phone network had a fault for a moment", TRY_LATER],
  "1240": [
    "The recipient has opted out with the carrier",
    "Nothing: it is recorded as an opt-out. The person has to opt in with the carrier, and then send the opt-in word.",
  ],
  "1241": [
    "Too many messages to this number in a short time",
    "Send fewer messages to the same person, and this one again later.",
  ],
  "1242": ["The pool of numbers to send from does not exist", "Check the number pool in Vonage's dashboard."],
  "1250": ["There is no way to this number", WRONG_NUMBER],
  "1251": ["There is no way to this number", WRONG_NUMBER],
  "1260": [
    "The number cannot be reached",
    "Try again later; if it fails again, take the number out of the audience.",
  ],
  "1270": ["The person is too young for this message", "Nothing: the carrier does not deliver it."],
  "1280": [
    "The carrier has blocked the number",
    "Use another channel, or take the number out of the audience. Ask Vonage if it is many.",
  ],
  "1282": [
    "The provider does not deliver this content",
    "Compare the text with the provider's rules, and change it. Ask Vonage with a message id if you see no reason.",
  ],
  "1290": ["The recipient's prepaid credit is used up", "Try again later, or use another channel."],
  "1300": [
    "The recipient is not on this network: on WhatsApp, the number has no WhatsApp",
    "Use another channel for this person, such as SMS.",
  ],
  "1310": ["The recipient's phone cannot show this message", "Use a plainer template, or another channel."],
  "1320": ["This message was sent already", "Nothing."],
  "1330": [
    "Delivery failed at the provider, who gives no reason",
    "Try one again. If all fail, see in WhatsApp Manager whether the account is locked, and ask Vonage.",
  ],
  "1331": ["The provider does not answer", TRY_LATER],
  "1340": [
    "The person has not written to you within 24 hours, so only a template can be sent",
    "Use an approved template.",
  ],
  "1350": ["A fee of the channel is not paid", "Ask Vonage which fee is open."],
  "1360": [
    "The message waited until its time was over, because the phone could not be reached",
    "Send it again if it still matters.",
  ],
  "1370": [
    "Vonage's own access to the channel has expired",
    "Connect the number with Vonage again in the dashboard, or ask Vonage.",
  ],
  "1380": ["The link to the picture, video or document does not work", MEDIA],
  "1381": ["The picture, video or document is too large", MEDIA],
  "1382": ["The picture, video or document is of a kind that is not allowed", MEDIA],
  "1400": ["Vonage does not know the channel", CONNECTOR_FAULT],
  "1410": ["A value for the channel is not valid", CONNECTOR_FAULT],
  "1420": [
    "Vonage does not accept the sender",
    "Check that the number is linked to the application in Vonage's dashboard; SMS: that the sender's name is allowed.",
  ],
  "1430": ["The recipient is not a valid number", WRONG_NUMBER],
  "1431": ["More than one recipient was given", CONNECTOR_FAULT],
  "1440": ["Vonage does not know this kind of message", CONNECTOR_FAULT],
  "1450": ["Vonage does not accept the message's reference", CONNECTOR_FAULT],
  "1451": ["The message quoted in the answer does not exist", CONNECTOR_FAULT],
  "1460": [
    "The sender's limit for one day is reached",
    "Send the rest tomorrow, or ask Vonage for a higher limit of the sender.",
  ],
  "1461": [
    "WhatsApp held it back: this person got as many marketing messages as Meta allows for now",
    "Nothing today. Send it again in some days, and write to this person less often.",
  ],
  "1470": ["Fraud Defender blocked the message by one of your rules", FRAUD_RULES],
  "1472": ["Fraud Defender blocked the message: too many at once to one place", FRAUD_RULES],
  "1473": ["Fraud Defender blocked the message: the traffic looks artificial", FRAUD_RULES],
  "1474": ["Fraud Defender blocked the message: this country is not allowed", FRAUD_RULES],
  "1475": ["Fraud Defender blocked the message: this phone network is not allowed", FRAUD_RULES],
  "1476": [
    "Fraud Defender blocked the message: its sender is on the list of those that may not send",
    FRAUD_RULES,
  ],
  "1480": [
    "India: the entity id is missing or wrong",
    "Map entity_id in your platform's sender to the id of your DLT registration.",
  ],
  "1481": [
    "India: the sender is not registered, or another one than registered",
    "Send from the header that is registered with DLT for this template.",
  ],
  "1482": [
    "India: the template id is missing or wrong, or the text differs from the registered one",
    "Map template_id, and use the text registered with DLT letter by letter.",
  ],
  "1483": [
    "India: the person's consent is missing",
    "Send it to people who have consented, or register their consent with DLT.",
  ],
  "1484": [
    "The sender or the message does not fulfil a rule of the country",
    "Complete the registration of sender and template for that country; ask Vonage what is missing.",
  ],
  "1490": [
    "Not all parts of a long SMS could be confirmed: it may have arrived in part",
    "Do not send it again at once. Keep the text short enough for one SMS where it matters.",
  ],
  "2001": [
    "The provider blocked the message as fraud",
    "Compare the text and its links with the provider's rules, and ask Vonage with a message id.",
  ],
};

/**
 * Words of the general errors, which stand for an HTTP answer to a send, and HTTP statuses of answers that have none.
 * A request to the connector that is refused is counted by its HTTP status as well, so these fit both.
 */
export const ANSWER_CODES: CodeTable = {
  "low-balance": ["The Vonage account's balance is used up", BALANCE],
  unprovisioned: [
    "The account or the sender is not set up for this channel",
    "Link the number to the application in Vonage's dashboard, or ask Vonage to enable the channel.",
  ],
  forbidden: [
    "Vonage does not let this account or sender write to this number or country",
    "Link the number to the application in Vonage's dashboard; otherwise ask Vonage to allow it.",
  ],
  "account-suspended": ["Vonage has suspended the account", ASK_VONAGE],
  "application-suspended": ["Vonage has suspended the application", ASK_VONAGE],
  "invalid-api-key": ["Vonage does not know the API key", CREDENTIALS],
  "invalid-ip": [
    "Vonage does not accept requests from this address",
    "Take out the list of allowed addresses in Vonage's dashboard: the connector's address changes.",
  ],
  "invalid-signature": ["Vonage does not accept the connector's signature", CREDENTIALS],
  "jwt-expired": ["Vonage does not accept the connector's credentials any more", CREDENTIALS],
  "jwt-revoked": ["Vonage does not accept the connector's credentials any more", CREDENTIALS],
  "multiple-auth-methods": ["Vonage got two kinds of credentials", CONNECTOR_FAULT],
  "not-found": ["Vonage does not know what the message refers to", CONNECTOR_FAULT],
  "invalid-id": ["Vonage does not know what the message refers to", CONNECTOR_FAULT],
  "invalid-json": ["Vonage could not read the message", CONNECTOR_FAULT],
  "invalid-params": ["A value of the message is not valid", CONNECTOR_FAULT],
  throttled: ["More messages were sent than the Vonage account may send at a time", TRY_LATER],
  "wrong-verb": ["Vonage could not read the message", CONNECTOR_FAULT],
  "accept-header": ["Vonage could not read the message", CONNECTOR_FAULT],
  "content-type-header": ["Vonage could not read the message", CONNECTOR_FAULT],
  "unavailable-legal": ["Vonage may not deliver this message by law", "Ask Vonage, with the message id."],

  "400": ["The message was refused as not valid", "Read the words beside it: they name what is wrong."],
  "401": ["The credentials were not accepted", CREDENTIALS],
  "402": ["The Vonage account's balance is used up", BALANCE],
  "403": [
    "The account or the sender may not do this",
    "Link the number to the application in Vonage's dashboard; otherwise ask Vonage to allow it.",
  ],
  "404": ["The address does not exist", "Compare the addresses on Settings with the install guide."],
  "405": [
    "The address does not take messages",
    "Compare VONAGE_API_HOST on Settings with the install guide: most often it should be empty.",
  ],
  "408": ["The request took too long", TRY_LATER],
  "413": ["The message is too large", "Shorten the text, or put less into the template's values."],
  "415": [
    "The message is of a type that is not read",
    "Set the content type in your platform's sender to the one of the install guide.",
  ],
  "422": ["Vonage refused the message as not valid", "Read the words beside it: they name what is wrong."],
  "429": [
    "Too much at a time",
    "Nothing: it is slowed down by itself. If it lasts, ask Vonage for a higher limit.",
  ],
  "451": ["The message may not be delivered by law", "Ask Vonage, with the message id."],
  "500": ["A fault of the service", TRY_LATER],
  "502": ["The service could not be reached", TRY_LATER],
  "503": ["The service could not take it just then", TRY_LATER],
  "504": ["The service did not answer in time", TRY_LATER],
};
