import type { MoEngageSettings } from "../../config/moengage.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { ConnectorError } from "../../lib/errors.ts";
import { createPost, postCallback } from "../callback.ts";
import {
  type Answer,
  type PlatformChannel,
  type PlatformPorts,
  type PlatformReplies,
  publicMessage,
} from "../platform.ts";
import type { SubscriptionPorts } from "../subscription.ts";
import { templatesFailed, templatesToList } from "../template-list.ts";
import {
  FAILURE_CODES,
  MAX_STATUSES_PER_CALL,
  SMS_INTAKE_PATH,
  SMS_TAG,
  TEMPLATES_PATH,
  WHATSAPP_INTAKE_PATH,
  WHATSAPP_TAG,
} from "./contract.ts";
import { type DataApiSettings, writeSubscription } from "./data-api.ts";
import { replyToInbound } from "./from-reply.ts";
import { reportToDelivery, reportToStatus } from "./from-report.ts";
import { smsToMessage, whatsappToMessage } from "./to-message.ts";

/** What both channels have. MoEngage takes callbacks without credentials: whoever knows the URL may post. */
interface Settings extends Pick<MoEngageSettings, "accepted"> {
  deliveryUrl: string;
  dataApi?: MoEngageSettings["dataApi"];
}

/** MoEngage's WhatsApp provider `vonage-v2`. */
export function moengageWhatsApp(
  settings: Settings & { numbers: readonly string[] },
  { httpClient, credentialsCheck, messageTtlSeconds, pause, profileWritten, now, log }: PlatformPorts,
): PlatformChannel {
  const tag = WHATSAPP_TAG;
  const post = createPost(httpClient);
  return {
    tag,
    platform: "moengage",
    channel: "whatsapp",
    intake: {
      path: WHATSAPP_INTAKE_PATH,
      formats: ["json"],
      authenticate: credentialsCheck(...settings.accepted),
      toMessage: (body, now) =>
        whatsappToMessage(body, { origin: tag, numbers: settings.numbers, messageTtlSeconds }, now),
      idIn: (body) => (body as { msg_id?: unknown } | null | undefined)?.msg_id,
      accepted: () => ({ status: 200, body: { status: "success" } }),
      failed: whatsappFailed,
    },
    reports: {
      maxBatch: MAX_STATUSES_PER_CALL,
      wants: () => true,
      post: (reports) =>
        postCallback("MoEngage", post, settings.deliveryUrl, { statuses: reports.map(reportToStatus) }),
    },
    replies: {
      wants: (reply) => replyToInbound(reply) !== undefined,
      async post(reply) {
        const inbound = replyToInbound(reply);
        if (inbound) await postCallback("MoEngage", post, settings.deliveryUrl, inbound);
      },
      subscribe: subscriber(settings.dataApi, { post, pause, profileWritten, now, log }),
    },
    templates: {
      path: TEMPLATES_PATH,
      serialise: templatesToList,
      failed: templatesFailed,
    },
  };
}

/** MoEngage's SMS custom connector. */
export function moengageSms(
  settings: Settings & { senderId?: string | undefined; reportSent: boolean },
  { httpClient, credentialsCheck, newId, messageTtlSeconds, pause, profileWritten, now, log }: PlatformPorts,
): PlatformChannel {
  const tag = SMS_TAG;
  const post = createPost(httpClient);
  return {
    tag,
    platform: "moengage",
    channel: "sms",
    intake: {
      path: SMS_INTAKE_PATH,
      formats: ["json", "form"],
      authenticate: credentialsCheck(...settings.accepted),
      toMessage: (body, now, requestId) => {
        const sms = { origin: tag, senderId: settings.senderId, messageTtlSeconds, newId };
        return smsToMessage(body, sms, now, requestId);
      },
      accepted: (message: OutboundMessage) => ({
        status: 200,
        body: { trackingId: message.id, status: "accepted" },
      }),
      failed: (error) => ({
        status: error.httpStatus,
        body: { message: publicMessage(error), error: error.code },
      }),
    },
    reports: {
      maxBatch: 1,
      // MoEngage counts every value but the success value as a failure, so "sent" is reported only where it is mapped.
      wants: ({ status }) => status !== "read" && (status !== "sent" || settings.reportSent),
      post: async (reports) => {
        for (const report of reports)
          await postCallback("MoEngage", post, settings.deliveryUrl, reportToDelivery(report));
      },
    },
    replies: {
      // MoEngage has keyword management for its own SMS providers only: the profile is the one place for an opt-out.
      wants: () => false,
      post: () => Promise.resolve(),
      subscribe: subscriber(settings.dataApi, { post, pause, profileWritten, now, log }),
    },
  };
}

function subscriber(
  dataApi: DataApiSettings | undefined,
  ports: SubscriptionPorts,
): PlatformReplies["subscribe"] {
  if (dataApi) {
    return (reply, deadline, stillStands) =>
      writeSubscription(reply, dataApi, { deadline, stillStands }, ports);
  }
  return async ({ id, kind, channel }) => {
    ports.log.warn(
      { message_uuid: id, kind, channel },
      "The person's MoEngage profile is not updated: MOENGAGE_DATA_API_URL is not set",
    );
  };
}

/** Errors of a message that can never be sent, which the contract answers with 200 and a code. */
const WHATSAPP_FAILURES: Record<string, string> = {
  invalid_template: FAILURE_CODES.template,
  missing_template: FAILURE_CODES.template,
  invalid_recipient: FAILURE_CODES.phoneNumber,
  invalid_sender: FAILURE_CODES.other,
  invalid_request: FAILURE_CODES.other,
};

function whatsappFailed(error: ConnectorError): Answer {
  const code = error.httpStatus === 400 ? WHATSAPP_FAILURES[error.code] : undefined;
  return code
    ? { status: 200, body: { status: "failure", error: { code, message: error.message } } }
    : { status: error.httpStatus, body: { message: publicMessage(error) } };
}
