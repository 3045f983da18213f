import type { ConnectorError } from "../../lib/errors.ts";
import { type Answer, publicMessage } from "../platform.ts";
import { type SendAnswer, STATUS_CODES, VERSION } from "./contract.ts";

interface Rejection {
  httpStatus: number;
  statusCode: number;
}

const bad = (statusCode: number): Rejection => ({ httpStatus: 400, statusCode });

/** What the contract says to each error of a message's own. */
const REJECTIONS: Record<string, Rejection> = {
  empty_message: bad(STATUS_CODES.emptyMessage),
  empty_body: bad(STATUS_CODES.emptyMessage),
  invalid_recipient: bad(STATUS_CODES.invalidRecipient),
  invalid_sender: bad(STATUS_CODES.invalidSender),
  unsupported_version: bad(STATUS_CODES.unsupportedVersion),
  missing_template: bad(STATUS_CODES.templateMissing),
  unread_message: bad(STATUS_CODES.templateParameterMismatch),
  template_mismatch: bad(STATUS_CODES.templateParameterMismatch),
  invalid_template: bad(STATUS_CODES.templateDidNotMatch),
};

const BY_HTTP_STATUS: Record<number, Rejection> = {
  401: { httpStatus: 401, statusCode: STATUS_CODES.authenticationFailure },
  403: { httpStatus: 403, statusCode: STATUS_CODES.authorizationFailure },
  413: { httpStatus: 413, statusCode: STATUS_CODES.messageTooLong },
  429: { httpStatus: 429, statusCode: STATUS_CODES.throttled },
};

/** The one answer after which WebEngage sends a message again: ten times within about two hours. */
const LATER: Rejection = { httpStatus: 429, statusCode: STATUS_CODES.throttled };

/** The contract's answer to an error. A fault of our own shows no words of it, and never ends a message. */
export function rejected(error: ConnectorError): Answer {
  const { httpStatus, statusCode } =
    error.httpStatus >= 500 || error.retryable
      ? LATER
      : (own(REJECTIONS, error.code) ?? BY_HTTP_STATUS[error.httpStatus] ?? bad(STATUS_CODES.invalidFormat));
  const body: SendAnswer = {
    status: "whatsapp_rejected",
    statusCode,
    message: publicMessage(error),
    supportedVersion: statusCode === STATUS_CODES.unsupportedVersion ? VERSION : undefined,
  };
  return { status: httpStatus, body };
}

const own = (table: Record<string, Rejection>, code: string) =>
  Object.hasOwn(table, code) ? table[code] : undefined;
