import type { ConnectorError } from "../../lib/errors.ts";
import { type Answer, publicMessage } from "../platform.ts";
import { type RejectedAnswer, SMS_STATUS_CODES, SMS_VERSIONS, STATUS_CODES, VERSION } from "./contract.ts";

interface Rejection {
  httpStatus: number;
  statusCode: number;
}

/** What the contract of a channel says to errors of a message's own. */
interface Rejections {
  status: RejectedAnswer["status"];
  byCode: Record<string, Rejection>;
  /** To a request that is not what the contract says. */
  malformed: Rejection;
  supportedVersion: string;
}

const bad = (statusCode: number): Rejection => ({ httpStatus: 400, statusCode });

const SHARED: Record<string, Rejection> = {
  empty_message: bad(STATUS_CODES.emptyMessage),
  empty_body: bad(STATUS_CODES.emptyMessage),
  invalid_recipient: bad(STATUS_CODES.invalidRecipient),
  invalid_sender: bad(STATUS_CODES.invalidSender),
  unsupported_version: bad(STATUS_CODES.unsupportedVersion),
  message_too_long: { httpStatus: 413, statusCode: STATUS_CODES.messageTooLong },
};

const WHATSAPP: Rejections = {
  status: "whatsapp_rejected",
  byCode: {
    ...SHARED,
    missing_template: bad(STATUS_CODES.templateMissing),
    unread_message: bad(STATUS_CODES.templateParameterMismatch),
    template_mismatch: bad(STATUS_CODES.templateParameterMismatch),
    invalid_template: bad(STATUS_CODES.templateDidNotMatch),
  },
  malformed: bad(STATUS_CODES.invalidFormat),
  supportedVersion: VERSION,
};

const SMS: Rejections = {
  status: "sms_rejected",
  byCode: SHARED,
  malformed: { httpStatus: 200, statusCode: SMS_STATUS_CODES.unknown },
  supportedVersion: SMS_VERSIONS[1],
};

const BY_HTTP_STATUS: Record<number, Rejection> = {
  401: { httpStatus: 401, statusCode: STATUS_CODES.authenticationFailure },
  403: { httpStatus: 403, statusCode: STATUS_CODES.authorizationFailure },
  413: { httpStatus: 413, statusCode: STATUS_CODES.messageTooLong },
  429: { httpStatus: 429, statusCode: STATUS_CODES.throttled },
};

/**
 * The one answer after which WebEngage sends a message again, ten times: within about two hours on WhatsApp, within
 * 102 seconds on SMS.
 */
const LATER: Rejection = { httpStatus: 429, statusCode: STATUS_CODES.throttled };

/** The contract's answer to an error. A fault of our own shows no words of it, and never ends a message. */
const answerTo =
  ({ status, byCode, malformed, supportedVersion }: Rejections) =>
  (error: ConnectorError): Answer => {
    const own = Object.hasOwn(byCode, error.code) ? byCode[error.code] : undefined;
    const { httpStatus, statusCode } =
      error.httpStatus >= 500 || error.retryable
        ? LATER
        : (own ?? BY_HTTP_STATUS[error.httpStatus] ?? malformed);
    const body: RejectedAnswer = {
      ...{ status, statusCode, message: publicMessage(error) },
      ...(statusCode === STATUS_CODES.unsupportedVersion ? { supportedVersion } : {}),
    };
    return { status: httpStatus, body };
  };

export const whatsappRejected = answerTo(WHATSAPP);
export const smsRejected = answerTo(SMS);
