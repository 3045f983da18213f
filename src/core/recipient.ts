import { ConnectorError } from "../lib/errors.ts";
import { type Channel, mask } from "./message.ts";

/** E.164: a country code never begins with 0. https://www.itu.int/rec/T-REC-E.164 */
export const PHONE_NUMBER = /^[1-9]\d{6,14}$/;
/** A zero that is dialled inside the country alone: in front of the number, or in brackets after the country code. */
const TRUNK_ZERO = /^0|\(0+\)/;
/** A WhatsApp user who hides the number is addressed by an id of the business's scope, e.g. `US.13491208655302741918`. */
const USER_ID = /^[A-Z]{2}\.[A-Za-z0-9.]{1,128}$/;

/**
 * A recipient as platforms write it (with `+`, `00`, spaces, dashes or brackets, or as a number) in the form every
 * channel takes: digits alone, or a WhatsApp user id unchanged. No zero is guessed away: a number with one in front
 * could be anybody's.
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
    const international = text.replace(/[ .-]/g, "").replace(/^(\+|00)/, "");
    const digits = international.replace(/[()]/g, "");
    const hasTrunkZero = TRUNK_ZERO.test(international);
    if (PHONE_NUMBER.test(digits) && !hasTrunkZero) return digits;
    if (channel === "whatsapp" && USER_ID.test(text)) return text;
    if (hasTrunkZero && /^\d+$/.test(digits)) {
      throw new ConnectorError(
        "invalid_recipient",
        `${field} ${mask(text)} cannot be a phone number: leave out the zero in front and begin with the country code`,
      );
    }
    throw new ConnectorError(
      "invalid_recipient",
      `${field} ${mask(text)} is not a phone number: give 7 to 15 digits with the country code`,
    );
  }
  throw new ConnectorError("invalid_recipient", `${field} must be a phone number, as text`);
}

/**
 * A WhatsApp number of ours as platforms write it, digits alone. Throws ConnectorError `invalid_sender` that names the
 * field and shows numbers masked.
 */
export function parseOwnNumber(value: unknown, field: string, numbers: readonly string[]): string {
  const given = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  const digits = given.replace(/^\+/, "");
  if (numbers.includes(digits)) return digits;
  const wrong = digits
    ? `${mask(digits)} is not a WhatsApp number of this connector`
    : "is missing or not a phone number";
  throw new ConnectorError("invalid_sender", `${field} ${wrong}: use ${numbers.map(mask).join(" or ")}`);
}
