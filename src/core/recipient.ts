import { ConnectorError } from "../lib/errors.ts";
import { type Channel, mask } from "./message.ts";

const PHONE_NUMBER = /^\d{7,15}$/;
/** A WhatsApp user who hides the number is addressed by an id of the business's scope, e.g. `US.13491208655302741918`. */
const USER_ID = /^[A-Z]{2}\.[A-Za-z0-9.]{1,128}$/;

/**
 * A recipient as platforms write it (with `+`, `00`, spaces or dashes, or as a number) in the form every
 * channel takes: digits alone, or a WhatsApp user id unchanged.
 * Throws ConnectorError `invalid_recipient` that names the field and shows the value masked.
 */
export function parseRecipient(value: unknown, field: string, channel: Channel): string {
  if (value === undefined || value === null || value === "") {
    throw new ConnectorError(
      "invalid_recipient",
      `${field} is missing: give the recipient's phone number with its country code`,
    );
  }
  if (typeof value === "string" || Number.isSafeInteger(value)) {
    const text = String(value).trim();
    const digits = text.replace(/[ ().-]/g, "").replace(/^(\+|00)/, "");
    if (PHONE_NUMBER.test(digits)) return digits;
    if (channel === "whatsapp" && USER_ID.test(text)) return text;
    throw new ConnectorError(
      "invalid_recipient",
      `${field} ${mask(text)} is not a phone number: give 7 to 15 digits with the country code`,
    );
  }
  throw new ConnectorError("invalid_recipient", `${field} must be a phone number, as text`);
}
