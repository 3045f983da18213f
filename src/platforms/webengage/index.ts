import type { OutboundMessage } from "../../core/message.ts";
import type { CatalogTemplate, FoundTemplate } from "../../core/template/template.ts";
import type { HttpClient } from "../../lib/http-client.ts";
import { createPost } from "../callback.ts";
import type { PlatformChannel } from "../platform.ts";
import { postDsn } from "./client.ts";
import { isUnread } from "./components.ts";
import { INTAKE_PATH, type SendAnswer, STATUS_CODES } from "./contract.ts";
import { rejected } from "./from-error.ts";
import { isReported, reportToDsn } from "./from-report.ts";
import { checkSend, whatsappToMessage } from "./to-message.ts";

export interface WebEngageDependencies {
  httpClient: HttpClient;
  authenticate: PlatformChannel["intake"]["authenticate"];
  findTemplate(number: string, name: string, language: string): FoundTemplate;
  messageTtlSeconds: number;
}

const ACCEPTED: SendAnswer = { status: "whatsapp_accepted", statusCode: STATUS_CODES.success };

/** WebEngage, as its WhatsApp service provider. It has no contract for what people answer, so there are no replies. */
export function webengageWhatsApp(
  settings: { numbers: readonly string[]; dsnUrl: string; dsnToken: string },
  { httpClient, authenticate, findTemplate, messageTtlSeconds }: WebEngageDependencies,
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
      authenticate,
      toMessage,
      accepted: () => ({ status: 200, body: ACCEPTED }),
      failed: rejected,
    },
    reports: {
      maxBatch: 1,
      wants: isReported,
      async post(reports) {
        for (const report of reports)
          await postDsn(post, settings.dsnUrl, settings.dsnToken, reportToDsn(report));
      },
    },
  };
}
