import { ConnectorError } from "../lib/errors.ts";

/** https://developer.vonage.com/en/api/messages */
const MAX_CHARACTERS = 3_200;

/** Throws ConnectorError `message_too_long`, which names the field, for a text that Vonage takes in no SMS. */
export function checkSmsLength(text: string, field: string): void {
  const length = [...text].length;
  if (length <= MAX_CHARACTERS) return;
  throw new ConnectorError(
    "message_too_long",
    `${field} has ${length} characters: Vonage accepts at most ${MAX_CHARACTERS}, shorten the message`,
  );
}

/** The first sender that is given: a number without `+`, or a name. */
export function smsSender(...given: readonly (string | number | null | undefined)[]): string | undefined {
  const sender = given.map((one) => String(one ?? "").trim()).find((one) => one !== "");
  return sender?.replace(/^\+(?=\d+$)/, "");
}
