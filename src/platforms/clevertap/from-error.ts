import type { ConnectorError } from "../../lib/errors.ts";
import { type Answer, type BatchOutcome, publicMessage } from "../platform.ts";
import { ANSWER_CODES } from "./contract.ts";

/** Errors of a message's own by their code; every other one is "other". */
const CODES: Record<string, number> = {
  unauthorized: ANSWER_CODES.credentials,
  invalid_template: ANSWER_CODES.template,
  missing_template: ANSWER_CODES.template,
  template_mismatch: ANSWER_CODES.template,
  invalid_recipient: ANSWER_CODES.phoneNumber,
};

/** The answer to a WhatsApp send that was not accepted. CleverTap reads the words of one with HTTP 200. */
export function whatsappFailed(error: ConnectorError): Answer {
  const message = publicMessage(error);
  if (error.httpStatus === 429) return { status: 429, body: { message } };
  if (error.retryable || error.httpStatus >= 500)
    return { status: 500, body: { status: "failure", error: { message } } };
  const code = (Object.hasOwn(CODES, error.code) ? CODES[error.code] : undefined) ?? ANSWER_CODES.other;
  return { status: 200, body: { status: "failure", error: { code, message } } };
}

/** CleverTap reads nothing but the HTTP status of an answer to an SMS; the rest is for whoever looks for a fault. */
export const smsFailed = (error: ConnectorError): Answer => ({
  status: error.httpStatus,
  body: { status: "failure", error: { code: error.code, message: publicMessage(error) } },
});

/** The answer to many SMS: how many were accepted, and which never can be. Where none was, the status says so. */
export function smsAnswered(outcomes: readonly BatchOutcome[]): Answer {
  const accepted = outcomes.filter(({ error }) => !error).length;
  const failure = accepted === 0 ? outcomes[0]?.error : undefined;
  const refused = outcomes.flatMap(({ id, error }, index) =>
    error ? [{ index, id, error: { code: error.code, message: publicMessage(error) } }] : [],
  );
  return {
    status: failure?.httpStatus ?? 200,
    body: { status: failure ? "failure" : "accepted", accepted, refused },
  };
}
