import type { WebEngageSettings } from "../../config/webengage.ts";
import type { OutboundMessage } from "../../core/message.ts";
import type { CatalogTemplate } from "../../core/template/template.ts";
import { createPost, postCallback } from "../callback.ts";
import type { PlatformChannel, PlatformPorts } from "../platform.ts";
import { isUnread } from "./components.ts";
import { INTAKE_PATH, type SendAnswer, STATUS_CODES } from "./contract.ts";
import { rejected } from "./from-error.ts";
import { isReported, reportToDsn } from "./from-report.ts";
import { checkSend, whatsappToMessage } from "./to-message.ts";

const ACCEPTED: SendAnswer = { status: "whatsapp_accepted", statusCode: STATUS_CODES.success };

/** WebEngage, as its WhatsApp service provider. It has no contract for what people answer, so there are no replies. */
export function webengageWhatsApp(
  settings: Pick<WebEngageSettings, "accepted"> &
    WebEngageSettings["whatsapp"] & { numbers: readonly string[] },
  { httpClient, credentialsCheck, findTemplate, messageTtlSeconds }: PlatformPorts,
): PlatformChannel {
  const tag = "ww";
  const post = createPost(httpClient);

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
      path: INTAKE_PATH,
      formats: ["json"],
      authenticate: credentialsCheck(...settings.accepted),
      toMessage,
      idIn: (body) =>
        (body as { metadata?: { messageId?: unknown } | null } | null | undefined)?.metadata?.messageId,
      accepted: () => ({ status: 200, body: ACCEPTED }),
      failed: rejected,
    },
    reports: {
      maxBatch: 1,
      wants: (report) => isReported(report, settings.sentOn),
      async post(reports) {
        const headers = { authorization: `Bearer ${settings.dsnToken}` };
        for (const report of reports)
          await postCallback("WebEngage", post, settings.dsnUrl, reportToDsn(report), headers);
      },
    },
  };
}
