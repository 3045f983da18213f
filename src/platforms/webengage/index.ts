import type { WebEngageSettings } from "../../config/webengage.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { DeliveryReport } from "../../core/report.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import type { HttpClient } from "../../lib/http-client.ts";
import { createPost, postCallback } from "../callback.ts";
import type { PlatformChannel, PlatformPorts } from "../platform.ts";
import { isUnread } from "./components.ts";
import {
  type AcceptedAnswer,
  SMS_INTAKE_PATH,
  SMS_TAG,
  WHATSAPP_INTAKE_PATH,
  WHATSAPP_TAG,
} from "./contract.ts";
import { smsRejected, whatsappRejected } from "./from-error.ts";
import { isReported, reportToSmsDsn, reportToWhatsAppDsn, type SentOn } from "./from-report.ts";
import { checkSend, smsToMessage, whatsappToMessage } from "./to-message.ts";

type Accepted = Pick<WebEngageSettings, "accepted">;

const WHATSAPP_ACCEPTED: AcceptedAnswer = { status: "whatsapp_accepted", statusCode: 0 };
const SMS_ACCEPTED: AcceptedAnswer = { status: "sms_accepted" };

/** WebEngage, as its WhatsApp service provider. It has no contract for what people answer, so there are no replies. */
export function webengageWhatsApp(
  settings: Accepted & NonNullable<WebEngageSettings["whatsapp"]> & { numbers: readonly string[] },
  { httpClient, credentialsCheck, findTemplate, messageTtlSeconds }: PlatformPorts,
): PlatformChannel {
  const tag = WHATSAPP_TAG;

  /** Only a finished message that cannot be read waits, for a list that is surely not too old to have its template. */
  function toMessage(body: unknown, now: number): OutboundMessage | Promise<OutboundMessage> {
    const send = checkSend(body, settings.numbers);
    const { templateName, language } = send.templateData;
    const found = findTemplate(send.from, templateName, language);
    const convert = (template: CatalogTemplate | undefined) =>
      whatsappToMessage(send, template, { origin: tag, messageTtlSeconds }, now);
    try {
      return convert(found.template);
    } catch (error) {
      if (!isUnread(error)) throw error;
      return found.confirm().then(convert);
    }
  }

  return {
    tag,
    platform: "webengage",
    channel: "whatsapp",
    intake: {
      path: WHATSAPP_INTAKE_PATH,
      formats: ["json"],
      authenticate: credentialsCheck(...settings.accepted),
      toMessage,
      idIn,
      accepted: () => ({ status: 200, body: WHATSAPP_ACCEPTED }),
      failed: whatsappRejected,
    },
    reports: notifications(settings, reportToWhatsAppDsn, httpClient),
  };
}

/** WebEngage, as its SMS service provider: of its partner programme, or private. */
export function webengageSms(
  settings: Accepted &
    NonNullable<WebEngageSettings["sms"]> & { senderId: string | undefined; reportSent: boolean },
  { httpClient, credentialsCheck, messageTtlSeconds }: PlatformPorts,
): PlatformChannel {
  const tag = SMS_TAG;
  const { accepted, senderId, reportSent, dsnUrl, dsnToken } = settings;
  const sentOn = reportSent ? "submitted" : "delivered";
  return {
    tag,
    platform: "webengage",
    channel: "sms",
    intake: {
      path: SMS_INTAKE_PATH,
      formats: ["json"],
      authenticate: credentialsCheck(...accepted),
      toMessage: (body, now) => smsToMessage(body, { origin: tag, senderId, messageTtlSeconds }, now),
      idIn,
      accepted: () => ({ status: 200, body: SMS_ACCEPTED }),
      failed: smsRejected,
    },
    reports: notifications({ dsnUrl, dsnToken, sentOn }, reportToSmsDsn, httpClient),
  };
}

const idIn = (body: unknown) =>
  (body as { metadata?: { messageId?: unknown } | null } | null | undefined)?.metadata?.messageId;

/** Delivery status notifications, one a call. */
function notifications(
  { dsnUrl, dsnToken, sentOn }: { dsnUrl: string; dsnToken: string | undefined; sentOn: SentOn },
  toDsn: (report: DeliveryReport) => object,
  httpClient: HttpClient,
): PlatformChannel["reports"] {
  const post = createPost(httpClient);
  const headers: Record<string, string> = dsnToken ? { authorization: `Bearer ${dsnToken}` } : {};
  return {
    maxBatch: 1,
    wants: (report) => isReported(report, sentOn),
    async post(reports) {
      for (const report of reports) await postCallback("WebEngage", post, dsnUrl, toDsn(report), { headers });
    },
  };
}
