import type { CleverTapSettings } from "../../config/clevertap.ts";
import { createPost, postCallback } from "../callback.ts";
import type { PlatformChannel, PlatformPorts } from "../platform.ts";
import { templatesFailed, templatesToList } from "../template-list.ts";
import {
  MAX_EVENTS_PER_CALL,
  MAX_SMS_BYTES,
  MAX_STATUSES_PER_CALL,
  PAYLOAD_VERSION,
  SMS_INTAKE_PATH,
  SMS_TAG,
  TEMPLATES_PATH,
  WHATSAPP_INTAKE_PATH,
  WHATSAPP_PATIENCE,
  WHATSAPP_TAG,
} from "./contract.ts";
import { smsAnswered, smsFailed, whatsappFailed } from "./from-error.ts";
import { replyToEvents, replyToInbound } from "./from-reply.ts";
import { isSmsEvent, reportsToEvents, reportToStatus } from "./from-report.ts";
import { subscriber, uploadStatus } from "./profile.ts";
import {
  idOfSend,
  isTrial,
  smsToMessage,
  splitMessages,
  trialToMessage,
  whatsappToMessage,
} from "./to-message.ts";

/** What both channels have. CleverTap takes callbacks without credentials: whoever knows a URL may post. */
type Shared = Pick<CleverTapSettings, "accepted" | "api">;

const SUCCESS = () => ({ status: 200, body: { status: "success" } });

/** CleverTap's WhatsApp provider "Other (Generic)": templates, and what its agents write in chats. */
export function clevertapWhatsApp(
  settings: Shared & NonNullable<CleverTapSettings["whatsapp"]> & { numbers: readonly string[] },
  {
    httpClient,
    credentialsCheck,
    findTemplate,
    messageTtlSeconds,
    pause,
    profileWritten,
    now,
    log,
  }: PlatformPorts,
): PlatformChannel {
  const tag = WHATSAPP_TAG;
  const post = createPost(httpClient);
  const { deliveryUrl, inboundUrl, numbers } = settings;
  const sends = { origin: tag, numbers, messageTtlSeconds, findTemplate };
  return {
    tag,
    platform: "clevertap",
    channel: "whatsapp",
    intake: {
      path: WHATSAPP_INTAKE_PATH,
      formats: ["json"],
      authenticate: credentialsCheck(...settings.accepted),
      patience: WHATSAPP_PATIENCE,
      toMessage: (body, at) => whatsappToMessage(body, sends, at),
      trials: { isTrial, read: (body, at) => trialToMessage(body, sends, at), passed: SUCCESS },
      idIn: idOfSend,
      accepted: SUCCESS,
      failed: whatsappFailed,
    },
    reports: {
      maxBatch: MAX_STATUSES_PER_CALL,
      wants: () => true,
      post: (reports) =>
        postCallback("CleverTap", post, deliveryUrl, {
          payloadVersion: PAYLOAD_VERSION,
          statuses: reports.map(reportToStatus),
        }),
    },
    replies: {
      hasChat: inboundUrl !== undefined,
      wants: (reply) => inboundUrl !== undefined && replyToInbound(reply) !== undefined,
      async post(reply) {
        const inbound = replyToInbound(reply);
        if (inbound && inboundUrl) await postCallback("CleverTap", post, inboundUrl, inbound);
      },
      subscribe: subscriber(settings.api, {
        post: createPost(httpClient, uploadStatus),
        pause,
        profileWritten,
        now,
        log,
      }),
    },
    templates: { path: TEMPLATES_PATH, serialise: templatesToList, failed: templatesFailed },
  };
}

/** CleverTap's SMS provider "Other (Generic)", with the body that docs/install-clevertap.md has people enter there. */
export function clevertapSms(
  settings: Shared & NonNullable<CleverTapSettings["sms"]> & { senderId: string | undefined },
  { httpClient, credentialsCheck, messageTtlSeconds, pause, profileWritten, now, log }: PlatformPorts,
): PlatformChannel {
  const tag = SMS_TAG;
  const post = createPost(httpClient);
  const { callbackUrl, senderId } = settings;
  // CleverTap does not recognise a repeat: what it may have is told again late, and rarely.
  const tell = (events: object) =>
    postCallback("CleverTap", post, callbackUrl, events, { countsRepeats: true });
  return {
    tag,
    platform: "clevertap",
    channel: "sms",
    intake: {
      path: SMS_INTAKE_PATH,
      formats: ["json", "form"],
      authenticate: credentialsCheck(...settings.accepted),
      maxBytes: MAX_SMS_BYTES,
      toMessage: (body, at) => smsToMessage(body, { origin: tag, senderId, messageTtlSeconds }, at),
      batch: { split: splitMessages, answered: smsAnswered },
      idIn: (body) => (body as { id?: unknown } | null | undefined)?.id,
      accepted: SUCCESS,
      failed: smsFailed,
    },
    reports: {
      maxBatch: MAX_EVENTS_PER_CALL,
      wants: isSmsEvent,
      post: (reports) => tell(reportsToEvents(reports)),
    },
    replies: {
      hasChat: true,
      wants: (reply) => replyToEvents(reply) !== undefined,
      async post(reply) {
        const events = replyToEvents(reply);
        if (events) await tell(events);
      },
      subscribe: subscriber(settings.api, {
        post: createPost(httpClient, uploadStatus),
        pause,
        profileWritten,
        now,
        log,
      }),
    },
  };
}
