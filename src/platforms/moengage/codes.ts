import type { CodeTable } from "../../core/codes.ts";
import type { FAILURE_CODES } from "./contract.ts";

type FailureCode = (typeof FAILURE_CODES)[keyof typeof FAILURE_CODES];

/** What MoEngage is answered for a WhatsApp message that can never be sent. Failed reports carry Vonage's codes or ours. */
export const CODES: CodeTable<FailureCode> = {
  "7001": [
    "The template is incomplete, or the message does not fit it",
    "Do what the sentence beside it says: it names the placeholder, header or button.",
  ],
  "7002": [
    "The recipient's number cannot be right",
    "Correct the number in MoEngage: country code first, no zero in front of it or behind it.",
  ],
  "7004": [
    "The message can never be sent as it is, most often because its sender is not a number of this connector",
    "Make the WhatsApp business number in MoEngage the same as the connector's, digits only.",
  ],
};
